package evidence

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// plainPages is what columns without a dictionary have in common.
type plainPages struct{}

func (plainPages) step(arrow.Array, int) int { return 4096 }

func (plainPages) full(page []byte) bool { return len(page) >= levelRoom+pageBytes }

func (plainPages) seal(page []byte) ([]byte, parquet.Encoding) {
	return page, parquet.Encodings.Plain
}

func (plainPages) dictionary() ([]byte, int) { return nil, 0 }

func setBounds(s *metadata.EncodedStatistics, low, high []byte) { s.SetMin(low).SetMax(high) }

// present looks up row i of arr in a bitmap of it.
func present(bitmap []byte, arr arrow.Array, i int) bool {
	return bitutil.BitIsSet(bitmap, arr.Data().Offset()+i)
}

// valuesOf returns the values of a flat type; see isFlat.
func valuesOf(t arrow.DataType, descr *schema.Column) values {
	switch t := t.(type) {
	case arrow.ExtensionType:
		return valuesOf(t.StorageType(), descr)
	case *arrow.DictionaryType:
		inner := valuesOf(t.ValueType, descr)
		if text, ok := inner.(interface{ plainOnly() }); ok {
			text.plainOnly()
		}
		return &codedValues{inner: inner}
	case *arrow.Decimal128Type:
		return newDecimalValues(descr)
	case *arrow.FixedSizeBinaryType:
		return &binaryValues{width: t.ByteWidth}
	}
	switch t.ID() {
	case arrow.BOOL:
		return &boolValues{}
	case arrow.STRING, arrow.BINARY:
		return newTextValues[int32]()
	case arrow.LARGE_STRING, arrow.LARGE_BINARY:
		return newTextValues[int64]()
	case arrow.INT8:
		return newWidened[int8]()
	case arrow.INT16:
		return newWidened[int16]()
	case arrow.UINT8:
		return newWidened[uint8]()
	case arrow.UINT16:
		return newWidened[uint16]()
	case arrow.UINT32:
		return newFixed[uint32]()
	case arrow.UINT64:
		return newFixed[uint64]()
	case arrow.FLOAT32:
		return newFixed[float32]()
	case arrow.FLOAT64:
		return newFixed[float64]()
	case arrow.INT32, arrow.DATE32, arrow.TIME32:
		return newFixed[int32]()
	}
	return newFixed[int64]()
}

// isFlat reports whether valuesOf knows the type.
func isFlat(t arrow.DataType) bool {
	switch t := t.(type) {
	case arrow.ExtensionType:
		return isFlat(t.StorageType())
	case *arrow.DictionaryType:
		return t.IndexType.ID() == arrow.INT8 && isFlat(t.ValueType)
	case *arrow.Time32Type:
		return t.Unit == arrow.Millisecond
	case *arrow.TimestampType:
		return t.Unit == arrow.Microsecond || t.Unit == arrow.Nanosecond
	}
	switch t.ID() {
	case arrow.BOOL, arrow.STRING, arrow.BINARY, arrow.LARGE_STRING, arrow.LARGE_BINARY, arrow.FIXED_SIZE_BINARY,
		arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64,
		arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL128, arrow.DATE32, arrow.TIME64:
		return true
	}
	return false
}

type number interface {
	int32 | int64 | uint32 | uint64 | float32 | float64
}

// bounds are the smallest and largest value of a chunk. A chunk with a NaN has
// none, because readers do not agree on where NaN sorts.
type bounds[T number] struct {
	low, high T
	any, nan  bool
}

func (b *bounds[T]) add(v T) {
	switch {
	case v != v:
		b.nan = true
	case !b.any:
		b.low, b.high, b.any = v, v, true
	case v < b.low:
		b.low = v
	case v > b.high:
		b.high = v
	}
}

func (b *bounds[T]) addAll(vs []T) {
	if len(vs) == 0 {
		return
	}
	b.add(vs[0])
	if !b.any {
		for _, v := range vs {
			b.add(v)
		}
		return
	}
	low, high, nan := b.low, b.high, b.nan
	for _, v := range vs {
		nan = nan || v != v
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	b.low, b.high, b.nan = low, high, nan
}

func (b *bounds[T]) stats(s *metadata.EncodedStatistics) {
	if !b.any || b.nan {
		return
	}
	low, high := b.low, b.high
	// Parquet's order of zeros is not settled: the bounds take in both.
	if negative, ok := any(math.Copysign(0, -1)).(T); ok && low == 0 {
		low = negative
	}
	if negative, ok := any(float32(math.Copysign(0, -1))).(T); ok && low == 0 {
		low = negative
	}
	if high == 0 {
		high = 0
	}
	setBounds(s, bytesOf(low), bytesOf(high))
}

func bytesOf[T number](v T) []byte {
	one := []T{v}
	return append([]byte(nil), arrow.GetBytes(one)...)
}

// fixedValues are stored as they lie in memory, little endian.
type fixedValues[T number] struct {
	plainPages
	bounds[T]
}

func newFixed[T number]() *fixedValues[T] { return &fixedValues[T]{} }

func (v *fixedValues[T]) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	all := arrow.GetValues[T](arr.Data(), 1)[from:to]
	if arr.NullN() == 0 {
		v.addAll(all)
		return append(page, arrow.GetBytes(all)...), nil
	}
	bitmap := arr.NullBitmapBytes()
	width := int(unsafe.Sizeof(all[0]))
	raw := arrow.GetBytes(all)
	for i, n := range all {
		if present(bitmap, arr, from+i) {
			page = append(page, raw[i*width:(i+1)*width]...)
			v.add(n)
		}
	}
	return page, nil
}

func (v *fixedValues[T]) reset() { v.bounds = bounds[T]{} }

type narrow interface {
	int8 | int16 | uint8 | uint16
}

// widened stores small integers in the 32 bits that Parquet has for them.
type widened[V narrow] struct {
	plainPages
	bounds[int32]
}

func newWidened[V narrow]() *widened[V] { return &widened[V]{} }

func (v *widened[V]) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	bitmap, nulls := arr.NullBitmapBytes(), arr.NullN() > 0
	for i, n := range arrow.GetValues[V](arr.Data(), 1)[from:to] {
		if nulls && !present(bitmap, arr, from+i) {
			continue
		}
		page = binary.LittleEndian.AppendUint32(page, uint32(int32(n)))
		v.add(int32(n))
	}
	return page, nil
}

func (v *widened[V]) reset() { v.bounds = bounds[int32]{} }

// boolValues has one bit for each value.
type boolValues struct {
	plainPages
	inPage  int
	no, yes bool
}

func (v *boolValues) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	bitmap, nulls := arr.NullBitmapBytes(), arr.NullN() > 0
	bits := arr.Data().Buffers()[1].Bytes()
	for i := from; i < to; i++ {
		if nulls && !present(bitmap, arr, i) {
			continue
		}
		if v.inPage%8 == 0 {
			page = append(page, 0)
		}
		if present(bits, arr, i) {
			page[len(page)-1] |= 1 << (v.inPage % 8)
			v.yes = true
		} else {
			v.no = true
		}
		v.inPage++
	}
	return page, nil
}

func (v *boolValues) seal(page []byte) ([]byte, parquet.Encoding) {
	v.inPage = 0
	return page, parquet.Encodings.Plain
}

func (v *boolValues) stats(s *metadata.EncodedStatistics) {
	bit := map[bool]byte{true: 1}
	if v.no || v.yes {
		setBounds(s, []byte{bit[!v.no]}, []byte{bit[v.yes]})
	}
}

func (v *boolValues) reset() { *v = boolValues{} }
