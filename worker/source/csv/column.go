package csv

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/text/encoding/charmap"
)

// decoder fills one column of a batch from fields. Its buffers belong to it
// until finish hands them to an array.
type decoder interface {
	// reserve makes room for rows values of the next batch.
	reserve(rows int)
	// decode appends the values of spans[0], spans[stride], ... and returns
	// the index of the first that does not fit, or -1.
	decode(buf []byte, spans []span, stride int) (bad int)
	// finish returns what was appended as an array, which the caller
	// releases, and forgets it.
	finish() arrow.Array
	// release gives back what was not finished.
	release()
}

// nullRule tells which fields are null.
type nullRule struct {
	empty bool     // the empty text
	texts [][]byte // other texts, as in the file's own encoding
}

func newNullRule(nulls []string, m *charmap.Charmap) nullRule {
	var r nullRule
	for _, s := range nulls {
		if s == "" {
			r.empty = true
			continue
		}
		text, ok := []byte(s), true
		if m != nil {
			text, ok = encodeBytes(s, m)
		}
		if ok {
			r.texts = append(r.texts, text)
		}
	}
	return r
}

// null reports whether a field is null in a column of any type.
func (r *nullRule) null(buf []byte, s span) bool {
	if s == missing {
		return true
	}
	if s.quoted() {
		return false
	}
	if s.start == s.end {
		return r.empty
	}
	for _, t := range r.texts {
		if bytes.Equal(t, buf[s.start:s.end]) {
			return true
		}
	}
	return false
}

// validity is a column's null bitmap, which exists only from the first null.
type validity struct {
	mem   memory.Allocator
	buf   *memory.Buffer
	nulls int
}

// clear marks value i of capacity as null.
func (v *validity) clear(i, capacity int) {
	if v.buf == nil {
		v.buf = memory.NewResizableBuffer(v.mem)
		v.buf.Resize((capacity + 7) / 8)
		for j := range v.buf.Bytes() {
			v.buf.Bytes()[j] = 0xff
		}
	}
	v.buf.Bytes()[i/8] &^= 1 << (i % 8)
	v.nulls++
}

// take returns the bitmap and the number of nulls and starts anew.
func (v *validity) take() (*memory.Buffer, int) {
	buf, nulls := v.buf, v.nulls
	v.buf, v.nulls = nil, 0
	return buf, nulls
}

// newArray wraps buffers, whose ownership it takes, as an array.
func newArray(t arrow.DataType, rows, nulls int, buffers ...*memory.Buffer) arrow.Array {
	data := array.NewData(t, rows, buffers, nil, nulls, 0)
	defer data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(data)
}

// newDecoder returns the decoder of a column in files of the given encoding.
func newDecoder(c column, d *dialect, encoding string, mem memory.Allocator) decoder {
	m := charmaps[encoding]
	nulls := newNullRule(d.Nulls, m)
	if c.Type.kind == kindText {
		return &textDecoder{dialect: d, charmap: m, nulls: nulls, validity: validity{mem: mem}}
	}
	base := fixed{typ: c.Type.arrow(), dialect: d, nulls: nulls, validity: validity{mem: mem}}
	switch c.Type.kind {
	case kindInteger:
		return &fixedDecoder[int64]{fixed: base, parse: func(b []byte) (int64, bool) { return parseInteger(b, c.Declared) }}
	case kindDecimal:
		return newDecimalDecoder(base, c)
	case kindDouble:
		return &fixedDecoder[float64]{fixed: base, parse: parseDouble}
	case kindDate:
		return &fixedDecoder[int32]{fixed: base, parse: parseDate}
	case kindTimestamp, kindTimestampTZ:
		zoned := c.Type.kind == kindTimestampTZ
		return &fixedDecoder[int64]{fixed: base, parse: func(b []byte) (int64, bool) { return parseTimestamp(b, zoned) }}
	default:
		return &booleanDecoder{fixed: base, loose: c.Declared}
	}
}
