package evidence_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// counting counts the bytes that are read of its objects.
type counting struct {
	blob.Store
	mu   sync.Mutex
	read int64
}

func (c *counting) Open(ctx context.Context, uri string) (blob.Object, error) {
	o, err := c.Store.Open(ctx, uri)
	return &countedObject{o, c}, err
}

type countedObject struct {
	blob.Object
	by *counting
}

func (o *countedObject) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	n, err := o.Object.ReadAt(ctx, p, offset)
	o.by.mu.Lock()
	o.by.read += int64(n)
	o.by.mu.Unlock()
	return n, err
}

// unmatched writes rows into the left unmatched file of a new folder and
// returns its path.
func unmatched(t *testing.T, schema *arrow.Schema, batches ...arrow.RecordBatch) string {
	t.Helper()
	dir := t.TempDir()
	set := create(t, config(dir, memory.DefaultAllocator))
	matched, err := set.Matched(t.Context(), textSchema("left_key", "right_key"))
	require.NoError(t, err)
	require.NoError(t, matched.Close(t.Context()))
	left, err := set.Unmatched(t.Context(), evidence.Left, schema)
	require.NoError(t, err)
	writeAll(t, left, batches...)
	closeEmpty(t, set, evidence.Right)
	require.NoError(t, set.Publish(t.Context(), counts(0, left.Rows(), 0)))
	return filepath.Join(dir, evidence.UnmatchedLeftFile)
}

func local() *counting { return &counting{Store: blob.NewLocal(blob.LocalConfig{})} }

// texts are the rows of some columns, nulls as "NULL".
func texts(rows *recon.EvidenceRows, names ...string) [][]string {
	var out [][]string
	for _, row := range rows.Rows {
		var line []string
		for _, name := range names {
			for c, col := range rows.Columns {
				switch {
				case col.Name != name:
				case row[c] == nil:
					line = append(line, "NULL")
				default:
					line = append(line, *row[c])
				}
			}
		}
		out = append(out, line)
	}
	return out
}

func TestReadRowsShowsValuesAsTheyAre(t *testing.T) {
	t.Parallel()
	fields := []arrow.Field{
		{Name: "record_key", Type: arrow.BinaryTypes.String},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 38, Scale: 10}, Nullable: true},
		{Name: "small", Type: &arrow.Decimal128Type{Precision: 9, Scale: 2}, Nullable: true},
		{Name: "ratio", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "big", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
		{Name: "tz", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true},
		{Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "list", Type: arrow.ListOf(&arrow.Decimal128Type{Precision: 9, Scale: 2}), Nullable: true},
		{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
	}
	schema := arrow.NewSchema(fields, nil)
	path := unmatched(t, schema, fromJSON(t, memory.DefaultAllocator, schema, `[
		{"record_key": "007", "amount": "1234567890123456789012345678.0000000001", "small": "100.00", "ratio": 0.1, "big": 9223372036854775807,
		 "ok": true, "day": "2024-02-29", "at": "2024-02-29 23:59:59.000001", "tz": "2024-02-29 23:59:59Z", "raw": "3q2+7w==",
		 "list": ["1.50", null], "note": "<b>\"x\"</b>\n\u00e9"},
		{"record_key": "-0", "amount": "-0.0000000001", "small": "-0.05"}
	]`))
	rows, err := evidence.ReadRows(t.Context(), local(), path, 50)
	require.NoError(t, err)
	assert.EqualValues(t, 2, rows.TotalRows)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	assert.Equal(t, [][]string{
		{"007", "1234567890123456789012345678.0000000001", "100.00", "0.1", "9223372036854775807", "true", "2024-02-29",
			"2024-02-29 23:59:59.000001", "2024-02-29 23:59:59Z", `\xdeadbeef`, "[1.50, null]", "<b>\"x\"</b>\né"},
		{"-0", "-0.0000000001", "-0.05", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"},
	}, texts(rows, names...))
	assert.Contains(t, rows.Columns, recon.ColumnLabel{Name: "amount", Type: "decimal(38,10)"})
	assert.Equal(t, "record_key", rows.Columns[0].Name)
}

func TestReadRowsReadsLittleOfALargeFile(t *testing.T) {
	t.Parallel()
	schema := textSchema("record_key", "note")
	var batches []arrow.RecordBatch
	for b := range 200 {
		var rows []string
		for i := range 1000 {
			rows = append(rows, fmt.Sprintf(`{"record_key": "%d", "note": "%x"}`, b*1000+i, sha256.Sum256([]byte{byte(b), byte(i), byte(i >> 8)})))
		}
		batches = append(batches, fromJSON(t, memory.DefaultAllocator, schema, "["+strings.Join(rows, ",")+"]"))
	}
	path := unmatched(t, schema, batches...)
	store := local()
	info, err := store.Stat(t.Context(), path)
	require.NoError(t, err)
	rows, err := evidence.ReadRows(t.Context(), store, path, 7)
	require.NoError(t, err)
	assert.Len(t, rows.Rows, 7)
	assert.EqualValues(t, 200_000, rows.TotalRows)
	assert.Less(t, store.read, info.Size/10)
}

func TestReadRowsIsBounded(t *testing.T) {
	t.Parallel()
	schema := textSchema("record_key", "note")
	long := strings.Repeat("é", 20000)
	path := unmatched(t, schema, fromJSON(t, memory.DefaultAllocator, schema,
		"["+strings.TrimSuffix(strings.Repeat(`{"record_key": "k", "note": "`+long+`"},`, 400), ",")+"]"))
	rows, err := evidence.ReadRows(t.Context(), local(), path, 1000)
	require.NoError(t, err)
	assert.True(t, rows.Shortened)
	assert.Less(t, len(rows.Rows), 300)
	assert.Equal(t, strings.Repeat("é", 8192)+"…", texts(rows, "note")[0][0], "no half characters")
}

func TestReadRowsSaysWhatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := evidence.ReadRows(t.Context(), local(), filepath.Join(dir, "matched.parquet"), 5)
	assert.True(t, recon.IsInput(err), "%v", err)
	confined := blob.NewLocal(blob.LocalConfig{ReadRoots: []string{filepath.Join(dir, "allowed")}})
	_, err = evidence.ReadRows(t.Context(), confined, filepath.Join(dir, "matched.parquet"), 5)
	assert.ErrorIs(t, err, blob.ErrOutsideRoots)
}
