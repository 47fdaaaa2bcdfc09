package filter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

func cond(column, op, value string) recon.FilterCondition {
	return recon.FilterCondition{Column: column, Op: recon.Operator(op), Value: json.RawMessage(value)}
}

// column builds a column from a JSON array of its values.
func column(t *testing.T, mem memory.Allocator, typ arrow.DataType, values string) arrow.Array {
	t.Helper()
	if ext, ok := typ.(*extensions.UUIDType); ok {
		b := extensions.NewUUIDBuilder(mem)
		defer b.Release()
		var texts []*string
		require.NoError(t, json.Unmarshal([]byte(values), &texts))
		for _, s := range texts {
			if s == nil {
				b.AppendNull()
				continue
			}
			require.NoError(t, b.AppendValueFromString(*s))
		}
		arr := b.NewArray()
		require.True(t, arrow.TypeEqual(ext, arr.DataType()))
		return arr
	}
	arr, _, err := array.FromJSON(mem, typ, strings.NewReader(values))
	require.NoError(t, err)
	return arr
}

// kept applies one filter to a column c and returns which rows are kept, as
// 1s and 0s. It looks at the column whole, and again as the middle of a larger
// one, and holds Apply to Keep.
func kept(t *testing.T, typ arrow.DataType, values, op, value string) string {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ, Nullable: true}}, nil)
	p, err := filter.Compile(schema, []recon.FilterCondition{cond("c", op, value)}, filter.WithAllocator(mem))
	require.NoError(t, err, "%s %s %s", typ, op, value)
	arr := column(t, mem, typ, values)
	defer arr.Release()
	rec := array.NewRecordBatch(schema, []arrow.Array{arr}, int64(arr.Len()))
	defer rec.Release()
	whole := keepOf(t, p, rec)
	for i := range arr.Len() {
		slice := rec.NewSlice(int64(i), rec.NumRows())
		require.Equal(t, whole[i:], keepOf(t, p, slice))
		slice.Release()
	}
	out, err := p.Apply(t.Context(), rec)
	require.NoError(t, err)
	defer out.Release()
	require.Equal(t, strings.Count(whole, "1"), int(out.NumRows()))
	j := 0
	for i := range whole {
		if whole[i] == '1' {
			require.Equal(t, arr.ValueStr(i), out.Column(0).ValueStr(j))
			j++
		}
	}
	return whole
}

func keepOf(t *testing.T, p *filter.Predicate, rec arrow.RecordBatch) string {
	t.Helper()
	keep, err := p.Keep(nil, rec)
	require.NoError(t, err)
	var b strings.Builder
	for _, k := range keep {
		fmt.Fprint(&b, k)
	}
	return b.String()
}

func dec(p, s int32) arrow.DataType    { return &arrow.Decimal128Type{Precision: p, Scale: s} }
func dec256(p, s int32) arrow.DataType { return &arrow.Decimal256Type{Precision: p, Scale: s} }

func TestComparisons(t *testing.T) {
	t.Parallel()
	text := arrow.BinaryTypes.String
	moment := &arrow.TimestampType{Unit: arrow.Microsecond}
	zoned := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	uuids := `["f47ac10b-58cc-4372-a567-0e02b2c3d479", null, "00000000-0000-0000-0000-000000000001"]`
	cases := []struct {
		typ               arrow.DataType
		values, op, value string
		want              string
	}{
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "eq", `2`, "0100"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "eq", `"2.00"`, "0100"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "eq", `2.5`, "0000"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "neq", `2`, "1001"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "neq", `2.5`, "1101"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "gt", `1.5`, "0101"},
		{arrow.PrimitiveTypes.Int64, `[-1, -2, null, -3]`, "gt", `-2.5`, "1100"},
		{arrow.PrimitiveTypes.Int64, `[-1, -2, null, -3]`, "lt", `-2.5`, "0001"},
		{arrow.PrimitiveTypes.Int64, `[-1, -2, null, -3]`, "lte", `-2`, "0101"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "gte", `2e0`, "0101"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "between", `[1.5, 2.5]`, "0100"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "between", `[3, 1]`, "0000"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "in", `[3, 1.0, 2.5, 99999999999999999999]`, "1001"},
		{arrow.PrimitiveTypes.Int64, `[1, 2, null, 3]`, "in", `[]`, "0000"},
		{arrow.PrimitiveTypes.Int64, `[9223372036854775807, -9223372036854775808]`, "gt", `9223372036854775807`, "00"},
		{arrow.PrimitiveTypes.Int64, `[9223372036854775807, -9223372036854775808]`, "gte", `9223372036854775807`, "10"},
		{arrow.PrimitiveTypes.Int64, `[9223372036854775807, -9223372036854775808]`, "lt", `9223372036854775808`, "11"},
		{arrow.PrimitiveTypes.Int64, `[9223372036854775807, -9223372036854775808]`, "neq", `9223372036854775808`, "11"},
		{arrow.PrimitiveTypes.Int64, `[9007199254740993]`, "eq", `9007199254740992`, "0"},
		{arrow.PrimitiveTypes.Uint64, `[18446744073709551615, 0]`, "gt", `18446744073709551614`, "10"},
		{arrow.PrimitiveTypes.Uint64, `[18446744073709551615, 0]`, "gt", `-1`, "11"},
		{arrow.PrimitiveTypes.Int8, `[-128, 127]`, "lt", `-127.5`, "10"},
		{arrow.PrimitiveTypes.Int8, `[-128, 127]`, "gt", `128`, "00"},
		{arrow.PrimitiveTypes.Uint8, `[0, 255]`, "gte", `255`, "01"},
		{arrow.PrimitiveTypes.Int16, `[-5, 5]`, "between", `[-5, 4]`, "10"},
		{arrow.PrimitiveTypes.Int32, `[-5, 5]`, "in", `[5]`, "01"},
		{arrow.PrimitiveTypes.Uint16, `[5, 6]`, "neq", `5`, "01"},
		{arrow.PrimitiveTypes.Uint32, `[5, 6]`, "lt", `5.1`, "10"},

		{dec(18, 2), `["10.00", "10.01", null, "-0.01"]`, "gte", `10.005`, "0100"},
		{dec(18, 2), `["10.00", "10.01", null, "-0.01"]`, "lte", `10.0`, "1001"},
		{dec(18, 2), `["10.00", "10.01", null, "-0.01"]`, "eq", `"10"`, "1000"},
		{dec(18, 2), `["10.00", "10.01", null, "-0.01"]`, "lt", `-0.001`, "0001"},
		{dec(18, 2), `["10.00", "10.01", null, "-0.01"]`, "in", `[10.010, "-0.01"]`, "0101"},
		{dec(38, 0), `["99999999999999999999999999999999999999"]`, "eq", `99999999999999999999999999999999999999`, "1"},
		{dec(38, 0), `["99999999999999999999999999999999999999"]`, "eq", `99999999999999999999999999999999999998`, "0"},
		{dec(38, 0), `["99999999999999999999999999999999999999"]`, "lt", `1e300`, "1"},
		{dec(38, 0), `["99999999999999999999999999999999999999"]`, "gt", `1e300`, "0"},
		{dec256(76, 2), `["-1.00", "1.00", null]`, "neq", `1`, "100"},
		{dec256(76, 2), `["-1.00", "1.00", null]`, "between", `[-1, 0]`, "100"},
		{dec256(76, 2), `["-1.00", "1.00", null]`, "in", `[1]`, "010"},

		{arrow.PrimitiveTypes.Float64, `[0.1, 0.2, null, -0.0]`, "eq", `0.1`, "1000"},
		{arrow.PrimitiveTypes.Float64, `[0.1, 0.2, null, -0.0]`, "eq", `0`, "0001"},
		{arrow.PrimitiveTypes.Float64, `[0.1, 0.2, null, -0.0]`, "between", `[0, "0.15"]`, "1001"},
		{arrow.PrimitiveTypes.Float64, `[0.1, 0.2, null, -0.0]`, "in", `[0.2, 5]`, "0100"},
		{arrow.PrimitiveTypes.Float64, `[0.1, "NaN", "Infinity"]`, "gt", `5`, "011"},
		{arrow.PrimitiveTypes.Float64, `[0.1, "NaN", "Infinity"]`, "eq", `"NaN"`, "010"},
		{arrow.PrimitiveTypes.Float64, `[0.1, "NaN", "Infinity"]`, "lt", `"NaN"`, "101"},
		{arrow.PrimitiveTypes.Float64, `[0.1, "NaN", "Infinity"]`, "gte", `"Infinity"`, "011"},
		{arrow.PrimitiveTypes.Float32, `[0.5, 0.1]`, "eq", `0.1`, "00"},
		{arrow.PrimitiveTypes.Float32, `[0.5, 0.1]`, "neq", `0.5`, "01"},
		{arrow.FixedWidthTypes.Float16, `[0.5, 1.5]`, "lte", `0.5`, "10"},

		{text, `["a", "B", "", null, "ä"]`, "eq", `""`, "00100"},
		{text, `["a", "B", "", null, "ä"]`, "neq", `"a"`, "01101"},
		{text, `["a", "B", "", null, "ä"]`, "gt", `"a"`, "00001"},
		{text, `["a", "B", "", null, "ä"]`, "gte", `"a"`, "10001"},
		{text, `["a", "B", "", null, "ä"]`, "lt", `"a"`, "01100"},
		{text, `["a", "B", "", null, "ä"]`, "lte", `"B"`, "01100"},
		{text, `["a", "B", "", null, "ä"]`, "between", `["B", "b"]`, "11000"},
		{text, `["a", "B", "", null, "ä"]`, "in", `["ä", "B", "x"]`, "01001"},
		{text, `["007", "7"]`, "eq", `"7"`, "01"},
		{arrow.BinaryTypes.LargeString, `["a", null, "b"]`, "gte", `"b"`, "001"},
		{arrow.BinaryTypes.StringView, `["a", null, "a text longer than twelve"]`, "like", `"a%"`, "101"},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text}, `["a", null, "b", "a"]`, "eq", `"a"`, "1001"},

		{arrow.FixedWidthTypes.Boolean, `[true, false, null]`, "eq", `true`, "100"},
		{arrow.FixedWidthTypes.Boolean, `[true, false, null]`, "neq", `true`, "010"},
		{arrow.FixedWidthTypes.Boolean, `[true, false, null]`, "lt", `true`, "010"},
		{arrow.FixedWidthTypes.Boolean, `[true, false, null]`, "in", `[true, false]`, "110"},

		{arrow.FixedWidthTypes.Date32, `["2024-02-29", null, "1969-12-31"]`, "gte", `"2024-02-29"`, "100"},
		{arrow.FixedWidthTypes.Date32, `["2024-02-29", null, "1969-12-31"]`, "in", `["1969-12-31"]`, "001"},
		{arrow.FixedWidthTypes.Date64, `["2024-02-29", null, "1969-12-31"]`, "lt", `"1970-01-01"`, "001"},
		{moment, `["2024-01-31 10:00:00.000001", null, "1969-12-31 23:59:59.999999"]`, "gt", `"2024-01-31T10:00:00"`, "100"},
		{moment, `["2024-01-31 10:00:00.000001", null, "1969-12-31 23:59:59.999999"]`, "eq", `"2024-01-31 10:00:00.000001Z"`, "100"},
		{moment, `["2024-01-31 10:00:00.000001", null, "1969-12-31 23:59:59.999999"]`, "gte", `"2024-01-31 10:00:00.0000011"`, "000"},
		{moment, `["2024-01-31 10:00:00.000001", null, "1969-12-31 23:59:59.999999"]`, "lte", `"1969-12-31 23:59:59.9999995"`, "001"},
		{moment, `["2024-01-31 10:00:00.000001", null, "1969-12-31 23:59:59.999999"]`, "lt", `"2024-01-31"`, "001"},
		{zoned, `["2024-01-31 10:00:00Z"]`, "eq", `"2024-01-31T12:30:00+02:30"`, "1"},
		{zoned, `["2024-01-31 10:00:00Z"]`, "eq", `"2024-01-31 05:00:00-05"`, "1"},
		{zoned, `["2024-01-31 10:00:00Z"]`, "eq", `"2024-01-31 10:00"`, "1"},
		{&arrow.TimestampType{Unit: arrow.Second}, `["2024-01-31 10:00:00"]`, "lt", `"2024-01-31 10:00:00.5"`, "1"},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, `["2024-01-31 10:00:00.123456789"]`, "eq", `"2024-01-31 10:00:00.123456789"`, "1"},
		{arrow.FixedWidthTypes.Time64us, `["10:00:00.5", null, "23:59:59"]`, "gt", `"10:00:00.4999999"`, "101"},
		{arrow.FixedWidthTypes.Time32s, `["10:00:00", null, "23:59:59"]`, "lte", `"10:00"`, "100"},

		{extensions.NewUUIDType(), uuids, "eq", `"F47AC10B-58CC-4372-A567-0E02B2C3D479"`, "100"},
		{extensions.NewUUIDType(), uuids, "lt", `"f0000000-0000-0000-0000-000000000000"`, "001"},
		{extensions.NewUUIDType(), uuids, "in", `["f47ac10b-58cc-4372-a567-0e02b2c3d479", "00000000000000000000000000000001"]`, "101"},
		{arrow.Null, `[null, null]`, "eq", `1`, "00"},
	}
	for _, c := range cases {
		got := kept(t, c.typ, c.values, c.op, c.value)
		require.Equal(t, c.want, got, "%s %s: %s %s", c.typ, c.values, c.op, c.value)
	}
}

func TestAllFiltersHaveToHold(t *testing.T) {
	t.Parallel()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	a, b := column(t, mem, arrow.PrimitiveTypes.Int64, `[1,2,3]`), column(t, mem, arrow.BinaryTypes.String, `["x","y",null]`)
	defer a.Release()
	defer b.Release()
	rec := array.NewRecordBatch(schema, []arrow.Array{a, b}, 3)
	defer rec.Release()
	for _, c := range []struct {
		conds []recon.FilterCondition
		want  string
	}{
		{nil, `[1 2 3]["x" "y" (null)]`},
		{[]recon.FilterCondition{cond("a", "gte", "1")}, `[1 2 3]["x" "y" (null)]`},
		{[]recon.FilterCondition{cond("a", "gt", "1"), cond("b", "eq", `"y"`), cond("a", "lt", "3")}, `[2]["y"]`},
		{[]recon.FilterCondition{cond("a", "gt", "1"), cond("b", "eq", `"x"`)}, `[][]`},
		{[]recon.FilterCondition{cond("a", "gt", "9"), cond("b", "eq", `"x"`)}, `[][]`},
	} {
		p, err := filter.Compile(schema, c.conds, filter.WithAllocator(mem))
		require.NoError(t, err)
		out, err := p.Apply(context.Background(), rec)
		require.NoError(t, err)
		require.Equal(t, c.want, fmt.Sprint(out.Column(0))+fmt.Sprint(out.Column(1)))
		out.Release()
	}
	p, err := filter.Compile(schema, []recon.FilterCondition{cond("b", "eq", `"y"`), cond("a", "gt", "1"), cond("b", "neq", `"z"`)})
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a"}, p.Columns())

	bare := array.NewRecordBatch(arrow.NewSchema(schema.Fields()[:1], nil), []arrow.Array{a}, 3)
	defer bare.Release()
	_, err = p.Apply(t.Context(), bare)
	require.EqualError(t, err, `filter on column "b": the batch has no such column`)
}
