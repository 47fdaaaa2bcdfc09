package engine

import (
	"fmt"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// A writer copies n values of an Arrow array, beginning at from, into the
// first n places of a DuckDB vector.
type writer func(vec duck.Vector, arr arrow.Array, from, n int) error

func newWriter(t arrow.DataType) (writer, error) {
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return decimalWriter(t), nil
	case *extensions.UUIDType:
		return writeUUID, nil
	case arrow.ExtensionType:
		inner, err := newWriter(t.StorageType())
		return func(vec duck.Vector, arr arrow.Array, from, n int) error {
			return inner(vec, arr.(array.ExtensionArray).Storage(), from, n)
		}, err
	case *arrow.BooleanType:
		return writeBool, nil
	case *arrow.StringType:
		return writeStrings[int32](true), nil
	case *arrow.LargeStringType:
		return writeStrings[int64](true), nil
	case *arrow.BinaryType:
		return writeStrings[int32](false), nil
	case *arrow.LargeBinaryType:
		return writeStrings[int64](false), nil
	case *arrow.FixedSizeBinaryType:
		return fixedBinaryWriter(t.ByteWidth), nil
	case *arrow.NullType:
		return writeNulls, nil
	case *arrow.DictionaryType:
		return dictionaryWriter(t)
	case *arrow.StructType:
		return structWriter(t)
	case arrow.ListLikeType:
		return listWriter(t)
	}
	if w := scaledWriter(t); w != nil {
		return w, nil
	}
	if fw, ok := t.(arrow.FixedWidthDataType); ok {
		if _, known := scalarTypeID(t); known {
			return fixedWriter(fw.BitWidth() / 8), nil
		}
	}
	return nil, fmt.Errorf("no SQL type for Arrow type %s", t)
}

// writeValidity copies an Arrow validity bitmap into a vector's mask.
func writeValidity(vec duck.Vector, arr arrow.Array, from, n int) {
	if arr.NullN() == 0 {
		return
	}
	duck.VectorEnsureValidityWritable(vec)
	mask := unsafe.Slice((*uint64)(duck.VectorGetValidity(vec)), (n+63)/64)
	for w := range mask {
		var word uint64
		for b := 0; b < 64 && w*64+b < n; b++ {
			if arr.IsValid(from + w*64 + b) {
				word |= 1 << b
			}
		}
		mask[w] = word
	}
}

// values is the value buffer of a fixed-width array from one row on.
func values(arr arrow.Array, width, from, n int) []byte {
	start := (arr.Data().Offset() + from) * width
	return arr.Data().Buffers()[1].Bytes()[start : start+n*width]
}

func target(vec duck.Vector, width, n int) []byte {
	return unsafe.Slice((*byte)(duck.VectorGetData(vec)), n*width)
}

func fixedWriter(width int) writer {
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		copy(target(vec, width, n), values(arr, width, from, n))
		return nil
	}
}

func writeBool(vec duck.Vector, arr arrow.Array, from, n int) error {
	writeValidity(vec, arr, from, n)
	dst := target(vec, 1, n)
	for i := range dst {
		dst[i] = 0
		if arr.(*array.Boolean).Value(from + i) {
			dst[i] = 1
		}
	}
	return nil
}

func writeNulls(vec duck.Vector, arr arrow.Array, from, n int) error {
	writeValidity(vec, arr, from, n)
	return nil
}

// maxBlob is the most text that is handed to DuckDB in one piece.
const maxBlob = 1 << 30

// writeStrings hands the text of all n values to DuckDB in one piece, which
// copies it into the vector's own heap, and then points every value into that
// copy: one call instead of one per value. Values of up to 12 bytes lie in the
// vector itself.
func writeStrings[O int32 | int64](text bool) writer {
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		at := arr.Data().Offset() + from
		offsets := unsafe.Slice((*O)(unsafe.Pointer(unsafe.SliceData(arr.Data().Buffers()[1].Bytes()))), at+n+1)[at:]
		var blob []byte
		if data := arr.Data().Buffers()[2]; data != nil {
			blob = data.Bytes()[offsets[0]:offsets[n]]
		}
		if len(blob) > maxBlob {
			return fmt.Errorf("%d rows hold more than %d bytes of text", n, maxBlob)
		}
		if text && !utf8.Valid(blob) {
			return fmt.Errorf("a text that is not valid UTF-8")
		}
		dst := unsafe.Slice((*duckString)(duck.VectorGetData(vec)), n)
		heap := ownCopy(vec, dst, blob)
		for i := range dst {
			start, end := offsets[i]-offsets[0], offsets[i+1]-offsets[0]
			dst[i].set(blob[start:end], heap, int(start))
		}
		return nil
	}
}

// ownCopy puts blob into the vector's heap and returns where it lies, nil
// when it is short enough to be no heap value.
func ownCopy(vec duck.Vector, dst []duckString, blob []byte) *byte {
	if len(blob) <= inlineLength || len(dst) == 0 {
		return nil
	}
	duck.UnsafeVectorAssignStringElementLen(vec, 0, blob)
	return dst[0].ptr
}

// set makes s the value v, of which the vector's heap holds a copy at
// heap+offset.
func (s *duckString) set(v []byte, heap *byte, offset int) {
	s.length = uint32(len(v))
	if len(v) <= inlineLength {
		in := unsafe.Slice(&s.inline[0], inlineLength)
		clear(in[copy(in, v):])
		return
	}
	copy(s.inline[:], v)
	s.ptr = (*byte)(unsafe.Add(unsafe.Pointer(heap), offset))
}

func fixedBinaryWriter(width int) writer {
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		blob := values(arr, width, from, n)
		dst := unsafe.Slice((*duckString)(duck.VectorGetData(vec)), n)
		heap := ownCopy(vec, dst, blob)
		for i := range dst {
			dst[i].set(blob[i*width:(i+1)*width], heap, i*width)
		}
		return nil
	}
}

func dictionaryWriter(t *arrow.DictionaryType) (writer, error) {
	inner, err := newWriter(t.ValueType)
	if err != nil {
		return nil, err
	}
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		plain, err := decodeDictionary(arr.(*array.Dictionary), from, n)
		if err != nil {
			return err
		}
		defer plain.Release()
		return inner(vec, plain, 0, n)
	}, nil
}

func decodeDictionary(arr *array.Dictionary, from, n int) (arrow.Array, error) {
	dict, ok := arr.Dictionary().(*array.String)
	if !ok {
		return nil, fmt.Errorf("no SQL type for a dictionary of %s", arr.Dictionary().DataType())
	}
	a := &stringAppender{typ: arrow.BinaryTypes.String}
	a.extend(n)
	for i := from; i < from+n; i++ {
		a.offsets = append(a.offsets, int32(len(a.data)))
		if arr.IsNull(i) || dict.IsNull(arr.GetValueIndex(i)) {
			a.nulls++
		} else {
			a.bits[a.rows>>3] |= 1 << (uint(a.rows) & 7)
			a.data = append(a.data, dict.Value(arr.GetValueIndex(i))...)
		}
		a.rows++
	}
	if len(a.data) > math.MaxInt32 {
		return nil, errBatchTooLarge
	}
	return finishStrings(a), nil
}
