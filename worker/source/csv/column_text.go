package csv

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/text/encoding/charmap"
)

// textDecoder decodes text: all values one after the other in one buffer, and
// where each begins in another.
type textDecoder struct {
	validity
	dialect *dialect
	charmap *charmap.Charmap // nil: UTF-8
	nulls   nullRule
	offsets *memory.Buffer
	data    *memory.Buffer
	size    int // bytes of data in use
	usual   int // bytes of data that the last batch had
	rows    int
	room    int
	scratch []byte
}

// reserve implements decoder.
func (d *textDecoder) reserve(rows int) {
	d.offsets = memory.NewResizableBuffer(d.mem)
	d.offsets.Resize((rows + 1) * 4)
	cast[int32](d.offsets.Bytes())[0] = 0
	d.data = memory.NewResizableBuffer(d.mem)
	d.rows, d.room, d.size = 0, rows, 0
	d.grow(d.usual + d.usual/8)
}

// grow makes room for more bytes of data.
func (d *textDecoder) grow(more int) {
	if need := d.size + more; need > d.data.Len() {
		d.data.Resize(max(need, 2*d.data.Len()))
	}
}

// decode implements decoder.
func (d *textDecoder) decode(buf []byte, spans []span, stride int) int {
	offsets := cast[int32](d.offsets.Bytes())
	first, firstByte := d.rows, d.size
	for i := 0; i < len(spans); i += stride {
		s := spans[i]
		switch {
		case (s.quoted() || s.start != s.end) && len(d.nulls.texts) == 0 && !s.escaped() && d.charmap == nil && s != missing:
			d.copy(buf, s)
		case d.nulls.null(buf, s):
			d.clear(d.rows, d.room)
		default:
			if !d.appendOther(s.text(buf), s.escaped()) {
				return i / stride
			}
		}
		d.rows++
		offsets[d.rows] = int32(d.size)
	}
	if d.charmap != nil {
		return -1
	}
	return d.checkUTF8(first, firstByte)
}

// copy appends a plain field. Short ones are copied as two words, which reads
// and writes past their end, where there is room for it.
func (d *textDecoder) copy(buf []byte, s span) {
	from, n := int(s.start), int(s.end&spanEnd-s.start)
	if d.size+n+16 > d.data.Len() {
		d.grow(n + 16)
	}
	out := d.data.Bytes()
	if n <= 16 && from+16 <= len(buf) {
		src, dst := buf[from:from+16], out[d.size:d.size+16]
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src))
		binary.LittleEndian.PutUint64(dst[8:], binary.LittleEndian.Uint64(src[8:]))
	} else {
		copy(out[d.size:], buf[from:from+n])
	}
	d.size += n
}

// appendOther appends a field that has to be unescaped or decoded first.
func (d *textDecoder) appendOther(text []byte, escaped bool) bool {
	if escaped {
		d.scratch = d.dialect.unescape(d.scratch[:0], text)
		text = d.scratch
	}
	if d.charmap != nil {
		decoded, err := decodeBytes(nil, text, d.charmap)
		if err != nil {
			return false
		}
		text = decoded
	}
	d.grow(len(text))
	d.size += copy(d.data.Bytes()[d.size:], text)
	return true
}

// checkUTF8 returns the first of the values from row first on, which begin at
// data offset firstByte, that is no UTF-8, counted from first; -1 if all are.
func (d *textDecoder) checkUTF8(first, firstByte int) int {
	if ascii(d.data.Bytes()[firstByte:d.size]) {
		return -1
	}
	offsets := cast[int32](d.offsets.Bytes())
	for i := first; i < d.rows; i++ {
		if !utf8.Valid(d.data.Bytes()[offsets[i]:offsets[i+1]]) {
			return i - first
		}
	}
	return -1
}

func ascii(b []byte) bool {
	var all uint64
	for ; len(b) >= 8; b = b[8:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&0x8080808080808080 == 0
}

// finish implements decoder.
func (d *textDecoder) finish() arrow.Array {
	bitmap, nulls := d.take()
	offsets, data := d.offsets, d.data
	d.offsets, d.data, d.usual = nil, nil, d.size
	data.ResizeNoShrink(d.size)
	offsets.ResizeNoShrink((d.rows + 1) * 4)
	return newArray(arrow.BinaryTypes.String, d.rows, nulls, bitmap, offsets, data)
}

// release implements decoder.
func (d *textDecoder) release() {
	for _, b := range []*memory.Buffer{d.offsets, d.data, d.buf} {
		if b != nil {
			b.Release()
		}
	}
	d.offsets, d.data, d.buf = nil, nil, nil
}
