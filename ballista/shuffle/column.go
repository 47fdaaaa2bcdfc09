package shuffle

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// measure sets the lengths of a column's buffers in every target.
func (d *field) measure(f *flush, c int) {
	nulls := false
	for b := range f.runs {
		nulls = nulls || f.column(b, c).NullN() > 0
	}
	for i := range f.targets {
		t := &f.targets[i]
		t.nodes[d.node] = node{rows: t.rows}
		if d.kind == kindNull {
			t.nodes[d.node].nulls = t.rows
			continue
		}
		t.buffers[d.buffer].length = 0
		if nulls {
			t.buffers[d.buffer].length = (t.rows + 7) / 8
		}
		switch d.kind {
		case kindFixed:
			t.buffers[d.buffer+1].length = t.rows * d.width
		case kindBits:
			t.buffers[d.buffer+1].length = (t.rows + 7) / 8
		case kindBytes:
			t.buffers[d.buffer+1].length = (t.rows + 1) * d.width
		}
	}
	switch d.kind {
	case kindBytes:
		d.measureBytes(f, c)
	case kindList, kindStruct, kindArray:
		d.grow(f, c)
	}
}

func (d *field) measureBytes(f *flush, c int) {
	for b, runs := range f.runs {
		data := f.column(b, c).Data()
		order := f.router.batches[b].order
		for _, r := range runs {
			n := 0
			if d.width == 4 {
				n = lengths(values[int32](data, 1, 1), order, r)
			} else {
				n = lengths(values[int64](data, 1, 1), order, r)
			}
			f.targets[r.target].bytes += n
		}
	}
	for i := range f.targets {
		f.targets[i].buffers[d.buffer+2].length = f.targets[i].bytes
	}
}

// lengths adds up the lengths of a run's values.
func lengths[O int32 | int64](offsets []O, order []int32, r run) int {
	if r.from == r.to {
		return 0
	}
	if order == nil {
		return int(offsets[r.to] - offsets[r.from])
	}
	n := O(0)
	for _, row := range order[r.from:r.to] {
		n += offsets[row+1] - offsets[row]
	}
	return int(n)
}

// values sees a buffer of an array, from its offset on; extra values follow
// those of its rows.
func values[T any](data arrow.ArrayData, buffer, extra int) []T {
	var t T
	b := data.Buffers()[buffer]
	if b == nil || b.Len() == 0 {
		return make([]T, extra) // an empty array may leave out its offsets
	}
	size := int(unsafe.Sizeof(t))
	return view[T](b.Bytes()[data.Offset()*size : (data.Offset()+data.Len()+extra)*size])
}

// fill copies a column into the targets from..to.
func (d *field) fill(f *flush, c, from, to int) {
	if d.kind == kindNull {
		return
	}
	if d.kind == kindList || d.kind == kindStruct || d.kind == kindArray {
		for i := from; i < to; i++ {
			f.targets[i].grown[0].emit(&f.targets[i], len(f.layout.template))
			f.targets[i].grown = f.targets[i].grown[1:]
		}
		return
	}
	for i := from; i < to; i++ {
		clear(f.buffer(&f.targets[i], d.buffer))
		if d.kind == kindBits {
			clear(f.buffer(&f.targets[i], d.buffer+1))
		}
	}
	for b, runs := range f.runs {
		array := f.column(b, c)
		order := f.router.batches[b].order
		src := source{data: array.Data(), nulls: array.NullN() > 0}
		for _, r := range runs {
			if r.target < from || r.target >= to {
				continue
			}
			t := &f.targets[r.target]
			rows := rowSet{from: r.from, n: r.to - r.from}
			if order != nil {
				rows.list = order[r.from:r.to]
			}
			d.fillValidity(f, t, src, rows)
			switch d.kind {
			case kindFixed:
				takeFixed(f.buffer(t, d.buffer+1)[t.filled*d.width:], src.data, d.width, rows)
			case kindBits:
				takeBits(f.buffer(t, d.buffer+1), t.filled, src.data.Buffers()[1].Bytes(), src.data.Offset(), rows)
			case kindBytes:
				d.fillBytes(f, t, src, rows)
			}
			t.filled += rows.n
		}
	}
	for i := from; i < to; i++ {
		t := &f.targets[i]
		if t.buffers[d.buffer].length > 0 {
			t.nodes[d.node].nulls = t.rows - bitutil.CountSetBits(f.buffer(t, d.buffer), 0, t.rows)
		}
	}
}

// source is a column of a batch.
type source struct {
	data  arrow.ArrayData
	nulls bool
}

// rowSet are rows of a batch: those in the list, or, without one, n from one
// on.
type rowSet struct {
	list    []int32
	from, n int
}

// buffer returns a target's buffer to write to.
func (f *flush) buffer(t *target, i int) []byte {
	at := len(f.layout.template) + t.buffers[i].at
	return t.data[at : at+t.buffers[i].length]
}

func (d *field) fillValidity(f *flush, t *target, src source, rows rowSet) {
	if t.buffers[d.buffer].length == 0 {
		return
	}
	dst := f.buffer(t, d.buffer)
	if !src.nulls {
		bitutil.SetBitsTo(dst, int64(t.filled), int64(rows.n), true)
		return
	}
	takeBits(dst, t.filled, src.data.Buffers()[0].Bytes(), src.data.Offset(), rows)
}

func (d *field) fillBytes(f *flush, t *target, src source, rows rowSet) {
	var bytes []byte
	if b := src.data.Buffers()[2]; b != nil {
		bytes = b.Bytes()
	}
	offsets, dst := f.buffer(t, d.buffer+1), f.buffer(t, d.buffer+2)
	if d.width == 4 {
		t.bytes = takeBytes(view[int32](offsets)[t.filled:], dst, t.bytes, values[int32](src.data, 1, 1), bytes, rows)
	} else {
		t.bytes = takeBytes(view[int64](offsets)[t.filled:], dst, t.bytes, values[int64](src.data, 1, 1), bytes, rows)
	}
}

// takeBytes copies values and writes where each begins, and at last where the
// last one ends. It returns that.
func takeBytes[O int32 | int64](starts []O, dst []byte, at int, offsets []O, src []byte, rows rowSet) int {
	if rows.list == nil {
		if rows.n == 0 {
			return at
		}
		first, last := offsets[rows.from], offsets[rows.from+rows.n]
		copy(dst[at:], src[first:last])
		shift := O(at) - first
		for i, o := range offsets[rows.from : rows.from+rows.n+1] {
			starts[i] = o + shift
		}
		return at + int(last-first)
	}
	starts = starts[:len(rows.list)+1]
	for i, row := range rows.list {
		starts[i] = O(at)
		start, end := int(offsets[row]), int(offsets[row+1])
		// Short values are copied in one piece of a fixed length, with what
		// follows them; the next value overwrites that.
		switch n := end - start; {
		case n <= 16 && start+16 <= len(src) && at+16 <= len(dst):
			copy(dst[at:at+16], src[start:start+16])
		case n <= 32 && start+32 <= len(src) && at+32 <= len(dst):
			copy(dst[at:at+32], src[start:start+32])
		default:
			copy(dst[at:], src[start:end])
		}
		at += end - start
	}
	starts[len(rows.list)] = O(at)
	return at
}

// takeFixed copies values of a fixed width.
func takeFixed(dst []byte, data arrow.ArrayData, width int, rows rowSet) {
	src := data.Buffers()[1].Bytes()[data.Offset()*width:]
	if rows.list == nil {
		copy(dst, src[rows.from*width:(rows.from+rows.n)*width])
		return
	}
	aligned := uintptr(unsafe.Pointer(unsafe.SliceData(src))) | uintptr(unsafe.Pointer(unsafe.SliceData(dst)))
	switch {
	case width == 1:
		take(dst, src, rows.list)
	case width == 2 && aligned%2 == 0:
		take(view[uint16](dst), view[uint16](src), rows.list)
	case width == 4 && aligned%4 == 0:
		take(view[uint32](dst), view[uint32](src), rows.list)
	case width == 8 && aligned%8 == 0:
		take(view[uint64](dst), view[uint64](src), rows.list)
	case width == 16 && aligned%8 == 0:
		take(view[[2]uint64](dst), view[[2]uint64](src), rows.list)
	default:
		for i, row := range rows.list {
			copy(dst[i*width:(i+1)*width], src[int(row)*width:])
		}
	}
}

func take[T any](dst, src []T, rows []int32) {
	dst = dst[:len(rows)]
	for i, row := range rows {
		dst[i] = src[row]
	}
}

// takeBits copies single bits to dst, from bit at on. dst is zero there.
func takeBits(dst []byte, at int, src []byte, offset int, rows rowSet) {
	if rows.list == nil {
		bitutil.CopyBitmap(src, offset+rows.from, rows.n, dst, at)
		return
	}
	list := rows.list
	for ; at&7 != 0 && len(list) > 0; list = list[1:] {
		dst[at>>3] |= bitAt(src, offset+int(list[0])) << (uint(at) & 7)
		at++
	}
	for ; len(list) >= 8; list = list[8:] {
		eight := byte(0)
		for i, row := range list[:8] {
			eight |= bitAt(src, offset+int(row)) << i
		}
		dst[at>>3] = eight
		at += 8
	}
	for i, row := range list {
		dst[at>>3] |= bitAt(src, offset+int(row)) << i
	}
}

func bitAt(b []byte, i int) byte { return b[i>>3] >> (uint(i) & 7) & 1 }
