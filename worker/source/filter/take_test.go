package filter_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

// Columns of every type that a source may bring come through a filter on
// another column.
func TestEveryTypeIsTaken(t *testing.T) {
	t.Parallel()
	text := arrow.BinaryTypes.String
	cases := []struct {
		typ          arrow.DataType
		values, want string
	}{
		{arrow.PrimitiveTypes.Int8, `[1, 2, null, 4]`, `[1 (null) 4]`},
		{arrow.FixedWidthTypes.Boolean, `[true, false, null, false]`, `[true (null) false]`},
		{&arrow.Decimal32Type{Precision: 9, Scale: 2}, `["1.00", "2.00", null, "4.00"]`, ""},
		{&arrow.Decimal64Type{Precision: 18, Scale: 2}, `["1.00", "2.00", null, "4.00"]`, ""},
		{dec(38, 2), `["1.00", "2.00", null, "4.00"]`, ""},
		{dec256(76, 2), `["1.00", "2.00", null, "4.00"]`, ""},
		{text, `["a", "b", null, "d"]`, `["a" (null) "d"]`},
		{arrow.BinaryTypes.LargeString, `["a", "b", null, "d"]`, ""},
		{arrow.BinaryTypes.StringView, `["a", "b", null, "a long one, beyond twelve"]`, ""},
		{arrow.BinaryTypes.Binary, `["YQ==", "Yg==", null, "ZA=="]`, ""},
		{arrow.BinaryTypes.LargeBinary, `["YQ==", "Yg==", null, "ZA=="]`, ""},
		{arrow.BinaryTypes.BinaryView, `["YQ==", "Yg==", null, "ZA=="]`, ""},
		{&arrow.FixedSizeBinaryType{ByteWidth: 1}, `["YQ==", "Yg==", null, "ZA=="]`, ""},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text}, `["a", "b", null, "a"]`, ""},
		{arrow.ListOf(arrow.PrimitiveTypes.Int64), `[[1], [], null, [4, 5]]`, ""},
		{arrow.LargeListOf(text), `[["a"], [], null, ["d"]]`, ""},
		{arrow.FixedSizeListOf(1, arrow.PrimitiveTypes.Int64), `[[1], [2], null, [4]]`, ""},
		{arrow.StructOf(arrow.Field{Name: "x", Type: text, Nullable: true}), `[{"x":"a"}, {"x":"b"}, null, {"x":"d"}]`, ""},
		{arrow.MapOf(text, arrow.PrimitiveTypes.Int64), `[[{"key":"a","value":1}], [], null, []]`, ""},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, `[{"months":1,"days":0,"nanoseconds":0},{"months":2,"days":0,"nanoseconds":0},null,{"months":4,"days":0,"nanoseconds":0}]`, ""},
		{arrow.FixedWidthTypes.Duration_us, `[1, 2, null, 4]`, ""},
		{arrow.Null, `[null, null, null, null]`, ""},
		{extensions.NewUUIDType(), `["f47ac10b-58cc-4372-a567-0e02b2c3d479", null, null, "00000000-0000-0000-0000-000000000001"]`, ""},
	}
	for _, c := range cases {
		t.Run(c.typ.String(), func(t *testing.T) {
			t.Parallel()
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer mem.AssertSize(t, 0)
			schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "c", Type: c.typ, Nullable: true}}, nil)
			p, err := filter.Compile(schema, []recon.FilterCondition{cond("n", "neq", `2`)}, filter.WithAllocator(mem))
			require.NoError(t, err)
			n, arr := column(t, mem, arrow.PrimitiveTypes.Int64, `[1,2,3,4]`), column(t, mem, c.typ, c.values)
			defer n.Release()
			defer arr.Release()
			rec := array.NewRecordBatch(schema, []arrow.Array{n, arr}, 4)
			defer rec.Release()
			out, err := p.Apply(t.Context(), rec)
			require.NoError(t, err)
			defer out.Release()
			got := out.Column(1)
			require.True(t, arrow.TypeEqual(c.typ, got.DataType()))
			require.Equal(t, 3, got.Len())
			for j, i := range []int{0, 2, 3} {
				require.Equal(t, arr.ValueStr(i), got.ValueStr(j))
				require.Equal(t, arr.IsNull(i), got.IsNull(j))
			}
			if c.want != "" {
				require.Equal(t, c.want, got.String())
			}
		})
	}
}
