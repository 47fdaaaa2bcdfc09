package postgres

import (
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
	// lastUsed is the number of bytes in the batch before, at most maxHint.
	lastUsed int
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
		b.offsets, b.ends = growBuffer[int32](b.mem, b.offsets, max(b.last, minCapacity)+1)
		b.ends[0] = 0
	}
	b.ends[b.n+1] = int32(b.used)
}

func (b *bytesVector) growData(more int) {
	if b.data != nil {
		b.data.ResizeNoShrink(b.used)
	}
	b.data, _ = growBuffer[byte](b.mem, b.data, max(b.used+more, b.lastUsed, 16*minCapacity))
}

func (b *bytesVector) finish() arrow.Array {
	if b.ends == nil {
		b.end()
	}
	if b.data == nil {
		b.growData(0)
	}
	offsets, data, used := b.offsets, b.data, b.used
	b.lastUsed = min(used, maxHint)
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
