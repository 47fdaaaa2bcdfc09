package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// bytesVector is the vector of types of any length: text and bytea.
//
// Its offsets have 32 bits. They cannot overflow, because a batch ends once it
// holds batchBytes, and no single value is larger than Config.MaxFieldBytes,
// which is at most 1 GiB.
type bytesVector struct {
	validity
	dtype   arrow.DataType
	check   func(v []byte) ([]byte, error) // nil when every value is good
	offsets *memory.Buffer
	ends    []int32
	data    *memory.Buffer
	used    int
}

func newBytes(mem memory.Allocator, dtype arrow.DataType, check func([]byte) ([]byte, error)) vector {
	return &bytesVector{validity: validity{mem: mem}, dtype: dtype, check: check}
}

func (b *bytesVector) append(v []byte) error {
	if b.check != nil {
		var err error
		if v, err = b.check(v); err != nil {
			return err
		}
	}
	if b.data == nil || len(v) > b.data.Cap()-b.used {
		b.growData(len(v))
	}
	b.used += copy(b.data.Buf()[b.used:], v)
	b.end()
	b.valid()
	return nil
}

func (b *bytesVector) appendNull() {
	b.end()
	b.null()
}

// end notes that value n ends here.
func (b *bytesVector) end() {
	if b.n+1 >= len(b.ends) {
		b.offsets, b.ends = growBuffer[int32](b.mem, b.offsets, minCapacity+1)
		b.ends[0] = 0
	}
	b.ends[b.n+1] = int32(b.used)
}

func (b *bytesVector) growData(more int) {
	if b.data != nil {
		b.data.ResizeNoShrink(b.used)
	}
	b.data, _ = growBuffer[byte](b.mem, b.data, max(b.used+more, 16*minCapacity))
}

func (b *bytesVector) finish() arrow.Array {
	if b.ends == nil {
		b.end()
	}
	if b.data == nil {
		b.growData(0)
	}
	offsets, data, used := b.offsets, b.data, b.used
	b.offsets, b.ends, b.data, b.used = nil, nil, nil, 0
	bitmap, n, nulls := b.take()
	offsets.ResizeNoShrink(4 * (n + 1))
	data.ResizeNoShrink(used)
	return newArray(b.dtype, n, nulls, nil, bitmap, offsets, data)
}

func (b *bytesVector) release() {
	b.validity.release()
	releaseBuffer(b.offsets)
	releaseBuffer(b.data)
	b.offsets, b.ends, b.data, b.used = nil, nil, nil, 0
}

// utf8Text refuses what is no UTF-8. Only a database with the encoding
// SQL_ASCII can send such text; all others convert or have checked it.
func utf8Text(v []byte) ([]byte, error) {
	if !utf8.Valid(v) {
		return nil, fmt.Errorf("the text %q is not valid UTF-8; the database's encoding is SQL_ASCII, which holds any bytes", clip(v))
	}
	return v, nil
}

// jsonbDecoder returns the decoder that strips the version byte, with which
// jsonb's binary form begins.
func jsonbDecoder(checkUTF8 bool) func([]byte) ([]byte, error) {
	return func(v []byte) ([]byte, error) {
		if len(v) == 0 || v[0] != 1 {
			return nil, errors.New("the server sends jsonb in a version that is not known here")
		}
		if checkUTF8 {
			return utf8Text(v[1:])
		}
		return v[1:], nil
	}
}

// clip cuts a value for an error message.
func clip(v []byte) []byte {
	if len(v) > 40 {
		return append(v[:40:40], "..."...)
	}
	return v
}

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
		l.offsets, l.ends = growBuffer[int32](l.mem, l.offsets, minCapacity+1)
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
