package csv

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// fixed is what decoders of values of a fixed width have in common.
type fixed struct {
	validity
	typ     arrow.DataType
	dialect *dialect
	nulls   nullRule
	values  *memory.Buffer
	bits    int // of one value
	rows    int
	room    int // values that fit
	scratch []byte
}

// text returns a field's text without quotes and escapes.
func (f *fixed) text(buf []byte, s span) []byte {
	if !s.escaped() {
		return s.text(buf)
	}
	f.scratch = f.dialect.unescape(f.scratch[:0], s.text(buf))
	return f.scratch
}

// null is the rule for all types but text, where a quoted empty text is null.
func (f *fixed) null(buf []byte, s span) bool {
	return f.nulls.null(buf, s) || (s.quoted() && s.start == s.end&spanEnd)
}

func (f *fixed) allocate(rows, bits int) {
	f.values = memory.NewResizableBuffer(f.mem)
	f.values.Resize((rows*bits + 7) / 8)
	f.bits, f.rows, f.room = bits, 0, rows
}

// finish implements decoder.
func (f *fixed) finish() arrow.Array {
	bitmap, nulls := f.take()
	values := f.values
	f.values = nil
	values.ResizeNoShrink((f.rows*f.bits + 7) / 8)
	return newArray(f.typ, f.rows, nulls, bitmap, values)
}

// release implements decoder.
func (f *fixed) release() {
	for _, b := range []*memory.Buffer{f.values, f.buf} {
		if b != nil {
			b.Release()
		}
	}
	f.values, f.buf = nil, nil
}

// fixedDecoder decodes values that are plain Go numbers.
type fixedDecoder[T any] struct {
	fixed
	parse func([]byte) (T, bool)
}

// reserve implements decoder.
func (d *fixedDecoder[T]) reserve(rows int) {
	var zero T
	d.allocate(rows, 8*int(unsafe.Sizeof(zero)))
}

// cast views a buffer's bytes as values.
func cast[T any](b []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// decode implements decoder.
func (d *fixedDecoder[T]) decode(buf []byte, spans []span, stride int) int {
	out := cast[T](d.values.Bytes())
	parse := d.parse
	for i := 0; i < len(spans); i += stride {
		s := spans[i]
		if d.null(buf, s) {
			var zero T
			out[d.rows] = zero
			d.clear(d.rows, d.room)
		} else if v, ok := parse(d.text(buf, s)); ok {
			out[d.rows] = v
		} else {
			return i / stride
		}
		d.rows++
	}
	return -1
}

func newDecimalDecoder(base fixed, c column) decoder {
	precision, scale, loose := c.Type.precision, c.Type.scale, c.Declared
	return &fixedDecoder[decimal128.Num]{fixed: base, parse: func(b []byte) (decimal128.Num, bool) {
		return parseDecimal(b, precision, scale, loose)
	}}
}

// booleanDecoder decodes booleans, eight to a byte.
type booleanDecoder struct {
	fixed
	loose bool
}

// reserve implements decoder.
func (d *booleanDecoder) reserve(rows int) {
	d.allocate(rows, 1)
	clear(d.values.Bytes())
}

// decode implements decoder.
func (d *booleanDecoder) decode(buf []byte, spans []span, stride int) int {
	out := d.values.Bytes()
	for i := 0; i < len(spans); i += stride {
		s := spans[i]
		if d.null(buf, s) {
			d.clear(d.rows, d.room)
		} else if v, ok := parseBoolean(d.text(buf, s), d.loose); !ok {
			return i / stride
		} else if v {
			out[d.rows/8] |= 1 << (d.rows % 8)
		}
		d.rows++
	}
	return -1
}
