package filter_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

func TestMayMatch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		column, op, value string
		min, max          any
		want              bool
	}{
		{"id", "eq", `5`, int64(1), int64(4), false},
		{"id", "eq", `5`, int64(1), int64(5), true},
		{"id", "neq", `5`, int64(5), int64(5), false},
		{"id", "neq", `5`, int64(5), int64(6), true},
		{"id", "gt", `5`, int64(1), int64(5), false},
		{"id", "gte", `5`, int32(1), int32(5), true},
		{"id", "in", `[1, 9]`, int64(2), int64(8), false},
		{"id", "between", `[2, 3]`, int64(4), int64(8), false},
		{"id", "eq", `5`, "unknown type", "x", true},
		{"id", "eq", `5`, nil, nil, true},
		{"Amount", "gte", `10.005`, big.NewInt(1), big.NewInt(1000), false},
		{"Amount", "gte", `10.005`, big.NewInt(1), big.NewInt(1001), true},
		{"score", "gt", `5`, 1.0, 2.0, true}, // a NaN is above 5 and in no statistics
		{"score", "lt", `1`, 1.0, 2.0, false},
		{"score", "between", `[3, 4]`, 1.0, 2.0, false},
		{"score", "in", `[1.5]`, 1.0, 2.0, true},
		{"note", "eq", `"m"`, []byte("a"), []byte("c"), false},
		{"note", "eq", `"b"`, "a", "c", true},
		{"note", "gt", `"c"`, "a", "c", false},
		{"note", "lt", `"a"`, "a", "c", false},
		{"note", "like", `"d%"`, "a", "c", false},
		{"note", "like", `"b_d%"`, "b", "bz", true},
		{"note", "like", `"a%"`, "b", "c", false},
		{"note", "like", `"ab%"`, "abc", "abd", true},
		{"note", "like", `"%d"`, "a", "c", true},
		{"note", "in", `["x", "b"]`, "a", "c", true},
		{"ok", "eq", `true`, false, false, false},
		{"ref", "eq", `"f47ac10b-58cc-4372-a567-0e02b2c3d479"`, []byte{0x01}, []byte{0x02}, false},
	}
	for _, c := range cases {
		p, err := filter.Compile(faultSchema, []recon.FilterCondition{cond(c.column, c.op, c.value)})
		require.NoError(t, err)
		got := p.MayMatch(func(column string) (filter.Range, bool) {
			require.Equal(t, c.column, column)
			return filter.Range{Min: c.min, Max: c.max, Nulls: -1, Rows: 10}, true
		})
		require.Equal(t, c.want, got, "%s %s %s in %v..%v", c.column, c.op, c.value, c.min, c.max)
	}
}

func TestMayMatchCountsNulls(t *testing.T) {
	t.Parallel()
	p, err := filter.Compile(faultSchema, []recon.FilterCondition{cond("id", "neq", `5`)})
	require.NoError(t, err)
	may := func(r filter.Range, ok bool) bool {
		return p.MayMatch(func(string) (filter.Range, bool) { return r, ok })
	}
	require.False(t, may(filter.Range{Nulls: 10, Rows: 10}, true))
	require.True(t, may(filter.Range{Nulls: 9, Rows: 10}, true))
	require.True(t, may(filter.Range{Nulls: 10, Rows: 10}, false))
}

// Whatever the filter and the data: if a row is kept, its share of the data
// may match by its bounds.
func TestPruningNeverLosesARow(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	letters := func() string {
		return strings.Repeat("a", random.IntN(2)) + string(rune('a'+random.IntN(3))) + strings.Repeat("b", random.IntN(2))
	}
	number := func() string { return fmt.Sprintf("%d.%d", random.IntN(9)-4, random.IntN(2)*5) }
	ops := []string{"eq", "neq", "gt", "gte", "lt", "lte", "between", "in"}
	kept, pruned := 0, 0
	for range 20000 {
		op := ops[random.IntN(len(ops))]
		value, typ := number, arrow.DataType(arrow.PrimitiveTypes.Int64)
		if random.IntN(2) == 0 {
			typ = arrow.BinaryTypes.String
			value = func() string { b, _ := json.Marshal(letters()); return string(b) }
			if random.IntN(4) == 0 {
				op = "like"
				value = func() string {
					b, _ := json.Marshal(letters() + []string{"%", "_", "_%"}[random.IntN(3)])
					return string(b)
				}
			}
		}
		operand := value()
		if op == "between" || op == "in" {
			operand = "[" + operand + "," + value() + "]"
		}
		schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ}}, nil)
		p, err := filter.Compile(schema, []recon.FilterCondition{cond("c", op, operand)})
		require.NoError(t, err)
		arr, r := randomColumn(random, typ, letters)
		rec := array.NewRecordBatch(schema, []arrow.Array{arr}, int64(arr.Len()))
		keep, err := p.Keep(nil, rec)
		require.NoError(t, err)
		may := p.MayMatch(func(string) (filter.Range, bool) { return r, true })
		if slices.Contains(keep, 1) {
			kept++
			require.True(t, may, "%s %s on %v", op, operand, arr)
		} else if !may {
			pruned++
		}
	}
	require.Greater(t, kept, 1000)
	require.Greater(t, pruned, 1000)
}

func randomColumn(random *rand.Rand, typ arrow.DataType, letters func() string) (arrow.Array, filter.Range) {
	if typ.ID() == arrow.INT64 {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		values := []int64{random.Int64N(9) - 4, random.Int64N(9) - 4}
		b.AppendValues(values, nil)
		return b.NewArray(), filter.Range{Min: slices.Min(values), Max: slices.Max(values), Nulls: 0, Rows: 2}
	}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	values := []string{letters(), letters()}
	b.AppendValues(values, nil)
	return b.NewArray(), filter.Range{Min: slices.Min(values), Max: slices.Max(values), Nulls: 0, Rows: 2}
}
