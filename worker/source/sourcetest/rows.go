package sourcetest

import (
	"context"
	"errors"
	"io"
	"sort"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// null is how the suite writes a null in a row's text; no value of the table
// contains it.
const null = "\x00null"

// columnNames returns the names of Schema's columns.
func columnNames() []string {
	var names []string
	for _, f := range Schema().Fields() {
		names = append(names, f.Name)
	}
	return names
}

// render returns the named columns of a batch as one text per row.
func render(batch arrow.RecordBatch) []string {
	lines := make([]string, batch.NumRows())
	for i := range lines {
		cells := make([]string, batch.NumCols())
		for c := range cells {
			cells[c] = cell(batch.Column(c), i)
		}
		lines[i] = strings.Join(cells, "\x01")
	}
	return lines
}

func cell(col arrow.Array, i int) string {
	if col.IsNull(i) {
		return null
	}
	switch col := col.(type) {
	case *array.Decimal128:
		return col.Value(i).ToString(col.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Timestamp:
		unit := col.DataType().(*arrow.TimestampType).Unit
		return col.Value(i).ToTime(unit).Format("2006-01-02 15:04:05.000000")
	default:
		return col.ValueStr(i)
	}
}

// expected returns the named columns of the rows for which keep holds, as
// render would.
func expected(rows []row, columns []string, keep func(row) bool) []string {
	var kept []row
	for _, r := range rows {
		if keep == nil || keep(r) {
			kept = append(kept, r)
		}
	}
	all := newBatch(kept)
	defer all.Release()
	arrays := make([]arrow.Array, len(columns))
	fields := make([]arrow.Field, len(columns))
	for i, name := range columns {
		at := all.Schema().FieldIndices(name)[0]
		arrays[i], fields[i] = all.Column(at), all.Schema().Field(at)
	}
	part := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, all.NumRows())
	defer part.Release()
	return render(part)
}

// readAll reads the partitions one after the other and returns all rows, and
// how many there were: with no columns only the count says something.
func readAll(t *testing.T, src source.Source, scan source.Scan, parts []source.Partition) ([]string, int64) {
	t.Helper()
	var lines []string
	var n int64
	for _, p := range parts {
		got, rows, err := readPartition(src, scan, p)
		require.NoError(t, err, "partition %d", p.Index)
		lines = append(lines, got...)
		n += rows
	}
	return lines, n
}

func readPartition(src source.Source, scan source.Scan, p source.Partition) (lines []string, n int64, err error) {
	ctx := context.Background()
	batches, err := src.Read(ctx, scan, p)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, batches.Close()) }()
	for {
		batch, err := batches.Next(ctx)
		if errors.Is(err, io.EOF) {
			return lines, n, nil
		}
		if err != nil {
			return lines, n, err
		}
		if err := checkShape(batch, scan); err != nil {
			batch.Release()
			return lines, n, err
		}
		lines = append(lines, render(batch)...)
		n += batch.NumRows()
		batch.Release()
	}
}

// checkShape holds a batch against the scan that it answers.
func checkShape(batch arrow.RecordBatch, scan source.Scan) error {
	if batch.NumRows() > int64(scan.Rows()) {
		return errors.New("batch has more rows than the scan allows")
	}
	var names []string
	for _, f := range batch.Schema().Fields() {
		names = append(names, f.Name)
	}
	if strings.Join(names, "\x01") != strings.Join(scan.Columns, "\x01") {
		return errors.New("batch has the columns " + strings.Join(names, ", ") + ", not those of the scan")
	}
	return nil
}

// requireSameRows compares two sets of rows whatever their order.
func requireSameRows(t *testing.T, want, got []string) {
	t.Helper()
	want, got = append([]string{}, want...), append([]string{}, got...)
	sort.Strings(want)
	sort.Strings(got)
	require.Equal(t, want, got)
}
