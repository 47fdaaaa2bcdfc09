package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

const (
	benchPartitions = 4
	benchBatches    = 16
	benchRows       = 16384
)

var paymentSchema = arrow.NewSchema([]arrow.Field{
	{Name: "payment_id", Type: arrow.BinaryTypes.String},
	{Name: "reference_number", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "paid_amount", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}},
	{Name: "n", Type: arrow.PrimitiveTypes.Int64},
}, nil)

// paymentBatch is one batch, the first of whose payments has the given number,
// and how many bytes it has.
func paymentBatch(first int) (arrow.RecordBatch, int64) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, paymentSchema)
	defer b.Release()
	for i := first; i < first+benchRows; i++ {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("PAY-%09d", i))
		if i%50 == 0 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("INV-%09d", i*7))
		}
		b.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(i) * 101))
		b.Field(3).(*array.Int64Builder).Append(int64(i))
	}
	batch := b.NewRecordBatch()
	var size int64
	for _, c := range batch.Columns() {
		for _, buffer := range c.Data().Buffers() {
			if buffer != nil {
				size += int64(buffer.Len())
			}
		}
	}
	return batch, size
}

// repeated hands out one batch several times.
type repeated struct {
	batch arrow.RecordBatch
	left  int
}

func (r *repeated) Next(context.Context) (arrow.RecordBatch, error) {
	if r.left == 0 {
		return nil, io.EOF
	}
	r.left--
	r.batch.Retain()
	return r.batch, nil
}

func (r *repeated) Close() error { return nil }

func payments(batch arrow.RecordBatch) engine.Input {
	return engine.Input{Schema: paymentSchema, Partitions: benchPartitions, Open: func(context.Context, int) (engine.Batches, error) {
		return &repeated{batch: batch, left: benchBatches}, nil
	}}
}

func benchSession(b *testing.B) *engine.Session {
	b.Helper()
	s, err := engine.Open(engine.Config{Threads: 2, TempDir: b.TempDir()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// BenchmarkCreateTable is what it takes to get batches into a table, and to
// find out that a key is distinct.
func BenchmarkCreateTable(b *testing.B) {
	s := benchSession(b)
	var batches []arrow.RecordBatch
	var total int64
	for i := range benchPartitions * benchBatches {
		batch, size := paymentBatch(i * benchRows)
		batches, total = append(batches, batch), total+size
	}
	for name, keys := range map[string][]string{"plain": nil, "distinct": {"payment_id"}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(total)
			for b.Loop() {
				in := engine.Input{Schema: paymentSchema, Partitions: benchPartitions, Distinct: engine.NewDistinct(keys...)}
				in.Open = func(_ context.Context, i int) (engine.Batches, error) {
					return &slice{batches: batches[i*benchBatches : (i+1)*benchBatches]}, nil
				}
				rows, err := s.CreateTable(b.Context(), "payments", in)
				require.NoError(b, err)
				require.EqualValues(b, benchRows*benchBatches*benchPartitions, rows)
				require.Equal(b, keys != nil, in.Distinct.Proven())
				require.NoError(b, s.Exec(b.Context(), "DROP TABLE payments"))
			}
		})
	}
}

// BenchmarkQuery is what it takes to get a table out as batches: as it is, and
// with the number of a partition for each row, as a shuffle needs it.
func BenchmarkQuery(b *testing.B) {
	s := benchSession(b)
	batch, size := paymentBatch(0)
	_, err := s.CreateTable(b.Context(), "payments", payments(batch))
	require.NoError(b, err)
	for name, sql := range map[string]string{
		"plain":       "SELECT * FROM payments",
		"partitioned": "SELECT CAST(hash(hash(reference_number)) % 16 AS INTEGER) AS p, * FROM payments",
		"hash alone":  "SELECT bit_xor(hash(hash(reference_number)) % 16) FROM payments",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size * benchBatches * benchPartitions)
			for b.Loop() {
				rows, err := s.Query(b.Context(), sql)
				require.NoError(b, err)
				for {
					out, err := rows.Next(b.Context())
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(b, err)
					out.Release()
				}
				require.NoError(b, rows.Close())
			}
		})
	}
}
