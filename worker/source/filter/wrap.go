package filter

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// storageTest looks at an extension type's storage.
type storageTest struct{ inner test }

func (t storageTest) keep(arr arrow.Array, keep []byte) {
	t.inner.keep(arr.(array.ExtensionArray).Storage(), keep)
}

func (t storageTest) mayMatch(r Range) bool { return t.inner.mayMatch(r) }

// dictionaryTest compares each distinct value once.
type dictionaryTest struct{ inner test }

func (t dictionaryTest) keep(arr arrow.Array, keep []byte) {
	coded := arr.(*array.Dictionary)
	values := coded.Dictionary()
	kept := ones(nil, values.Len())
	t.inner.keep(values, kept)
	dropNulls(values, kept)
	for i := range keep {
		if keep[i] != 0 && coded.IsValid(i) {
			keep[i] = kept[coded.GetValueIndex(i)]
		}
	}
}

func (t dictionaryTest) mayMatch(r Range) bool { return t.inner.mayMatch(r) }

// nothing is for columns that hold only nulls.
type nothing struct{}

func (nothing) keep(_ arrow.Array, keep []byte) { clear(keep) }
func (nothing) mayMatch(Range) bool             { return false }

// ones returns n ones in buf, which it grows as needed.
func ones(buf []byte, n int) []byte {
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	for i := range buf {
		buf[i] = 1
	}
	return buf
}

// dropNulls clears keep where arr is null.
func dropNulls(arr arrow.Array, keep []byte) {
	if arr.NullN() == 0 {
		return
	}
	for i := range keep {
		keep[i] &= bit(arr.IsValid(i))
	}
}
