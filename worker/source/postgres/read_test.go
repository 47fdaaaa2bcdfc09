package postgres_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres"
)

// open opens a source whose batches must all be released by the test's end.
// Any page can make a partition.
func open(t testing.TB, uri string) source.Source {
	t.Helper()
	return openWith(t, uri, postgres.Config{PartitionPages: 1})
}

func openWith(t testing.TB, uri string, cfg postgres.Config) source.Source {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	cfg.Allocator = mem
	src, err := postgres.New(cfg).Open(context.Background(), recon.URI(uri))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

func describe(t testing.TB, src source.Source) *source.Description {
	t.Helper()
	d, err := src.Describe(context.Background())
	require.NoError(t, err)
	return d
}

// split asks for partitions and wants exactly that many.
func split(t testing.TB, src source.Source, scan source.Scan, want int) []source.Partition {
	t.Helper()
	parts, err := src.Split(context.Background(), scan, want)
	require.NoError(t, err)
	require.Len(t, parts, want)
	return parts
}

// readAll reads all columns of a table in one piece; each row is its values'
// texts, joined by a bar.
func readAll(t testing.TB, uri string) []string {
	t.Helper()
	rows, err := readErr(t, open(t, uri))
	require.NoError(t, err)
	return rows
}

// readErr is readAll of an opened source up to its first error.
func readErr(t testing.TB, src source.Source) ([]string, error) {
	t.Helper()
	d, err := src.Describe(context.Background())
	if err != nil {
		return nil, err
	}
	scan := source.Scan{}
	for _, f := range d.Schema.Fields() {
		scan.Columns = append(scan.Columns, f.Name)
	}
	parts, err := src.Split(context.Background(), scan, 1)
	if err != nil {
		return nil, err
	}
	return readPart(src, scan, parts[0])
}

func readPart(src source.Source, scan source.Scan, p source.Partition) (rows []string, err error) {
	err = forEachBatch(src, scan, p, func(batch arrow.RecordBatch) {
		for i := range int(batch.NumRows()) {
			values := make([]string, batch.NumCols())
			for c := range values {
				values[c] = textOf(batch.Column(c), i)
			}
			rows = append(rows, strings.Join(values, "|"))
		}
	})
	return rows, err
}

// forEachBatch reads a partition to its end and releases its batches.
func forEachBatch(src source.Source, scan source.Scan, p source.Partition, see func(arrow.RecordBatch)) (err error) {
	ctx := context.Background()
	batches, err := src.Read(ctx, scan, p)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := batches.Close(); err == nil {
			err = closeErr
		}
	}()
	for {
		batch, err := batches.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		see(batch)
		batch.Release()
	}
}

// textOf writes a value: decimals with all digits of their scale, days and
// microseconds since 1970 as numbers, all else as Arrow does.
func textOf(column arrow.Array, i int) string {
	if column.IsNull(i) {
		return "(null)"
	}
	switch c := column.(type) {
	case *array.Decimal128:
		return c.Value(i).ToString(c.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Date32:
		return fmt.Sprint(int32(c.Value(i)))
	case *array.Timestamp:
		return fmt.Sprint(int64(c.Value(i)))
	}
	return column.ValueStr(i)
}

// readSplit reads a scan in the given number of partitions.
func readSplit(t testing.TB, src source.Source, scan source.Scan, parts int) []string {
	t.Helper()
	var all []string
	for _, p := range split(t, src, scan, parts) {
		rows, err := readPart(src, scan, p)
		require.NoError(t, err)
		all = append(all, rows...)
	}
	return all
}

// types returns the described columns as "name type" lines.
func types(d *source.Description) []string {
	var lines []string
	for _, f := range d.Schema.Fields() {
		lines = append(lines, fmt.Sprintf("%s %s", f.Name, f.Type))
	}
	return lines
}

// requireInput wants an error that the caller can mend and that says all of
// the texts, and none of the test's password in any form.
func requireInput(t testing.TB, err error, texts ...string) {
	t.Helper()
	require.Error(t, err)
	require.True(t, recon.IsInput(err), "want an input error, got %v", err)
	requireNoSecret(t, err)
	for _, text := range texts {
		require.ErrorContains(t, err, text)
	}
}

// batchSizes reads one column and returns the batches' numbers of rows.
func batchSizes(t testing.TB, src source.Source, column string) (sizes []int64) {
	t.Helper()
	scan := source.Scan{Columns: []string{column}}
	require.NoError(t, forEachBatch(src, scan, split(t, src, scan, 1)[0], func(batch arrow.RecordBatch) {
		sizes = append(sizes, batch.NumRows())
	}))
	return sizes
}

func write(t testing.TB, path string, mode os.FileMode, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
}
