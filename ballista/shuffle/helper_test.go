package shuffle_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"kallad/ballista/shuffle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newStore(t testing.TB, cfg shuffle.Config) *shuffle.Store {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	s, err := shuffle.NewStore(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// serve serves a store on a free port of this machine.
func serve(t testing.TB, s *shuffle.Store, cfg shuffle.ServerConfig, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(append(options, shuffle.ServerOptions()...)...)
	flight.RegisterFlightServiceServer(server, shuffle.NewServer(s, cfg))
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-done)
	})
	return listener.Addr().String()
}

func newClient(t testing.TB, cfg shuffle.ClientConfig, local *shuffle.Store) *shuffle.Client {
	t.Helper()
	cfg.DialOptions = append(cfg.DialOptions, insecureOption)
	c := shuffle.NewClient(cfg, "self", local)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// drain reads a piece to its end. The batches are the caller's to release.
func drain(ctx context.Context, r shuffle.Reader) ([]arrow.RecordBatch, error) {
	var batches []arrow.RecordBatch
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return batches, nil
		}
		if err != nil {
			release(batches)
			return nil, err
		}
		batches = append(batches, b)
	}
}

func release(batches []arrow.RecordBatch) {
	for _, b := range batches {
		b.Release()
	}
}

// requireEmpty says that a store keeps nothing, or will not once what it has
// just sent is on its way.
func requireEmpty(t testing.TB, s *shuffle.Store) {
	t.Helper()
	require.Eventually(t, func() bool {
		memory, disk := s.Usage()
		return memory == 0 && disk == 0
	}, 5*time.Second, time.Millisecond)
}

// row is a row of a batch.
type row struct {
	batch arrow.RecordBatch
	at    int
}

func rowsOf(batches []arrow.RecordBatch) []row {
	var rows []row
	for _, b := range batches {
		for i := range int(b.NumRows()) {
			rows = append(rows, row{b, i})
		}
	}
	return rows
}

// requireRows says that the rows are the same, in the same order. skip is the
// number of columns that only the wanted rows have.
func requireRows(t testing.TB, want, got []row, skip int) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		w, g := want[i].batch, got[i].batch
		require.Equal(t, w.NumCols()-int64(skip), g.NumCols())
		for c := range int(g.NumCols()) {
			a, b := w.Column(c+skip), g.Column(c)
			if !array.SliceEqual(a, int64(want[i].at), int64(want[i].at+1), b, int64(got[i].at), int64(got[i].at+1)) {
				require.Failf(t, "rows differ", "row %d, column %d (%s): want %s, got %s",
					i, c, a.DataType(), a.ValueStr(want[i].at), b.ValueStr(got[i].at))
			}
		}
	}
}

// partitioned returns the rows of each partition, which the first column
// says.
func partitioned(batches []arrow.RecordBatch, partitions int) [][]row {
	out := make([][]row, partitions)
	for _, r := range rowsOf(batches) {
		p := r.batch.Column(0).(*array.Int32).Value(r.at)
		out[p] = append(out[p], r)
	}
	return out
}

// plainTypes are those that come out of queries, and some that don't.
var plainTypes = []arrow.DataType{
	arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
	arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
	arrow.FixedWidthTypes.Boolean, arrow.BinaryTypes.String, arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeString,
	arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Time64us,
	&arrow.TimestampType{Unit: arrow.Microsecond}, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	arrow.FixedWidthTypes.MonthDayNanoInterval, extensions.NewUUIDType(), arrow.Null,
	&arrow.Decimal128Type{Precision: 38, Scale: 7}, &arrow.Decimal256Type{Precision: 60, Scale: 3},
	&arrow.FixedSizeBinaryType{ByteWidth: 3},
}

func randomType(r *rand.Rand, depth int) arrow.DataType {
	if depth == 0 || r.IntN(4) > 0 {
		return plainTypes[r.IntN(len(plainTypes))]
	}
	switch r.IntN(5) {
	case 0:
		return arrow.ListOf(randomType(r, depth-1))
	case 1:
		return arrow.MapOf(arrow.BinaryTypes.String, randomType(r, depth-1))
	case 2:
		return arrow.LargeListOf(randomType(r, depth-1))
	case 3:
		return arrow.FixedSizeListOf(int32(1+r.IntN(3)), randomType(r, depth-1))
	}
	var fields []arrow.Field
	for i := range r.IntN(4) {
		fields = append(fields, arrow.Field{Name: fmt.Sprint("f", i), Type: randomType(r, depth-1), Nullable: true})
	}
	return arrow.StructOf(fields...)
}

func randomSchema(r *rand.Rand, columns, depth int) *arrow.Schema {
	var fields []arrow.Field
	for i := range columns {
		fields = append(fields, arrow.Field{Name: fmt.Sprint("c", i), Type: randomType(r, depth), Nullable: true})
	}
	return arrow.NewSchema(fields, nil)
}

// routedSchema puts the partition in front.
func routedSchema(s *arrow.Schema) *arrow.Schema {
	fields := append([]arrow.Field{{Name: "partition", Type: arrow.PrimitiveTypes.Int32}}, s.Fields()...)
	return arrow.NewSchema(fields, nil)
}

// randomBatch makes rows of a schema; with more than one partition its first
// column says where they go.
func randomBatch(r *rand.Rand, mem memory.Allocator, schema *arrow.Schema, rows, partitions int) arrow.RecordBatch {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	nulls := [...]float64{0, 0.1, 0.9}[r.IntN(3)]
	for i, f := range schema.Fields() {
		for range rows {
			if i == 0 && partitions > 1 {
				b.Field(0).(*array.Int32Builder).Append(int32(r.IntN(partitions)))
				continue
			}
			randomValue(r, b.Field(i), f.Type, nulls)
		}
	}
	return b.NewRecordBatch()
}

func randomValue(r *rand.Rand, b array.Builder, typ arrow.DataType, nulls float64) {
	if r.Float64() < nulls {
		b.AppendNull()
		return
	}
	text := func() string {
		out := make([]byte, r.IntN(30))
		for i := range out {
			out[i] = byte('a' + r.IntN(26))
		}
		return string(out)
	}
	switch b := b.(type) {
	case *array.NullBuilder:
		b.AppendNull()
	case *array.Int8Builder:
		b.Append(int8(r.Int64()))
	case *array.Int16Builder:
		b.Append(int16(r.Int64()))
	case *array.Int32Builder:
		b.Append(int32(r.Int64()))
	case *array.Int64Builder:
		b.Append(r.Int64())
	case *array.Uint64Builder:
		b.Append(r.Uint64())
	case *array.Float32Builder:
		b.Append(float32(r.NormFloat64()))
	case *array.Float64Builder:
		b.Append(r.NormFloat64())
	case *array.BooleanBuilder:
		b.Append(r.IntN(2) == 0)
	case *array.StringBuilder:
		b.Append(text())
	case *array.LargeStringBuilder:
		b.Append(text())
	case *array.BinaryBuilder:
		b.Append([]byte(text()))
	case *array.Date32Builder:
		b.Append(arrow.Date32(r.Int32()))
	case *array.Time64Builder:
		b.Append(arrow.Time64(r.Int64()))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(r.Int64()))
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(arrow.MonthDayNanoInterval{Months: r.Int32(), Days: r.Int32(), Nanoseconds: r.Int64()})
	case *array.Decimal128Builder:
		b.Append(decimal128.New(r.Int64(), r.Uint64()))
	case *array.Decimal256Builder:
		b.Append(decimal256.New(r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()))
	case *array.FixedSizeBinaryBuilder:
		b.Append([]byte{byte(r.Int64()), byte(r.Int64()), byte(r.Int64())})
	case *extensions.UUIDBuilder:
		var id [16]byte
		for i := range id {
			id[i] = byte(r.Int64())
		}
		b.AppendBytes(id)
	case *array.MapBuilder:
		b.Append(true)
		for range r.IntN(4) {
			randomValue(r, b.KeyBuilder(), arrow.BinaryTypes.String, 0)
			randomValue(r, b.ItemBuilder(), typ.(*arrow.MapType).ItemType(), nulls)
		}
	case *array.FixedSizeListBuilder:
		b.Append(true)
		t := typ.(*arrow.FixedSizeListType)
		for range t.Len() {
			randomValue(r, b.ValueBuilder(), t.Elem(), nulls)
		}
	case array.VarLenListLikeBuilder:
		b.Append(true)
		for range r.IntN(4) {
			randomValue(r, b.ValueBuilder(), typ.(arrow.ListLikeType).Elem(), nulls)
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, f := range typ.(*arrow.StructType).Fields() {
			randomValue(r, b.FieldBuilder(i), f.Type, nulls)
		}
	default:
		panic(fmt.Sprintf("no random %s", typ))
	}
}

var insecureOption = grpc.WithTransportCredentials(insecure.NewCredentials())
