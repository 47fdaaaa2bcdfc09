package dataset_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // another reader
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/bench/dataset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func spec(left, right int64, seed uint64) dataset.Spec {
	return dataset.Spec{Format: dataset.CSV, LeftRows: left, RightRows: right, Seed: seed}
}

func makeData(t *testing.T, s dataset.Spec) *dataset.Dataset {
	t.Helper()
	d, err := dataset.Make(context.Background(), t.TempDir(), s)
	require.NoError(t, err)
	return d
}

// column reads one column of a file.
func column(t *testing.T, d *dataset.Dataset, f dataset.File, name string) []string {
	t.Helper()
	file, err := os.Open(filepath.Join(d.Dir, f.Name))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	for i, title := range records[0] {
		if title == name {
			values := make([]string, len(records)-1)
			for k, r := range records[1:] {
				values[k] = r[i]
			}
			return values
		}
	}
	t.Fatalf("no column %s in %v", name, records[0])
	return nil
}

// cents reads an amount with two digits after the point.
func cents(t *testing.T, text string) int {
	t.Helper()
	require.Equal(t, len(text)-3, strings.IndexByte(text, '.'), text)
	n, err := strconv.Atoi(strings.Replace(text, ".", "", 1))
	require.NoError(t, err)
	return n
}

func TestExpectedCountsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	for _, s := range []dataset.Spec{spec(1, 0, 1), spec(1, 1, 2), spec(2000, 1999, 3), spec(150_000, 140_000, 4)} {
		d := makeData(t, s)
		amounts := map[string]int{}
		invoiced := column(t, d, d.Left, "amount")
		for i, id := range column(t, d, d.Left, "invoice_id") {
			amounts[id] = cents(t, invoiced[i])
		}
		require.Len(t, amounts, int(s.LeftRows), "invoice ids are unique")
		paid := column(t, d, d.Right, "paid_amount")
		require.Len(t, paid, int(s.RightRows))
		var matched int64
		seen := map[string]bool{}
		for j, ref := range column(t, d, d.Right, "reference_number") {
			require.False(t, seen[ref], "reference %s is paid twice", ref)
			seen[ref] = true
			amount, ok := amounts[ref]
			if diff := amount - cents(t, paid[j]); ok && diff >= -2 && diff <= 2 {
				matched++
			}
		}
		assert.Equal(t, dataset.Counts{Matched: matched, UnmatchedLeft: s.LeftRows - matched, UnmatchedRight: s.RightRows - matched}, d.Expected)
	}
}

func TestEveryKindOfDifferenceOccurs(t *testing.T) {
	t.Parallel()
	d := makeData(t, spec(5000, 4500, 7))
	amounts := map[string]int{}
	invoiced := column(t, d, d.Left, "amount")
	for i, id := range column(t, d, d.Left, "invoice_id") {
		amounts[id] = cents(t, invoiced[i])
	}
	paid := column(t, d, d.Right, "paid_amount")
	kinds := map[string]int{}
	for j, ref := range column(t, d, d.Right, "reference_number") {
		amount, ok := amounts[ref]
		diff := cents(t, paid[j]) - amount
		switch {
		case !ok:
			kinds["orphan"]++
		case diff >= -3 && diff <= 3:
			kinds[strconv.Itoa(diff)]++
		default:
			kinds["other"]++
		}
	}
	for _, kind := range []string{"orphan", "other", "-3", "-2", "-1", "0", "1", "2", "3"} {
		assert.Greater(t, kinds[kind], 50, kind)
	}
}

func TestRowsAreTheSameForTheSameSpec(t *testing.T) {
	sums := func(s dataset.Spec) (sums [2][sha256.Size]byte) {
		d := makeData(t, s)
		for i, f := range []dataset.File{d.Left, d.Right} {
			text, err := os.ReadFile(filepath.Join(d.Dir, f.Name))
			require.NoError(t, err)
			assert.Equal(t, f.Bytes, int64(len(text)))
			sums[i] = sha256.Sum256(text)
		}
		return sums
	}
	want := sums(spec(200_000, 180_000, 1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	assert.Equal(t, want, sums(spec(200_000, 180_000, 1)), "on one thread")
	other := sums(spec(200_000, 180_000, 2))
	assert.NotEqual(t, want[0], other[0], "another seed")
	assert.NotEqual(t, want[1], other[1], "another seed")
}

func TestParquetHoldsTheRowsOfTheCSV(t *testing.T) {
	t.Parallel()
	s := spec(70_000, 66_000, 6)
	text := makeData(t, s)
	s.Format = dataset.Parquet
	columnar := makeData(t, s)
	assert.Equal(t, text.Expected, columnar.Expected)
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, side := range []struct {
		text, columnar dataset.File
		columns        []dataset.Column
	}{{text.Left, columnar.Left, s.InvoiceColumns()}, {text.Right, columnar.Right, s.PaymentColumns()}} {
		var types []string
		for _, c := range side.columns {
			types = append(types, "'"+c.Name+"': '"+c.SQLType+"'")
		}
		a := fmt.Sprintf("SELECT * FROM read_csv('%s', header = true, columns = {%s})", filepath.Join(text.Dir, side.text.Name), strings.Join(types, ", "))
		b := fmt.Sprintf("SELECT * FROM read_parquet('%s')", filepath.Join(columnar.Dir, side.columnar.Name))
		var rows, differ int64
		query := fmt.Sprintf("SELECT (SELECT count(*) FROM (%[2]s)), (SELECT count(*) FROM ((%[1]s) EXCEPT ALL (%[2]s)))", a, b)
		require.NoError(t, db.QueryRow(query).Scan(&rows, &differ))
		assert.Equal(t, side.text.Rows, rows)
		assert.Zero(t, differ)
	}
}

func TestDataIsMadeOnce(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	first, err := dataset.Make(context.Background(), cache, spec(100, 90, 1))
	require.NoError(t, err)
	path := filepath.Join(first.Dir, first.Left.Name)
	require.NoError(t, os.WriteFile(path, []byte("mine\n"), 0o644))
	second, err := dataset.Make(context.Background(), cache, spec(100, 90, 1))
	require.NoError(t, err)
	assert.Equal(t, first, second)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "mine\n", string(text))
}

func TestHalfMadeDataIsRemoved(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := dataset.Make(ctx, cache, spec(1_000_000, 900_000, 1))
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(cache)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestValidateNamesEveryProblem(t *testing.T) {
	t.Parallel()
	err := dataset.Spec{Format: "xls", LeftRows: -1, RightRows: 3}.Validate()
	require.Error(t, err)
	for _, want := range []string{`format "xls"`, "left_rows -1", "right_rows 3"} {
		assert.ErrorContains(t, err, want)
	}
}

func BenchmarkCSV(b *testing.B) {
	for range b.N {
		d, err := dataset.Make(context.Background(), b.TempDir(), spec(500_000, 450_000, 1))
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(d.Left.Bytes + d.Right.Bytes)
	}
}
