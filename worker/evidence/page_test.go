package evidence_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"

	"kallad/worker/evidence"
)

// randomColumns have every way of storing values, and nulls in none, some and
// most of the rows.
func randomColumns() *arrow.Schema {
	types := []arrow.DataType{
		arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int32,
		arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Float64, decimal(9, 2), decimal(18, 2), decimal(30, 2), &arrow.FixedSizeBinaryType{ByteWidth: 5},
	}
	fields := []arrow.Field{{Name: "record_key", Type: arrow.BinaryTypes.String, Nullable: true}}
	for _, style := range []string{"none", "some", "most"} {
		for i, typ := range types {
			fields = append(fields, arrow.Field{Name: fmt.Sprintf("%s_%d", style, i), Type: typ, Nullable: true})
		}
		for _, text := range []string{"few", "few_then_many", "long"} {
			fields = append(fields, arrow.Field{Name: style + "_" + text, Type: arrow.BinaryTypes.String, Nullable: true})
		}
	}
	return arrow.NewSchema(fields, nil)
}

func randomBatch(mem memory.Allocator, rng *rand.Rand, schema *arrow.Schema, first, rows int) arrow.RecordBatch {
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	for c, f := range schema.Fields() {
		style, kind, _ := strings.Cut(f.Name, "_")
		nulls := map[string]float64{"some": 0.2, "most": 0.999}[style]
		for i := range rows {
			if rng.Float64() < nulls {
				b.Field(c).AppendNull()
				continue
			}
			appendRandom(rng, b.Field(c), kind, first+i)
		}
	}
	return b.NewRecordBatch()
}

func appendRandom(rng *rand.Rand, b array.Builder, kind string, row int) {
	n := rng.Int64()
	switch b := b.(type) {
	case *array.StringBuilder:
		switch {
		case kind == "few", kind == "few_then_many" && row < 7000:
			b.Append(fmt.Sprintf("value %d", n%300))
		case kind == "long" && row%500 == 0:
			b.Append(strings.Repeat("long ", 40_000))
		default:
			b.Append(fmt.Sprintf("%x", n))
		}
	case *array.BooleanBuilder:
		b.Append(n%2 == 0)
	case *array.Int8Builder:
		b.Append(int8(n))
	case *array.Uint16Builder:
		b.Append(uint16(n))
	case *array.Int32Builder:
		b.Append(int32(n))
	case *array.Uint64Builder:
		b.Append(uint64(n) * 2)
	case *array.Float64Builder:
		b.Append(rng.NormFloat64())
	case *array.Decimal128Builder:
		b.Append(decimal128.FromI64(n % 1_000_000_000 * (1 - n%3)))
	case *array.FixedSizeBinaryBuilder:
		b.Append([]byte(fmt.Sprintf("%05d", n%100_000)))
	}
}

// TestPagesAndRowGroupsHoldEveryRow reads the file back with another reader's
// code and compares every value, for each codec.
func TestPagesAndRowGroupsHoldEveryRow(t *testing.T) {
	t.Parallel()
	schema := randomColumns()
	for _, codec := range []evidence.Compression{evidence.Snappy, evidence.LZ4, evidence.Zstd, evidence.Uncompressed} {
		t.Run(string(codec), func(t *testing.T) {
			t.Parallel()
			mem := memory.NewGoAllocator()
			rng := rand.New(rand.NewPCG(1, 2))
			dir := t.TempDir()
			cfg := config(dir, checked(t))
			cfg.Compression, cfg.RowGroupRows = codec, 9000
			set := create(t, cfg)
			f, err := set.Unmatched(context.Background(), evidence.Left, schema)
			require.NoError(t, err)
			var recs []arrow.RecordBatch
			rows := 0
			for _, n := range []int{1, 0, 8191, 2048, 17, 20_000, 8192} {
				recs = append(recs, randomBatch(mem, rng, schema, rows, n))
				rows += n
			}
			publishLeft(t, set, f, recs, int64(rows))

			path := filepath.Join(dir, evidence.UnmatchedLeftFile)
			requireSameValues(t, path, schema, recs)
			require.Equal(t, [][]string{{fmt.Sprint(rows)}}, ask(t, `SELECT count(*) FROM read_parquet(?)`, path))
			require.Equal(t, [][]string{{fmt.Sprint((rows + 8999) / 9000)}}, ask(t, `SELECT count(DISTINCT row_group_id) FROM parquet_metadata(?)`, path))
			if codec == evidence.Snappy {
				requireBoundsHold(t, path, schema)
			}
		})
	}
}

// TestColumnsOfOneArrayHoldEveryRow writes columns that are the same memory in
// some batches and not in others.
func TestColumnsOfOneArrayHoldEveryRow(t *testing.T) {
	t.Parallel()
	mem := memory.NewGoAllocator()
	rng := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	cfg := config(dir, checked(t))
	cfg.RowGroupRows = 9000
	set := create(t, cfg)
	schema := textSchema("record_key", "same", "other", "none")
	f, err := set.Unmatched(context.Background(), evidence.Left, schema)
	require.NoError(t, err)
	var recs []arrow.RecordBatch
	rows := 0
	for _, from := range [][]int{{0, 0, 1, 2}, {0, 0, 1, 2}, {0, 1, 1, 1}, {0, 1, 2, 3}, {0, 0, 0, 0}, {1, 0, 1, 0}, {0, 0, 1, 2}} {
		made := randomBatch(mem, rng, textSchema("none_few", "some_few_then_many", "none_plain", "some_few"), rows, 4000)
		columns := make([]arrow.Array, len(from))
		for i, at := range from {
			columns[i] = made.Column(at)
		}
		recs = append(recs, array.NewRecordBatch(schema, columns, made.NumRows()))
		made.Release()
		rows += 4000
	}
	publishLeft(t, set, f, recs, int64(rows))
	path := filepath.Join(dir, evidence.UnmatchedLeftFile)
	requireSameValues(t, path, schema, recs)
	requireBoundsHold(t, path, schema)
}

// publishLeft writes batches, which stay the caller's, as the left side's and
// publishes them.
func publishLeft(t *testing.T, set *evidence.Set, f *evidence.File, recs []arrow.RecordBatch, rows int64) {
	t.Helper()
	for _, r := range recs {
		r.Retain()
	}
	writeAll(t, f, recs...)
	closeEmpty(t, set, evidence.Right)
	publishRest(t, set, counts(0, rows, 0))
}

func requireSameValues(t *testing.T, path string, schema *arrow.Schema, recs []arrow.RecordBatch) {
	pf, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, pf.Close()) }()
	reader, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	require.NoError(t, err)
	table, err := reader.ReadTable(context.Background())
	require.NoError(t, err)
	want := array.NewTableFromRecords(schema, recs)
	for i, field := range schema.Fields() {
		at := table.Schema().FieldIndices(field.Name)
		require.Len(t, at, 1, field.Name)
		require.True(t, array.ChunkedEqual(want.Column(i).Data(), table.Column(at[0]).Data()), field.Name)
	}
}

// requireBoundsHold asks DuckDB for the rows with each column's smallest and
// largest value: where a chunk's bounds were wrong, it would skip them.
func requireBoundsHold(t *testing.T, path string, schema *arrow.Schema) {
	for _, f := range schema.Fields()[1:] {
		edges := ask(t, fmt.Sprintf(`SELECT min(%[1]s)::varchar, max(%[1]s)::varchar, any_value(typeof(%[1]s)) FROM read_parquet($1)`, f.Name), path)[0]
		for _, edge := range edges[:2] {
			found := ask(t, fmt.Sprintf(`SELECT count(*) > 0 FROM read_parquet($1) WHERE %s = '%s'::%s`, f.Name, edge, edges[2]), path)
			require.Equal(t, [][]string{{"true"}}, found, "%s = %s", f.Name, edge)
		}
	}
}

func TestBoundsAreInTheFile(t *testing.T) {
	t.Parallel()
	mem := checked(t)
	dir := t.TempDir()
	set := create(t, config(dir, mem))
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "record_key", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "amount", Type: money, Nullable: true},
		{Name: "wide", Type: decimal(38, 2), Nullable: true},
		{Name: "due", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "n", Type: arrow.PrimitiveTypes.Uint8, Nullable: true},
		{Name: "x", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	}, nil)
	f, err := set.Unmatched(context.Background(), evidence.Left, schema)
	require.NoError(t, err)
	writeAll(t, f, fromJSON(t, mem, schema, `[
		{"record_key":"b","amount":"-1.00","wide":"-5.00","due":"2026-01-02","n":200,"x":0},
		{"record_key":"a","amount":"2.50","wide":"7.00","due":"2026-01-01","n":3,"x":0},
		{"record_key":null,"amount":null,"wide":null,"due":null,"n":null,"x":null}]`))
	closeEmpty(t, set, evidence.Right)
	publishRest(t, set, counts(0, 3, 0))
	require.Equal(t, [][]string{
		{"record_key", "a", "b", "1"}, {"attempted_rules", "match_sql", "match_sql", "0"}, {"closest_candidate", "NULL", "NULL", "3"},
		{"rejection_reason", evidence.ReasonNoMatch, evidence.ReasonNullKey, "0"},
		{"amount", "-1.00", "2.50", "1"}, {"wide", "-5.00", "7.00", "1"}, {"due", "2026-01-01", "2026-01-02", "1"}, {"n", "3", "200", "1"}, {"x", "-0.0", "0.0", "1"},
	}, ask(t, `SELECT path_in_schema, stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata(?)`, dir+"/"+evidence.UnmatchedLeftFile))
}

func TestConstantsCostNextToNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := create(t, config(dir, nil))
	schema := textSchema("left_key", "right_key")
	f, err := set.Matched(context.Background(), schema)
	require.NoError(t, err)
	const rows = 300_000
	writeAll(t, f, randomBatch(memory.DefaultAllocator, rand.New(rand.NewPCG(1, 2)), schema, 0, rows))
	closeEmpty(t, set, evidence.Left, evidence.Right)
	require.NoError(t, set.Publish(context.Background(), counts(rows, 0, 0)))
	require.Equal(t, [][]string{{"true"}}, ask(t, `SELECT sum(total_compressed_size) < 2000 FROM parquet_metadata(?)
		WHERE path_in_schema IN ('rule_name', 'confidence', 'matched_at')`, dir+"/"+evidence.MatchedFile))
	require.Equal(t, [][]string{{"300000", "match_sql", "1.0"}},
		ask(t, `SELECT count(*), any_value(rule_name), any_value(confidence)::varchar FROM read_parquet(?) WHERE matched_at = TIMESTAMPTZ '2026-03-01 12:30:00.123456+00' AND confidence = 1`, dir+"/"+evidence.MatchedFile))
}
