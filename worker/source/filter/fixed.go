package filter

import (
	"math/big"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

// native are the machine types that columns of whole units are stored as.
type native interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// nativeTest is a span over columns stored as T.
type nativeTest[T native] struct {
	span   span
	lo, hi T
	empty  bool // nothing lies between lo and hi
	in     []T  // sorted
}

func newNativeTest[T native](s span) *nativeTest[T] {
	least, greatest := limits[T]()
	t := &nativeTest[T]{span: s}
	if s.listed {
		for _, n := range s.in {
			if n.Cmp(least) >= 0 && n.Cmp(greatest) <= 0 {
				t.in = append(t.in, fromBig[T](n))
			}
		}
		slices.Sort(t.in)
		t.in = slices.Compact(t.in)
		return t
	}
	lo, hi, ok := s.clamp(least, greatest)
	if t.empty = !ok; ok {
		t.lo, t.hi = fromBig[T](lo), fromBig[T](hi)
	}
	return t
}

func limits[T native]() (least, greatest *big.Int) {
	var zero T
	bits := uint(0)
	for x := T(1); x != 0; x <<= 1 {
		bits++
	}
	one := big.NewInt(1)
	if zero-1 > zero {
		return new(big.Int), new(big.Int).Sub(new(big.Int).Lsh(one, bits), one)
	}
	half := new(big.Int).Lsh(one, bits-1)
	return new(big.Int).Neg(half), new(big.Int).Sub(half, one)
}

func fromBig[T native](n *big.Int) T {
	if n.Sign() < 0 {
		return T(n.Int64())
	}
	return T(n.Uint64())
}

func (t *nativeTest[T]) keep(arr arrow.Array, keep []byte) {
	values := fixedValues[T](arr)
	switch {
	case t.span.listed:
		for i, v := range values {
			if keep[i] != 0 {
				_, found := slices.BinarySearch(t.in, v)
				keep[i] = bit(found)
			}
		}
	case t.empty && !t.span.not:
		clear(keep)
	case t.empty:
	case t.span.not:
		lo, hi := t.lo, t.hi
		for i, v := range values {
			keep[i] &= bit(v < lo) | bit(v > hi)
		}
	default:
		lo, hi := t.lo, t.hi
		for i, v := range values {
			keep[i] &= bit(v >= lo) & bit(v <= hi)
		}
	}
}

func (t *nativeTest[T]) mayMatch(r Range) bool { return spanMayMatch(t.span, r) }

// fixedValues are the values of a column stored as T, null slots included.
func fixedValues[T arrow.FixedWidthType](arr arrow.Array) []T {
	d := arr.Data()
	if d.Len() == 0 || d.Buffers()[1] == nil {
		return nil // a column of nulls may have no values
	}
	return arrow.GetData[T](d.Buffers()[1].Bytes())[d.Offset() : d.Offset()+d.Len()]
}

// bit compiles to a single instruction, so that the loops have no branches.
func bit(b bool) byte {
	var v byte
	if b {
		v = 1
	}
	return v
}

// wideTest is a span over decimals of 128 or 256 bits.
type wideTest[T decimal128.Num | decimal256.Num] struct {
	span   span
	lo, hi T
	empty  bool
	in     []T // sorted
	cmp    func(a, b T) int
}

func newWideTest[T decimal128.Num | decimal256.Num](s span, bits uint, from func(*big.Int) T, cmp func(a, b T) int) *wideTest[T] {
	greatest := new(big.Int).Lsh(big.NewInt(1), bits-1)
	greatest.Sub(greatest, big.NewInt(1))
	// Arrow's decimals stay far from the least number of their bits, which its
	// conversion does not take.
	least := new(big.Int).Neg(greatest)
	t := &wideTest[T]{span: s, cmp: cmp}
	if s.listed {
		for _, n := range s.in {
			if n.Cmp(least) >= 0 && n.Cmp(greatest) <= 0 {
				t.in = append(t.in, from(n))
			}
		}
		slices.SortFunc(t.in, cmp)
		return t
	}
	lo, hi, ok := s.clamp(least, greatest)
	if t.empty = !ok; ok {
		t.lo, t.hi = from(lo), from(hi)
	}
	return t
}

func (t *wideTest[T]) keep(arr arrow.Array, keep []byte) {
	values := wideValues[T](arr)
	for i, v := range values {
		if keep[i] == 0 {
			continue
		}
		switch {
		case t.span.listed:
			_, found := slices.BinarySearchFunc(t.in, v, t.cmp)
			keep[i] = bit(found)
		case t.empty:
			keep[i] = bit(t.span.not)
		default:
			keep[i] = bit((t.cmp(v, t.lo) >= 0 && t.cmp(v, t.hi) <= 0) != t.span.not)
		}
	}
}

func (t *wideTest[T]) mayMatch(r Range) bool { return spanMayMatch(t.span, r) }

func wideValues[T decimal128.Num | decimal256.Num](arr arrow.Array) []T {
	switch arr := arr.(type) {
	case *array.Decimal128:
		return any(arr.Values()).([]T)
	case *array.Decimal256:
		return any(arr.Values()).([]T)
	}
	return nil
}

// boolTest is a span over false = 0 and true = 1.
type boolTest struct {
	span         span
	onFalse, yes bool
}

func newBoolTest(s span) *boolTest {
	zero, one := new(big.Int), big.NewInt(1)
	return &boolTest{span: s, onFalse: s.overlaps(zero, zero), yes: s.overlaps(one, one)}
}

func (t *boolTest) keep(arr arrow.Array, keep []byte) {
	values := arr.(*array.Boolean)
	for i := range keep {
		if values.Value(i) {
			keep[i] &= bit(t.yes)
		} else {
			keep[i] &= bit(t.onFalse)
		}
	}
}

func (t *boolTest) mayMatch(r Range) bool { return spanMayMatch(t.span, r) }
