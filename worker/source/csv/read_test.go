package csv_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// null is how tests write a null.
const null = "<null>"

// table is a source read as texts.
type table struct {
	names []string
	types []string
	rows  [][]string
	notes []string
	// estimate is Description.Rows.
	estimate int64
}

// readTable reads a source in want partitions.
func readTable(store blob.Store, cfg csv.Config, uri string, want int) (*table, error) {
	ctx := context.Background()
	src, err := csv.New(store, cfg).Open(ctx, recon.URI(uri))
	if err != nil {
		return nil, err
	}
	defer src.Close()
	d, err := src.Describe(ctx)
	if err != nil {
		return nil, err
	}
	out := &table{notes: d.Notes, estimate: d.Rows}
	for _, f := range d.Schema.Fields() {
		out.names = append(out.names, f.Name)
		out.types = append(out.types, f.Type.String())
	}
	scan := source.Scan{Columns: out.names, BatchRows: 100}
	parts, err := src.Split(ctx, scan, want)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if err := readPart(ctx, src, scan, p, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readPart(ctx context.Context, src source.Source, scan source.Scan, p source.Partition, out *table) (err error) {
	batches, err := src.Read(ctx, scan, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, batches.Close()) }()
	for {
		batch, err := batches.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range int(batch.NumRows()) {
			row := make([]string, batch.NumCols())
			for c := range row {
				row[c] = cellText(batch.Column(c), i)
			}
			out.rows = append(out.rows, row)
		}
		batch.Release()
	}
}

func cellText(col arrow.Array, i int) string {
	if col.IsNull(i) {
		return null
	}
	switch col := col.(type) {
	case *array.Decimal128:
		return col.Value(i).ToString(col.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Timestamp:
		text := col.Value(i).ToTime(arrow.Microsecond).Format("2006-01-02 15:04:05.999999")
		if col.DataType().(*arrow.TimestampType).TimeZone != "" {
			text += "Z"
		}
		return text
	default:
		return col.ValueStr(i)
	}
}

// readText reads one file's content from memory, and checks that every buffer
// was given back.
func readText(t testing.TB, content, params string, cfg csv.Config, want int) (*table, error) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	cfg.Allocator = mem
	store := newMemoryStore(map[string][]byte{"f.csv": []byte(content)})
	return readTable(store, cfg, "f.csv?"+params, want)
}

// mustRead is readText for what has to work.
func mustRead(t testing.TB, content, params string) *table {
	t.Helper()
	got, err := readText(t, content, params, csv.Config{}, 1)
	require.NoError(t, err)
	return got
}
