package shuffle

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// growing is a nested column of one target, put together row by row. Nested
// columns are rare, so this is written to be short, not to be fast.
type growing struct {
	field    *field
	rows     int
	nulls    int
	valid    []byte
	ends     []int // of the lists or values so far, after a leading 0
	data     []byte
	children []*growing
}

func newGrowing(f *field) *growing {
	g := &growing{field: f}
	if f.kind == kindBytes || f.kind == kindList {
		g.ends = []int{0}
	}
	for _, child := range f.children {
		g.children = append(g.children, newGrowing(child))
	}
	return g
}

// grow puts a column of every target together and measures it.
func (d *field) grow(f *flush, c int) {
	for i := range f.targets {
		f.targets[i].grown = append(f.targets[i].grown, newGrowing(d))
	}
	for b, runs := range f.runs {
		data := f.column(b, c).Data()
		order := f.router.batches[b].order
		for _, r := range runs {
			grown := f.targets[r.target].grown
			g := grown[len(grown)-1]
			if order == nil {
				g.span(data, r.from, r.to-r.from)
				continue
			}
			for _, row := range order[r.from:r.to] {
				g.span(data, int(row), 1)
			}
		}
	}
	for i := range f.targets {
		grown := f.targets[i].grown
		grown[len(grown)-1].measure(&f.targets[i])
	}
}

// span appends n rows of an array.
func (g *growing) span(data arrow.ArrayData, from, n int) {
	from += data.Offset()
	g.validity(data, from, n)
	g.rows += n
	switch f := g.field; f.kind {
	case kindFixed:
		g.data = append(g.data, data.Buffers()[1].Bytes()[from*f.width:(from+n)*f.width]...)
	case kindBits:
		g.bits(data, from, n)
	case kindBytes, kindList:
		for i := range n {
			start, end := span(data, from+i, f.width)
			g.ends = append(g.ends, g.ends[len(g.ends)-1]+end-start)
			switch {
			case start == end:
			case f.kind == kindBytes:
				g.data = append(g.data, data.Buffers()[2].Bytes()[start:end]...)
			default:
				g.children[0].span(data.Children()[0], start, end-start)
			}
		}
	case kindStruct:
		for i, child := range g.children {
			child.span(data.Children()[i], from, n)
		}
	case kindArray:
		g.children[0].span(data.Children()[0], from*f.size, n*f.size)
	}
}

// span returns where a list or a value lies in what it is part of. A null one
// is empty, whatever lies there.
func span(data arrow.ArrayData, row, width int) (start, end int) {
	if b := data.Buffers()[0]; b != nil && b.Len() > 0 && !bitutil.BitIsSet(b.Bytes(), row) {
		return 0, 0
	}
	return offset(data, row, width), offset(data, row+1, width)
}

func (g *growing) validity(data arrow.ArrayData, from, n int) {
	if g.field.kind == kindNull {
		g.nulls += n
		return
	}
	bitmap := data.Buffers()[0]
	for i := range n {
		at := g.rows + i
		if at&7 == 0 {
			g.valid = append(g.valid, 0)
		}
		if bitmap == nil || bitmap.Len() == 0 || bitutil.BitIsSet(bitmap.Bytes(), from+i) {
			g.valid[at>>3] |= 1 << (at & 7)
		} else {
			g.nulls++
		}
	}
}

func (g *growing) bits(data arrow.ArrayData, from, n int) {
	for i := range n {
		at := g.rows - n + i
		if at&7 == 0 {
			g.data = append(g.data, 0)
		}
		if bitutil.BitIsSet(data.Buffers()[1].Bytes(), from+i) {
			g.data[at>>3] |= 1 << (at & 7)
		}
	}
}

func (g *growing) measure(t *target) {
	f := g.field
	t.nodes[f.node] = node{g.rows, g.nulls}
	if f.kind == kindNull {
		return
	}
	t.buffers[f.buffer].length = 0
	if g.nulls > 0 {
		t.buffers[f.buffer].length = len(g.valid)
	}
	switch f.kind {
	case kindFixed, kindBits:
		t.buffers[f.buffer+1].length = len(g.data)
	case kindBytes:
		t.buffers[f.buffer+1].length = len(g.ends) * f.width
		t.buffers[f.buffer+2].length = len(g.data)
	case kindList:
		t.buffers[f.buffer+1].length = len(g.ends) * f.width
	}
	for _, child := range g.children {
		child.measure(t)
	}
}

// emit copies everything to where it was measured to be, in a body that
// begins at base.
func (g *growing) emit(t *target, base int) {
	f := g.field
	buffer := func(i int) []byte {
		e := t.buffers[f.buffer+i]
		return t.data[base+e.at : base+e.at+e.length]
	}
	if f.kind == kindNull {
		return
	}
	if g.nulls > 0 {
		copy(buffer(0), g.valid)
	}
	switch f.kind {
	case kindFixed, kindBits:
		copy(buffer(1), g.data)
	case kindBytes:
		g.putEnds(buffer(1))
		copy(buffer(2), g.data)
	case kindList:
		g.putEnds(buffer(1))
	}
	for _, child := range g.children {
		child.emit(t, base)
	}
}

func (g *growing) putEnds(dst []byte) {
	for i, end := range g.ends {
		if g.field.width == 4 {
			binary.LittleEndian.PutUint32(dst[4*i:], uint32(end))
		} else {
			binary.LittleEndian.PutUint64(dst[8*i:], uint64(end))
		}
	}
}
