package filter

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/worker/recon"
)

// textTest compares byte strings: text, and the bytes of UUIDs.
type textTest struct {
	op     recon.Operator
	values [][]byte // sorted for in
	like   *pattern
	holds  func(s []byte) bool
}

func newTextTest(op recon.Operator, values [][]byte) (*textTest, *fault) {
	t := &textTest{op: op, values: values}
	switch op {
	case recon.OpEq:
		t.holds = func(s []byte) bool { return bytes.Equal(s, values[0]) }
	case recon.OpNeq:
		t.holds = func(s []byte) bool { return !bytes.Equal(s, values[0]) }
	case recon.OpGt:
		t.holds = func(s []byte) bool { return bytes.Compare(s, values[0]) > 0 }
	case recon.OpGte:
		t.holds = func(s []byte) bool { return bytes.Compare(s, values[0]) >= 0 }
	case recon.OpLt:
		t.holds = func(s []byte) bool { return bytes.Compare(s, values[0]) < 0 }
	case recon.OpLte:
		t.holds = func(s []byte) bool { return bytes.Compare(s, values[0]) <= 0 }
	case recon.OpBetween:
		t.holds = func(s []byte) bool { return bytes.Compare(s, values[0]) >= 0 && bytes.Compare(s, values[1]) <= 0 }
	case recon.OpIn:
		t.holds = member(values)
		slices.SortFunc(t.values, bytes.Compare)
	case recon.OpLike:
		p, err := newPattern(values[0])
		if err != nil {
			return nil, badValue("like pattern %s: %v", show(string(values[0])), err)
		}
		t.like, t.holds = p, p.match
	}
	return t, nil
}

func member(values [][]byte) func([]byte) bool {
	set := make(map[string]struct{}, len(values))
	for _, v := range values {
		set[string(v)] = struct{}{}
	}
	return func(s []byte) bool {
		_, ok := set[string(s)]
		return ok
	}
}

func (t *textTest) keep(arr arrow.Array, keep []byte) {
	switch arr := arr.(type) {
	case *array.String:
		keepText(arr.ValueOffsets(), arr.ValueBytes(), keep, t.holds)
	case *array.LargeString:
		keepText(arr.ValueOffsets(), arr.ValueBytes(), keep, t.holds)
	case *array.StringView:
		for i := range keep {
			if keep[i] != 0 {
				v := arr.Value(i)
				keep[i] = bit(t.holds(unsafe.Slice(unsafe.StringData(v), len(v))))
			}
		}
	case *array.FixedSizeBinary:
		for i := range keep {
			if keep[i] != 0 {
				keep[i] = bit(t.holds(arr.Value(i)))
			}
		}
	}
}

// keepText goes over the values of a text column. The bytes begin with those
// of the first value, whatever the first offset.
func keepText[T int32 | int64](offsets []T, data []byte, keep []byte, holds func([]byte) bool) {
	if len(keep) == 0 {
		return
	}
	first := offsets[0]
	for i := range keep {
		if keep[i] != 0 {
			keep[i] = bit(holds(data[offsets[i]-first : offsets[i+1]-first]))
		}
	}
}

func (t *textTest) mayMatch(r Range) bool {
	least, ok1 := asBytes(r.Min)
	greatest, ok2 := asBytes(r.Max)
	if !ok1 || !ok2 {
		return true
	}
	within := func(v []byte) bool { return bytes.Compare(v, least) >= 0 && bytes.Compare(v, greatest) <= 0 }
	switch t.op {
	case recon.OpNeq:
		return !bytes.Equal(least, greatest) || t.holds(least)
	case recon.OpGt, recon.OpGte:
		return t.holds(greatest)
	case recon.OpLt, recon.OpLte:
		return t.holds(least)
	case recon.OpBetween:
		return bytes.Compare(t.values[0], greatest) <= 0 && bytes.Compare(least, t.values[1]) <= 0
	case recon.OpLike:
		return t.like.mayMatch(least, greatest)
	}
	return slices.ContainsFunc(t.values, within)
}

func asBytes(v any) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, v != nil
	case string:
		return []byte(v), true
	}
	return nil, false
}
