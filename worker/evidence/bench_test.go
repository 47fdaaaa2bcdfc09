package evidence_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/evidence"
)

var money = &arrow.Decimal128Type{Precision: 18, Scale: 2}

// invoices is the shape of a usual query's result: keys, their columns, an
// amount and a date.
func invoices(keys ...string) *arrow.Schema {
	var fields []arrow.Field
	for _, k := range keys {
		fields = append(fields, arrow.Field{Name: k, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return arrow.NewSchema(append(fields,
		arrow.Field{Name: "amount", Type: money, Nullable: true},
		arrow.Field{Name: "due", Type: arrow.FixedWidthTypes.Date32, Nullable: true}), nil)
}

// invoiceBatch has its keys twice, as they are keys and columns.
func invoiceBatch(schema *arrow.Schema, first, rows int) arrow.RecordBatch {
	once := onceBatch(arrow.NewSchema(schema.Fields()[schema.NumFields()/2-1:], nil), first, rows)
	defer once.Release()
	columns := once.Columns()
	return array.NewRecordBatch(schema, append(slices.Clone(columns[:len(columns)-2]), columns...), once.NumRows())
}

func onceBatch(schema *arrow.Schema, first, rows int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := first; i < first+rows; i++ {
		scattered := uint32(i) * 2654435761
		for c := range schema.NumFields() {
			switch f := b.Field(c).(type) {
			case *array.StringBuilder:
				f.Append(fmt.Sprintf("INV-%010d", scattered))
			case *array.Decimal128Builder:
				f.Append(decimal128.FromI64(int64(scattered % 5_000_000)))
			case *array.Date32Builder:
				f.Append(arrow.Date32(20000 + scattered%365))
			}
		}
	}
	return b.NewRecordBatch()
}

// BenchmarkMatched writes 10 columns, BenchmarkUnmatched 7; one operation is
// 491,520 rows in batches of 8192.
func BenchmarkMatched(b *testing.B) {
	benchmarkFile(b, invoices("left_key", "right_key", "invoice_id", "payment_id"), func(set *evidence.Set, s *arrow.Schema) (*evidence.File, error) {
		return set.Matched(context.Background(), s)
	})
}

func BenchmarkUnmatched(b *testing.B) {
	benchmarkFile(b, invoices("record_key", "invoice_id"), func(set *evidence.Set, s *arrow.Schema) (*evidence.File, error) {
		return set.Unmatched(context.Background(), evidence.Left, s)
	})
}

func benchmarkFile(b *testing.B, schema *arrow.Schema, start func(*evidence.Set, *arrow.Schema) (*evidence.File, error)) {
	const batchRows, batches = 8192, 60
	recs := make([]arrow.RecordBatch, batches)
	for i := range recs {
		recs[i] = invoiceBatch(schema, i*batchRows, batchRows)
		defer recs[i].Release()
	}
	for _, codec := range []evidence.Compression{evidence.Snappy, evidence.LZ4, evidence.Zstd, evidence.Uncompressed} {
		b.Run(string(codec), func(b *testing.B) {
			var size int64
			for b.Loop() {
				dir := b.TempDir()
				cfg := config(dir, nil)
				cfg.Compression = codec
				set := create(b, cfg)
				f, err := start(set, schema)
				require.NoError(b, err)
				for _, rec := range recs {
					require.NoError(b, f.Write(context.Background(), rec))
				}
				require.NoError(b, f.Close(context.Background()))
				size = sizeOfParts(b, dir)
				require.NoError(b, set.Abort())
			}
			rows := float64(b.N) * batchRows * batches
			b.ReportMetric(rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(float64(size)/(batchRows*batches), "B/row")
		})
	}
}

func sizeOfParts(b *testing.B, dir string) (size int64) {
	parts, err := filepath.Glob(filepath.Join(dir, ".*matched*"))
	require.NoError(b, err)
	for _, p := range parts {
		fi, err := os.Stat(p)
		require.NoError(b, err)
		size += fi.Size()
	}
	return size
}
