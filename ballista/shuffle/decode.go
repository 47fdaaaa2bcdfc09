package shuffle

import (
	"bytes"
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// decode makes a record batch of a block without copying it: the batch refers
// to the buffer, which must be aligned to 8 bytes. Whatever the bytes are, it
// returns a batch that can be read in every part, or an error.
func (l *layout) decode(block *memory.Buffer) (arrow.RecordBatch, error) {
	b := block.Bytes()
	if len(b) < len(l.template) {
		return nil, corrupt("a block of %d bytes", len(b))
	}
	d := decoder{layout: l, block: block, bytes: b, body: len(b) - len(l.template)}
	if !d.matches() {
		return nil, corrupt("the metadata of a block")
	}
	rows := d.number(l.rowsAt)
	if got := d.number(l.bodyAt); got != d.body || rows < 0 || rows > math.MaxInt32 {
		return nil, corrupt("a block with %d rows and a body of %d bytes in place of %d", rows, got, d.body)
	}
	columns := make([]arrow.Array, 0, len(l.fields))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for _, f := range l.fields {
		data, err := d.array(f, rows)
		if err != nil {
			return nil, err
		}
		columns = append(columns, array.MakeFromData(data))
		data.Release()
	}
	return array.NewRecordBatch(l.schema, columns, int64(rows)), nil
}

type decoder struct {
	*layout
	block *memory.Buffer
	bytes []byte
	body  int
}

// matches reports whether everything but the numbers is as in the template.
func (d *decoder) matches() bool {
	same := func(from, to int) bool { return bytes.Equal(d.bytes[from:to], d.template[from:to]) }
	at := 0
	for _, gap := range d.gaps() {
		if !same(at, gap[0]) {
			return false
		}
		at = gap[1]
	}
	return same(at, len(d.template))
}

// gaps are where the template's numbers are, in order.
func (l *layout) gaps() [4][2]int {
	g := [4][2]int{
		{l.rowsAt, l.rowsAt + 8}, {l.bodyAt, l.bodyAt + 8},
		{l.nodesAt, l.nodesAt + 16*l.nodes}, {l.buffersAt, l.buffersAt + 16*l.buffers},
	}
	for i := range g {
		for j := i; j > 0 && g[j][0] < g[j-1][0]; j-- {
			g[j], g[j-1] = g[j-1], g[j]
		}
	}
	return g
}

// number reads a number; one that no memory could hold comes back as -1.
func (d *decoder) number(at int) int {
	v := binary.LittleEndian.Uint64(d.bytes[at:])
	if v > math.MaxInt64/2 {
		return -1
	}
	return int(v)
}

// array makes the array of a field that must have so many rows.
func (d *decoder) array(f *field, rows int) (*array.Data, error) {
	at := d.nodesAt + 16*f.node
	nulls := d.number(at + 8)
	if got := d.number(at); rows > math.MaxInt32 || got != rows || nulls < 0 || nulls > rows {
		return nil, corrupt("a column with %d rows in place of %d, %d of them null", got, rows, nulls)
	}
	var buffers []*memory.Buffer
	defer func() {
		for _, b := range buffers {
			if b != nil {
				b.Release()
			}
		}
	}()
	buffer := func(i, least int) ([]byte, error) {
		b, err := d.buffer(f.buffer+i, least)
		if err != nil {
			return nil, err
		}
		buffers = append(buffers, b)
		return b.Bytes(), nil
	}
	if f.kind == kindNull {
		data := array.NewData(f.typ, rows, []*memory.Buffer{nil}, nil, rows, 0)
		return data, nil
	}
	if err := d.validity(f, rows, nulls, &buffers); err != nil {
		return nil, err
	}
	children := make([]arrow.ArrayData, 0, len(f.children))
	defer func() {
		for _, c := range children {
			c.Release()
		}
	}()
	childRows := rows
	switch f.kind {
	case kindFixed:
		if _, err := buffer(1, rows*f.width); err != nil {
			return nil, err
		}
	case kindBits:
		if _, err := buffer(1, (rows+7)/8); err != nil {
			return nil, err
		}
	case kindBytes, kindList:
		offsets, err := buffer(1, (rows+1)*f.width)
		if err != nil {
			return nil, err
		}
		last, ok := checkOffsets(offsets, f.width, rows)
		if !ok {
			return nil, corrupt("offsets that go back")
		}
		childRows = last
		if f.kind == kindBytes {
			if _, err := buffer(2, last); err != nil {
				return nil, err
			}
		}
	case kindArray:
		childRows = rows * f.size
	}
	if _, ok := f.storage.(*arrow.MapType); ok && d.number(d.nodesAt+16*f.children[0].children[0].node+8) != 0 {
		return nil, corrupt("null keys in a map")
	}
	for _, child := range f.children {
		data, err := d.array(child, childRows)
		if err != nil {
			return nil, err
		}
		children = append(children, data)
	}
	return array.NewData(f.typ, rows, buffers, children, nulls, 0), nil
}

// validity appends the bitmap, or nil where every row is valid.
func (d *decoder) validity(f *field, rows, nulls int, buffers *[]*memory.Buffer) error {
	if d.number(d.buffersAt+16*f.buffer+8) == 0 {
		if nulls != 0 {
			return corrupt("nulls without a bitmap")
		}
		*buffers = append(*buffers, nil)
		return nil
	}
	b, err := d.buffer(f.buffer, (rows+7)/8)
	if err != nil {
		return err
	}
	*buffers = append(*buffers, b)
	return nil
}

// buffer returns a buffer of at least so many bytes.
func (d *decoder) buffer(i, least int) (*memory.Buffer, error) {
	at := d.buffersAt + 16*i
	e := extent{d.number(at), d.number(at + 8)}
	if e.at < 0 || e.length < least || e.at%bodyAlign != 0 || e.at > d.body || e.length > d.body-e.at {
		return nil, corrupt("a buffer of %d bytes at %d in a body of %d", e.length, e.at, d.body)
	}
	return memory.SliceBuffer(d.block, len(d.template)+e.at, e.length), nil
}

// checkOffsets returns the last of rows+1 offsets, and whether they start at
// zero and never go back.
func checkOffsets(b []byte, width, rows int) (int, bool) {
	if width == 4 {
		return ascending(view[int32](b)[:rows+1])
	}
	return ascending(view[int64](b)[:rows+1])
}

func ascending[O int32 | int64](offsets []O) (int, bool) {
	last, ok := offsets[0], offsets[0] == 0
	for _, o := range offsets {
		ok = ok && o >= last
		last = o
	}
	return int(last), ok
}

// view sees bytes as values. The bytes must be aligned as the values are.
func view[T any](b []byte) []T {
	var t T
	if len(b) < int(unsafe.Sizeof(t)) {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(t)))
}
