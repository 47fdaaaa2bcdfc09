package postgres

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// vector collects one column of a batch in Arrow's layout, straight from the
// server's binary values, without an allocation per value.
type vector interface {
	// append adds a value; v is its binary form and valid during the call.
	// After an error the vector can only be released.
	append(v []byte) error
	appendNull()
	// finish returns what has been collected and begins anew. The caller
	// releases the array.
	finish() arrow.Array
	// release frees what has been collected.
	release()
}

// minCapacity is the number of values that a buffer first has room for, in
// the first batch. In the next ones it has room for as much as the last batch
// held, unless that was more than maxHint bytes.
const (
	minCapacity = 1024
	maxHint     = 4 << 20
)

// validity counts a vector's values and notes which are null. It holds no
// bitmap before the first null.
type validity struct {
	mem      memory.Allocator
	bitmap   *memory.Buffer
	n, nulls int
	// last is the number of values in the batch before.
	last int
}

// valid counts a value.
func (v *validity) valid() {
	if v.bitmap != nil {
		v.room()
		bitutil.SetBit(v.bitmap.Buf(), v.n)
	}
	v.n++
}

// null counts a null.
func (v *validity) null() {
	if v.bitmap == nil {
		v.bitmap = memory.NewResizableBuffer(v.mem)
		v.bitmap.Reserve(int(bitutil.BytesForBits(int64(max(v.n+1, minCapacity)))))
		clear(v.bitmap.Buf())
		bitutil.SetBitsTo(v.bitmap.Buf(), 0, int64(v.n), true)
	}
	v.room()
	v.n++
	v.nulls++
}

// room makes the bitmap reach to value n.
func (v *validity) room() {
	had := v.bitmap.Cap()
	if v.n < had*8 {
		return
	}
	v.bitmap.ResizeNoShrink(had)
	v.bitmap.Reserve(2 * had)
	clear(v.bitmap.Buf()[had:])
}

// take hands over the bitmap, cut to its length, and begins anew.
func (v *validity) take() (bitmap *memory.Buffer, n, nulls int) {
	bitmap, n, nulls = v.bitmap, v.n, v.nulls
	if bitmap != nil {
		bitmap.ResizeNoShrink(int(bitutil.BytesForBits(int64(n))))
	}
	v.bitmap, v.n, v.nulls, v.last = nil, 0, 0, n
	return bitmap, n, nulls
}

func (v *validity) release() {
	releaseBuffer(v.bitmap)
	v.bitmap, v.n, v.nulls = nil, 0, 0
}

// fixed is the vector of a type whose values have the size of T.
type fixed[T any] struct {
	validity
	dtype  arrow.DataType
	decode func(v []byte) (T, error)
	buf    *memory.Buffer
	vals   []T
}

func newFixed[T any](mem memory.Allocator, dtype arrow.DataType, decode func([]byte) (T, error)) vector {
	return &fixed[T]{validity: validity{mem: mem}, dtype: dtype, decode: decode}
}

func (f *fixed[T]) append(v []byte) error {
	x, err := f.decode(v)
	if err != nil {
		return err
	}
	if f.n == len(f.vals) {
		f.grow()
	}
	f.vals[f.n] = x
	f.valid()
	return nil
}

func (f *fixed[T]) appendNull() {
	if f.n == len(f.vals) {
		f.grow()
	}
	var zero T
	f.vals[f.n] = zero
	f.null()
}

func (f *fixed[T]) grow() {
	f.buf, f.vals = growBuffer[T](f.mem, f.buf, max(f.last, minCapacity))
}

func (f *fixed[T]) finish() arrow.Array {
	if f.buf == nil {
		f.grow()
	}
	buf, size := f.buf, int(unsafe.Sizeof(f.vals[0]))
	f.buf, f.vals = nil, nil
	bitmap, n, nulls := f.take()
	buf.ResizeNoShrink(n * size)
	return newArray(f.dtype, n, nulls, nil, bitmap, buf)
}

func (f *fixed[T]) release() {
	f.validity.release()
	releaseBuffer(f.buf)
	f.buf, f.vals = nil, nil
}

// bools is the vector of boolean.
type bools struct {
	validity
	bits *memory.Buffer
}

func (b *bools) append(v []byte) error {
	if len(v) != 1 {
		return wrongSize(v, 1)
	}
	b.set(v[0] != 0)
	b.valid()
	return nil
}

func (b *bools) appendNull() {
	b.set(false)
	b.null()
}

func (b *bools) set(x bool) {
	if b.bits == nil || b.n >= b.bits.Cap()*8 {
		b.bits, _ = growBuffer[byte](b.mem, b.bits, minCapacity)
	}
	bitutil.SetBitTo(b.bits.Buf(), b.n, x)
}

func (b *bools) finish() arrow.Array {
	if b.bits == nil {
		b.bits, _ = growBuffer[byte](b.mem, b.bits, minCapacity)
	}
	bits := b.bits
	b.bits = nil
	bitmap, n, nulls := b.take()
	bits.ResizeNoShrink(int(bitutil.BytesForBits(int64(n))))
	return newArray(arrow.FixedWidthTypes.Boolean, n, nulls, nil, bitmap, bits)
}

func (b *bools) release() {
	b.validity.release()
	releaseBuffer(b.bits)
	b.bits = nil
}

// growBuffer makes buf, nil at first, have room for at least n values of T,
// twice what it had, and keeps what it holds.
func growBuffer[T any](mem memory.Allocator, buf *memory.Buffer, n int) (*memory.Buffer, []T) {
	var zero T
	if buf == nil {
		buf = memory.NewResizableBuffer(mem)
	}
	buf.Reserve(max(n*int(unsafe.Sizeof(zero)), 2*buf.Cap()))
	return buf, view[T](buf.Buf())
}

// view is b seen as values of T, as many as fit.
func view[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// newArray makes an array that takes over the buffers and the children.
func newArray(dtype arrow.DataType, n, nulls int, children []arrow.Array, buffers ...*memory.Buffer) arrow.Array {
	var childData []arrow.ArrayData
	for _, c := range children {
		childData = append(childData, c.Data())
	}
	data := array.NewData(dtype, n, buffers, childData, nulls, 0)
	defer data.Release()
	for _, b := range buffers {
		releaseBuffer(b)
	}
	for _, c := range children {
		c.Release()
	}
	return array.MakeFromData(data)
}

func releaseBuffer(b *memory.Buffer) {
	if b != nil {
		b.Release()
	}
}
