package evidence_test

import (
	"context"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// typeCase is a column as it comes, and what DuckDB finds in the file.
type typeCase struct {
	name string
	typ  arrow.DataType
	// json are the values, when the type's JSON form can say them.
	json string
	// fill appends the values otherwise.
	fill func(array.Builder)
	// duck is the type in DuckDB, rows the values as text.
	duck string
	rows []string
}

func typeCases() []typeCase {
	flat := []typeCase{
		{name: "bool", typ: arrow.FixedWidthTypes.Boolean, json: `[true,null,false,true,true,false,true,false,true,true]`, duck: "BOOLEAN",
			rows: []string{"true", "NULL", "false", "true", "true", "false", "true", "false", "true", "true"}},
		{name: "int8", typ: arrow.PrimitiveTypes.Int8, json: `[-128,null,127]`, duck: "TINYINT", rows: []string{"-128", "NULL", "127"}},
		{name: "int16", typ: arrow.PrimitiveTypes.Int16, json: `[-32768,32767]`, duck: "SMALLINT", rows: []string{"-32768", "32767"}},
		{name: "int32", typ: arrow.PrimitiveTypes.Int32, json: `[null,-2147483648]`, duck: "INTEGER", rows: []string{"NULL", "-2147483648"}},
		{name: "int64", typ: arrow.PrimitiveTypes.Int64, json: `["9223372036854775807",null,"-9223372036854775808"]`, duck: "BIGINT",
			rows: []string{"9223372036854775807", "NULL", "-9223372036854775808"}},
		{name: "uint8", typ: arrow.PrimitiveTypes.Uint8, json: `[0,255]`, duck: "UTINYINT", rows: []string{"0", "255"}},
		{name: "uint16", typ: arrow.PrimitiveTypes.Uint16, json: `[65535,null]`, duck: "USMALLINT", rows: []string{"65535", "NULL"}},
		{name: "uint32", typ: arrow.PrimitiveTypes.Uint32, json: `[0,4294967295]`, duck: "UINTEGER", rows: []string{"0", "4294967295"}},
		{name: "uint64", typ: arrow.PrimitiveTypes.Uint64, json: `["0","18446744073709551615"]`, duck: "UBIGINT", rows: []string{"0", "18446744073709551615"}},
		{name: "float32", typ: arrow.PrimitiveTypes.Float32, fill: appendAll[float32]((*array.Float32Builder).Append, 1.5, float32(math.Inf(-1)), float32(math.NaN())),
			duck: "FLOAT", rows: []string{"1.5", "-inf", "nan"}},
		{name: "float64", typ: arrow.PrimitiveTypes.Float64, fill: appendAll[float64]((*array.Float64Builder).Append, 0.1, math.Inf(1), math.Copysign(0, -1)),
			duck: "DOUBLE", rows: []string{"0.1", "inf", "-0.0"}},
		{name: "decimal in 4 bytes", typ: decimal(9, 2), json: `["-1234567.89",null,"0.01"]`, duck: "DECIMAL(9,2)", rows: []string{"-1234567.89", "NULL", "0.01"}},
		{name: "decimal in 8 bytes", typ: decimal(18, 2), json: `["-9999999999999999.99","0.02"]`, duck: "DECIMAL(18,2)", rows: []string{"-9999999999999999.99", "0.02"}},
		{name: "decimal in 9 bytes", typ: decimal(19, 0), json: `["-9999999999999999999","9999999999999999999",null]`, duck: "DECIMAL(19,0)",
			rows: []string{"-9999999999999999999", "9999999999999999999", "NULL"}},
		{name: "decimal in 16 bytes", typ: decimal(38, 4), json: `["-9999999999999999999999999999999999.9999","1.0000"]`, duck: "DECIMAL(38,4)",
			rows: []string{"-9999999999999999999999999999999999.9999", "1.0000"}},
		{name: "decimal64", typ: &arrow.Decimal64Type{Precision: 12, Scale: 3}, json: `["-1.500",null]`, duck: "DECIMAL(12,3)", rows: []string{"-1.500", "NULL"}},
		{name: "text", typ: arrow.BinaryTypes.String, json: `["007",null,""," é "]`, duck: "VARCHAR", rows: []string{"007", "NULL", "", " é "}},
		{name: "large text", typ: arrow.BinaryTypes.LargeString, json: `["x",null]`, duck: "VARCHAR", rows: []string{"x", "NULL"}},
		{name: "text view", typ: arrow.BinaryTypes.StringView, json: `["more than twelve bytes",null]`, duck: "VARCHAR", rows: []string{"more than twelve bytes", "NULL"}},
		{name: "text dictionary", typ: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint8, ValueType: arrow.BinaryTypes.String}, json: `["open","paid",null,"open"]`,
			duck: "VARCHAR", rows: []string{"open", "paid", "NULL", "open"}},
		{name: "bytes", typ: arrow.BinaryTypes.Binary, json: `["AP8=",null]`, duck: "BLOB", rows: []string{`\x00\xFF`, "NULL"}},
		{name: "no type", typ: arrow.Null, json: `[null,null]`, duck: "VARCHAR", rows: []string{"NULL", "NULL"}},
		{name: "uuid", typ: extensions.NewUUIDType(), json: `["0b1f4a7e-2a53-4c1f-8d57-9a8a8f2f4c11",null]`, duck: "UUID", rows: []string{"0b1f4a7e-2a53-4c1f-8d57-9a8a8f2f4c11", "NULL"}},
		{name: "date", typ: arrow.FixedWidthTypes.Date32, fill: appendAll[arrow.Date32]((*array.Date32Builder).Append, 20000, math.MaxInt32, -math.MaxInt32),
			duck: "DATE", rows: []string{"2024-10-04", "infinity", "-infinity"}},
		{name: "time", typ: arrow.FixedWidthTypes.Time64us, json: `["23:59:59.999999",null]`, duck: "TIME", rows: []string{"23:59:59.999999", "NULL"}},
		{name: "time in seconds", typ: arrow.FixedWidthTypes.Time32s, json: `["23:59:59",null]`, duck: "TIME", rows: []string{"23:59:59", "NULL"}},
		{name: "time in milliseconds", typ: arrow.FixedWidthTypes.Time32ms, json: `["23:59:59.999"]`, duck: "TIME", rows: []string{"23:59:59.999"}},
		{name: "interval", typ: arrow.FixedWidthTypes.MonthDayNanoInterval, json: `[{"months":14,"days":-3,"nanoseconds":3723000500000},null,{"months":0,"days":0,"nanoseconds":-1500000000}]`,
			duck: "VARCHAR", rows: []string{"P1Y2M-3DT1H2M3.0005S", "NULL", "PT-1.5S"}},
		{name: "duration", typ: arrow.FixedWidthTypes.Duration_s, fill: appendAll[arrow.Duration]((*array.DurationBuilder).Append, 0, math.MaxInt64), duck: "VARCHAR",
			rows: []string{"PT0S", "P106751991167300DT15H30M7S"}},
	}
	return append(append(flat, timestampCases()...), nestedCases()...)
}

func timestampCases() []typeCase {
	fill := appendAll[arrow.Timestamp]((*array.TimestampBuilder).Append, 1_600_000_000, math.MaxInt64, -math.MaxInt64)
	stamp := func(unit arrow.TimeUnit, zone string) *arrow.TimestampType {
		return &arrow.TimestampType{Unit: unit, TimeZone: zone}
	}
	return []typeCase{
		{name: "timestamp_s", typ: stamp(arrow.Second, ""), fill: fill, duck: "TIMESTAMP", rows: []string{"2020-09-13 12:26:40", "infinity", "-infinity"}},
		{name: "timestamp_ms", typ: stamp(arrow.Millisecond, ""), fill: fill, duck: "TIMESTAMP", rows: []string{"1970-01-19 12:26:40", "infinity", "-infinity"}},
		{name: "timestamp_us", typ: stamp(arrow.Microsecond, ""), fill: fill, duck: "TIMESTAMP", rows: []string{"1970-01-01 00:26:40", "infinity", "-infinity"}},
		{name: "timestamp_ns", typ: stamp(arrow.Nanosecond, ""), fill: fill, duck: "TIMESTAMP_NS", rows: []string{"1970-01-01 00:00:01.6", "infinity", "-infinity"}},
		{name: "timestamptz", typ: stamp(arrow.Microsecond, "Europe/Berlin"), fill: fill, duck: "TIMESTAMP WITH TIME ZONE",
			rows: []string{"1970-01-01 00:26:40+00", "infinity", "-infinity"}},
	}
}

func nestedCases() []typeCase {
	interval := arrow.Field{Name: "i", Type: arrow.FixedWidthTypes.MonthDayNanoInterval, Nullable: true}
	stamps := arrow.Field{Name: "s", Type: arrow.FixedWidthTypes.Timestamp_s, Nullable: true}
	return []typeCase{
		{name: "list", typ: arrow.ListOf(decimal(10, 2)), json: `[["1.50",null],null,[]]`, duck: "DECIMAL(10,2)[]", rows: []string{"[1.50, NULL]", "NULL", "[]"}},
		{name: "list of intervals", typ: arrow.ListOfField(interval), json: `[[{"months":1,"days":0,"nanoseconds":0}],null]`, duck: "VARCHAR[]", rows: []string{"[P1M]", "NULL"}},
		{name: "struct", typ: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}, stamps), json: `[{"a":"x","s":"2020-09-13 12:26:40Z"},null]`,
			duck: "STRUCT(a VARCHAR, s TIMESTAMP WITH TIME ZONE)", rows: []string{"{'a': x, 's': '2020-09-13 12:26:40+00'}", "NULL"}},
		{name: "map", typ: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64), json: `[[{"key":"k","value":1}],null]`, duck: "MAP(VARCHAR, BIGINT)", rows: []string{"{k=1}", "NULL"}},
		{name: "array", typ: arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), json: `[[1,2],null,[3,4]]`, duck: "INTEGER[]", rows: []string{"[1, 2]", "NULL", "[3, 4]"}},
		{name: "array without nulls", typ: arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), json: `[[1,2],[3,null]]`, duck: "INTEGER[]", rows: []string{"[1, 2]", "[3, NULL]"}},
	}
}

func decimal(precision, scale int32) arrow.DataType {
	return &arrow.Decimal128Type{Precision: precision, Scale: scale}
}

func appendAll[V any, B array.Builder](add func(B, V), vs ...V) func(array.Builder) {
	return func(b array.Builder) {
		for _, v := range vs {
			add(b.(B), v)
		}
	}
}

func (c typeCase) values(t *testing.T, mem memory.Allocator) arrow.Array {
	b := array.NewBuilder(mem, c.typ)
	defer b.Release()
	if c.fill != nil {
		c.fill(b)
	} else {
		require.NoError(t, b.UnmarshalJSON([]byte(c.json)))
	}
	return b.NewArray()
}

// TestTypesComeBackAsTheyWere writes every type through both encoders: beside
// a list column, all columns go through the one for nested files.
func TestTypesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, c := range typeCases() {
		for _, beside := range []arrow.DataType{arrow.BinaryTypes.String, arrow.ListOf(arrow.BinaryTypes.String)} {
			t.Run(c.name+" beside "+beside.Name(), func(t *testing.T) {
				t.Parallel()
				mem := checked(t)
				dir := t.TempDir()
				set := create(t, config(dir, mem))
				schema := arrow.NewSchema([]arrow.Field{
					{Name: "record_key", Type: arrow.BinaryTypes.String, Nullable: true},
					{Name: "c", Type: c.typ, Nullable: true},
					{Name: "beside", Type: beside, Nullable: true},
				}, nil)
				f, err := set.Unmatched(context.Background(), evidence.Right, schema)
				require.NoError(t, err)
				writeAll(t, f, beneath(t, mem, schema, c))
				closeEmpty(t, set, evidence.Left)
				publishRest(t, set, counts(0, 0, int64(len(c.rows))))

				path := dir + "/" + evidence.UnmatchedRightFile
				require.Equal(t, [][]string{{c.duck}}, ask(t, `SELECT column_type FROM (DESCRIBE SELECT c FROM read_parquet(?))`, path))
				require.Equal(t, c.rows, columnOf(ask(t, `SELECT c::varchar FROM read_parquet(?)`, path)))
			})
		}
	}
}

// beneath returns the case's values, cut out of a longer batch, so that their
// arrays begin at an offset.
func beneath(t *testing.T, mem memory.Allocator, schema *arrow.Schema, c typeCase) arrow.RecordBatch {
	col := c.values(t, mem)
	defer col.Release()
	twice, err := array.Concatenate([]arrow.Array{col, col}, mem)
	require.NoError(t, err)
	defer twice.Release()
	n := twice.Len()
	keys := array.MakeArrayOfNull(mem, arrow.BinaryTypes.String, n)
	defer keys.Release()
	beside := array.MakeArrayOfNull(mem, schema.Field(2).Type, n)
	defer beside.Release()
	rec := array.NewRecordBatch(schema, []arrow.Array{keys, twice, beside}, int64(n))
	defer rec.Release()
	return rec.NewSlice(int64(n/2), int64(n))
}

// publishRest starts what is missing for Publish, empty.
func publishRest(t *testing.T, set *evidence.Set, meta evidence.Metadata) {
	f, err := set.Matched(context.Background(), textSchema("left_key", "right_key"))
	require.NoError(t, err)
	require.NoError(t, f.Close(context.Background()))
	require.NoError(t, set.Publish(context.Background(), meta))
}

func TestValuesThatWouldBeLostAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typeCase
		want string
	}{
		"far seconds": {typeCase{typ: arrow.FixedWidthTypes.Timestamp_s, fill: appendAll[arrow.Timestamp]((*array.TimestampBuilder).Append, math.MaxInt64/2)},
			`column "c": a timestamp 4611686018427387903 s from 1970 cannot be held in microseconds`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mem := checked(t)
			set := create(t, config(t.TempDir(), mem))
			schema := arrow.NewSchema([]arrow.Field{
				{Name: "record_key", Type: arrow.BinaryTypes.String, Nullable: true},
				{Name: "c", Type: c.typ, Nullable: true},
				{Name: "beside", Type: arrow.BinaryTypes.String, Nullable: true},
			}, nil)
			f, err := set.Unmatched(context.Background(), evidence.Left, schema)
			require.NoError(t, err)
			rec := beneath(t, mem, schema, c.typeCase)
			defer rec.Release()
			err = f.Write(context.Background(), rec)
			require.ErrorContains(t, err, c.want)
			require.True(t, recon.IsInput(err))
			require.ErrorContains(t, f.Close(context.Background()), c.want)
		})
	}
}

func TestTypesWithoutAFormAreRefused(t *testing.T) {
	t.Parallel()
	set := create(t, config(t.TempDir(), checked(t)))
	union := arrow.SparseUnionOf([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, []arrow.UnionTypeCode{0})
	_, err := set.Matched(context.Background(), arrow.NewSchema([]arrow.Field{
		{Name: "left_key", Type: arrow.BinaryTypes.String}, {Name: "right_key", Type: arrow.BinaryTypes.String}, {Name: "u", Type: union},
	}, nil))
	require.ErrorContains(t, err, `column "u"`)
	require.ErrorContains(t, err, "cast it to varchar")
	require.True(t, recon.IsInput(err))
}
