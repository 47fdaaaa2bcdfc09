package postgres

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// lists is the vector of one-dimensional arrays.
type lists struct {
	validity
	dtype   arrow.DataType
	elem    vector
	offsets *memory.Buffer
	ends    []int32
	used    int
}

func newLists(mem memory.Allocator, elemType arrow.DataType, elem vector) vector {
	return &lists{validity: validity{mem: mem}, dtype: arrow.ListOf(elemType), elem: elem}
}

// append reads array_send's form: dimensions, a flag, the element type, then
// per dimension its length and lower bound, then the elements.
func (l *lists) append(v []byte) error {
	if len(v) < 12 {
		return wrongSize(v, 12)
	}
	dims, count := int32(binary.BigEndian.Uint32(v)), 0
	v = v[12:]
	switch {
	case dims < 0 || dims > 1:
		return fmt.Errorf("an array of %d dimensions, but only lists can be carried", dims)
	case dims == 1 && len(v) < 8:
		return wrongSize(v, 8)
	case dims == 1:
		count = int(int32(binary.BigEndian.Uint32(v)))
		if lower := int32(binary.BigEndian.Uint32(v[4:])); lower != 1 {
			return fmt.Errorf("an array that counts from %d, but only lists that count from 1 can be carried", lower)
		}
		v = v[8:]
	}
	if err := l.elements(v, count); err != nil {
		return err
	}
	l.used += count
	l.end()
	l.valid()
	return nil
}

func (l *lists) elements(v []byte, count int) error {
	if count < 0 || count > len(v)/4 {
		return fmt.Errorf("an array of %d elements in %d bytes", count, len(v))
	}
	for range count {
		if len(v) < 4 {
			return wrongSize(v, 4)
		}
		size := int(int32(binary.BigEndian.Uint32(v)))
		v = v[4:]
		if size < 0 {
			l.elem.appendNull()
			continue
		}
		if size > len(v) {
			return wrongSize(v, size)
		}
		if err := l.elem.append(v[:size]); err != nil {
			return err
		}
		v = v[size:]
	}
	if len(v) != 0 {
		return fmt.Errorf("an array with %d bytes after its last element", len(v))
	}
	return nil
}

func (l *lists) appendNull() {
	l.end()
	l.null()
}

func (l *lists) end() {
	if l.n+1 >= len(l.ends) {
		l.offsets, l.ends = growBuffer[int32](l.mem, l.offsets, max(l.last, minCapacity)+1)
		l.ends[0] = 0
	}
	l.ends[l.n+1] = int32(l.used)
}

func (l *lists) finish() arrow.Array {
	if l.ends == nil {
		l.end()
	}
	offsets := l.offsets
	l.offsets, l.ends, l.used = nil, nil, 0
	bitmap, n, nulls := l.take()
	offsets.ResizeNoShrink(4 * (n + 1))
	return newArray(l.dtype, n, nulls, []arrow.Array{l.elem.finish()}, bitmap, offsets)
}

func (l *lists) release() {
	l.validity.release()
	l.elem.release()
	releaseBuffer(l.offsets)
	l.offsets, l.ends, l.used = nil, nil, 0
}
