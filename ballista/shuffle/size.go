package shuffle

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
)

// sizeOf is about how many bytes n rows take in a block.
func (d *field) sizeOf(data arrow.ArrayData, from, n int) int {
	size := (n + 7) / 8
	switch d.kind {
	case kindNull:
		return 0
	case kindFixed:
		size += n * d.width
	case kindBits:
		size += (n + 7) / 8
	case kindBytes, kindList:
		size += n * d.width
		if n == 0 || data.Buffers()[1] == nil || data.Buffers()[1].Len() == 0 {
			return size
		}
		first := offset(data, data.Offset()+from, d.width)
		last := offset(data, data.Offset()+from+n, d.width)
		if d.kind == kindBytes {
			return size + last - first
		}
		return size + d.children[0].sizeOf(data.Children()[0], first, last-first)
	case kindStruct:
		for i, child := range d.children {
			size += child.sizeOf(data.Children()[i], data.Offset()+from, n)
		}
	case kindArray:
		size += d.children[0].sizeOf(data.Children()[0], (data.Offset()+from)*d.size, n*d.size)
	}
	return size
}

// addSizes adds to each row's size what one column takes of it.
func addSizes(sizes []int, f *field, data arrow.ArrayData) {
	for row := range sizes {
		sizes[row] += f.sizeOf(data, row, 1)
	}
}

// offset reads the offset of a value.
func offset(data arrow.ArrayData, row, width int) int {
	b := data.Buffers()[1].Bytes()[row*width:]
	if width == 4 {
		return int(binary.LittleEndian.Uint32(b))
	}
	return int(binary.LittleEndian.Uint64(b))
}
