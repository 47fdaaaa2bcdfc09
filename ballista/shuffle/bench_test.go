package shuffle_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"kallad/ballista/shuffle"
)

// invoices is what a join over payments would shuffle.
var invoices = arrow.NewSchema([]arrow.Field{
	{Name: "partition", Type: arrow.PrimitiveTypes.Int32},
	{Name: "id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "reference", Type: arrow.BinaryTypes.String},
	{Name: "amount", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}},
	{Name: "day", Type: arrow.FixedWidthTypes.Date32},
	{Name: "customer", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "rate", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
}, nil)

const (
	benchBatches = 64
	benchRows    = 16384
)

// invoiceBatches are about 70 MB of rows.
func invoiceBatches(partitions int) (batches []arrow.RecordBatch, size int64) {
	r := rand.New(rand.NewPCG(1, 2))
	b := array.NewRecordBuilder(memory.DefaultAllocator, invoices)
	defer b.Release()
	for batch := range benchBatches {
		for i := range benchRows {
			n := batch*benchRows + i
			b.Field(0).(*array.Int32Builder).Append(int32(r.IntN(partitions)))
			b.Field(1).(*array.Int64Builder).Append(int64(n))
			b.Field(2).(*array.StringBuilder).Append(fmt.Sprintf("INV-%010d", n))
			b.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(r.Int64N(1e8)))
			b.Field(4).(*array.Date32Builder).Append(arrow.Date32(r.IntN(20000)))
			if r.IntN(20) == 0 {
				b.Field(5).AppendNull()
				b.Field(6).AppendNull()
				continue
			}
			b.Field(5).(*array.StringBuilder).Append(fmt.Sprintf("customer %d", r.IntN(1e6)))
			b.Field(6).(*array.Float64Builder).Append(r.Float64())
		}
		batches = append(batches, b.NewRecordBatch())
	}
	for _, batch := range batches {
		size += buffersOf(batch, 1, func([]byte) {})
	}
	return batches, size
}

// buffersOf visits the bytes of a batch, and returns how many there are.
func buffersOf(batch arrow.RecordBatch, from int, visit func([]byte)) (n int64) {
	for _, c := range batch.Columns()[from:] {
		for _, b := range c.Data().Buffers() {
			if b != nil {
				visit(b.Bytes())
				n += int64(b.Len())
			}
		}
	}
	return n
}

// perCore reports the throughput over the processor time that was used, which
// other work on the machine does not change much.
func perCore(b *testing.B, size int64) func() {
	b.SetBytes(size)
	used := func() time.Duration {
		var u unix.Rusage
		require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	b.ResetTimer()
	start := used()
	return func() {
		b.StopTimer()
		b.ReportMetric(float64(size)*float64(b.N)/1e6/(used()-start).Seconds(), "MB/s/core")
	}
}

// BenchmarkCopy is what it costs to copy the batches, to compare with.
func BenchmarkCopy(b *testing.B) {
	batches, size := invoiceBatches(8)
	dst := make([]byte, size)
	clear(dst)
	defer perCore(b, size)()
	for b.Loop() {
		at := 0
		for _, batch := range batches {
			buffersOf(batch, 1, func(p []byte) { at += copy(dst[at:], p) })
		}
	}
}

// BenchmarkArrowWriter is Arrow's own writer, into memory that is there, as it
// is and compressed.
func BenchmarkArrowWriter(b *testing.B) {
	for name, options := range map[string][]ipc.Option{"plain": nil, "lz4": {ipc.WithLZ4()}} {
		b.Run(name, func(b *testing.B) {
			batches, size := invoiceBatches(8)
			dst := &sink{make([]byte, 0, size+1<<20)}
			clear(dst.b[:cap(dst.b)])
			defer perCore(b, size)()
			for b.Loop() {
				dst.b = dst.b[:0]
				w := ipc.NewWriter(dst, append(options, ipc.WithSchema(invoices))...)
				for _, batch := range batches {
					require.NoError(b, w.Write(batch))
				}
				require.NoError(b, w.Close())
			}
			b.ReportMetric(float64(len(dst.b))/float64(size), "size")
		})
	}
}

// BenchmarkArrowReader is Arrow's own reader of the same.
func BenchmarkArrowReader(b *testing.B) {
	for name, options := range map[string][]ipc.Option{"plain": nil, "lz4": {ipc.WithLZ4()}} {
		b.Run(name, func(b *testing.B) {
			batches, size := invoiceBatches(8)
			dst := &sink{}
			w := ipc.NewWriter(dst, append(options, ipc.WithSchema(invoices))...)
			for _, batch := range batches {
				require.NoError(b, w.Write(batch))
			}
			require.NoError(b, w.Close())
			defer perCore(b, size)()
			for b.Loop() {
				r, err := ipc.NewReader(bytes.NewReader(dst.b))
				require.NoError(b, err)
				for r.Next() {
					require.Positive(b, r.RecordBatch().NumRows())
				}
				require.NoError(b, r.Err())
				r.Release()
			}
		})
	}
}

type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

func writeInvoices(b *testing.B, s *shuffle.Store, k shuffle.Key, batches []arrow.RecordBatch, partitions int) {
	schema := invoices
	w, err := s.Writer(k, schema, partitions)
	require.NoError(b, err)
	defer w.Abort()
	for _, batch := range batches {
		require.NoError(b, w.Write(b.Context(), batch))
	}
	_, err = w.Commit(b.Context())
	require.NoError(b, err)
}

func BenchmarkWrite(b *testing.B) {
	for _, medium := range []struct {
		name   string
		memory int64
	}{{"memory", 1 << 30}, {"disk", -1}} {
		for _, partitions := range []int{1, 2, 8, 64, 512} {
			b.Run(fmt.Sprintf("%s/%d", medium.name, partitions), func(b *testing.B) {
				batches, size := invoiceBatches(partitions)
				s := newStore(b, shuffle.Config{MemoryLimit: medium.memory})
				defer perCore(b, size)()
				for b.Loop() {
					writeInvoices(b, s, key, batches, partitions)
					require.NoError(b, s.RemoveJob(key.Job))
				}
			})
		}
	}
}

// BenchmarkRead reads pieces and touches nothing of them, as nothing of them
// is copied.
func BenchmarkRead(b *testing.B) {
	for _, medium := range []struct {
		name   string
		memory int64
	}{{"memory", 1 << 30}, {"disk", -1}} {
		for _, from := range []string{"local", "flight"} {
			for _, partitions := range []int{1, 8, 512} {
				b.Run(fmt.Sprintf("%s/%s/%d", medium.name, from, partitions), func(b *testing.B) {
					batches, size := invoiceBatches(partitions)
					s := newStore(b, shuffle.Config{MemoryLimit: medium.memory})
					writeInvoices(b, s, key, batches, partitions)
					c := newClient(b, shuffle.ClientConfig{}, newStore(b, shuffle.Config{}))
					address := serve(b, s, shuffle.ServerConfig{})
					defer perCore(b, size)()
					for b.Loop() {
						for p := range partitions {
							k := key
							k.Partition = p
							r, err := s.Open(b.Context(), k)
							if from == "flight" {
								r, err = c.Open(b.Context(), address, "other", k)
							}
							require.NoError(b, err)
							readAll(b, r)
						}
					}
				})
			}
		}
	}
}

func readAll(b *testing.B, r shuffle.Reader) {
	got, err := r.Next(b.Context())
	for ; err == nil; got, err = r.Next(b.Context()) {
		got.Release()
	}
	require.ErrorContains(b, err, "EOF")
	require.NoError(b, r.Close())
}
