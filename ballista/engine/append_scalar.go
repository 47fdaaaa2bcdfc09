package engine

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duck "github.com/duckdb/duckdb-go-bindings"
)

func newDecimalAppender(t *arrow.Decimal128Type) appender {
	base := fixed(t, 16)
	switch width := decimalWidth(t.Precision); width {
	case 2:
		return &convertAppender{fixedAppender: base, source: width, convert: func(dst, src []byte) error {
			return putInt128(dst, int64(int16(binary.LittleEndian.Uint16(src))))
		}}
	case 4:
		return &convertAppender{fixedAppender: base, source: width, convert: func(dst, src []byte) error {
			return putInt128(dst, int64(int32(binary.LittleEndian.Uint32(src))))
		}}
	case 8:
		return &convertAppender{fixedAppender: base, source: width, convert: func(dst, src []byte) error {
			return putInt128(dst, int64(binary.LittleEndian.Uint64(src)))
		}}
	}
	return &base
}

func putInt128(dst []byte, v int64) error {
	binary.LittleEndian.PutUint64(dst, uint64(v))
	binary.LittleEndian.PutUint64(dst[8:], uint64(v>>63))
	return nil
}

var largestDecimal = decimal128.GetMaxValue(38)

// checkHuge copies a 128-bit integer that fits 38 digits, which is what a
// decimal can hold.
func checkHuge(unsigned bool) func(dst, src []byte) error {
	return func(dst, src []byte) error {
		lo, hi := binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:])
		num := decimal128.New(int64(hi), lo)
		if num.Abs().Greater(largestDecimal) || num.Abs().Sign() < 0 || unsigned && hi > math.MaxInt64 {
			return errors.New("an integer of more than 38 digits; cast it to VARCHAR")
		}
		copy(dst, src[:16])
		return nil
	}
}

// uuidBytes undoes DuckDB's order: a 128-bit integer with the top bit flipped,
// so that integers sort as the texts do.
func uuidBytes(dst, src []byte) error {
	lo, hi := binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:])
	binary.BigEndian.PutUint64(dst, hi^(1<<63))
	binary.BigEndian.PutUint64(dst[8:], lo)
	return nil
}

// intervalNanos turns months, days and microseconds into months, days and
// nanoseconds.
func intervalNanos(dst, src []byte) error {
	micros := int64(binary.LittleEndian.Uint64(src[8:]))
	if micros > math.MaxInt64/1000 || micros < math.MinInt64/1000 {
		return errors.New("an interval of more than 292 years in its time part; cast it to VARCHAR")
	}
	copy(dst, src[:8])
	binary.LittleEndian.PutUint64(dst[8:], uint64(micros*1000))
	return nil
}

// boolAppender packs DuckDB's bytes into Arrow's bits.
type boolAppender struct {
	validity
	data []byte
}

func (a *boolAppender) dataType() arrow.DataType { return arrow.FixedWidthTypes.Boolean }

func (a *boolAppender) append(v view, from, n int) error {
	start := a.rows
	a.validity.append(v, from, n)
	if need := (a.rows + 7) / 8; need > len(a.data) {
		a.data = append(a.data, make([]byte, need-len(a.data))...)
	}
	src := unsafe.Slice((*byte)(v.data), from+n)
	for i, b := range src[from:] {
		if b != 0 {
			a.data[(start+i)>>3] |= 1 << (uint(start+i) & 7)
		}
	}
	return nil
}

func (a *boolAppender) finish() arrow.Array {
	data := array.NewData(a.dataType(), a.rows, []*memory.Buffer{a.buffer(), memory.NewBufferBytes(a.data)}, nil, a.nulls, 0)
	defer data.Release()
	*a = boolAppender{}
	return array.NewBooleanData(data)
}

// duckString is DuckDB's string_t: a length, then either up to 12 bytes in
// place or 4 bytes of prefix and a pointer.
type duckString struct {
	length uint32
	inline [4]byte
	ptr    *byte
}

const inlineLength = 12

func (s *duckString) bytes() []byte {
	if s.length <= inlineLength {
		return unsafe.Slice(&s.inline[0], s.length)
	}
	return unsafe.Slice(s.ptr, s.length)
}

// stringAppender collects text and binary values.
type stringAppender struct {
	typ arrow.DataType
	validity
	offsets []int32
	data    []byte
}

var errBatchTooLarge = errors.New("more than 2 GB of text in one batch; select shorter values")

func (a *stringAppender) dataType() arrow.DataType { return a.typ }

func (a *stringAppender) append(v view, from, n int) error {
	start := a.rows
	a.validity.append(v, from, n)
	src := unsafe.Slice((*duckString)(v.data), from+n)
	for i := range n {
		a.offsets = append(a.offsets, int32(len(a.data)))
		if a.valid(start + i) {
			a.data = append(a.data, src[from+i].bytes()...)
		}
	}
	if len(a.data) > math.MaxInt32 {
		return errBatchTooLarge
	}
	return nil
}

func (a *stringAppender) finish() arrow.Array {
	return finishStrings(a)
}

func finishStrings(a *stringAppender) arrow.Array {
	offsets := append(a.offsets, int32(len(a.data)))
	buffers := []*memory.Buffer{a.buffer(), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(a.data)}
	data := array.NewData(a.typ, a.rows, buffers, nil, a.nulls, 0)
	defer data.Release()
	*a = stringAppender{typ: a.typ, offsets: make([]int32, 0, len(offsets)), data: make([]byte, 0, len(a.data))}
	return array.MakeFromData(data)
}

// nullAppender is a column without a type, as text.
type nullAppender struct{ validity }

func (a *nullAppender) dataType() arrow.DataType { return arrow.BinaryTypes.String }

func (a *nullAppender) append(_ view, _, n int) error {
	a.appendNulls(n)
	return nil
}

func (a *nullAppender) finish() arrow.Array {
	s := &stringAppender{typ: a.dataType(), validity: a.validity, offsets: make([]int32, a.rows)}
	a.validity = validity{}
	return finishStrings(s)
}

// enumAppender turns enum codes into their texts.
type enumAppender struct {
	stringAppender
	width  int
	values []string
}

func newEnumAppender(logical duck.LogicalType) appender {
	a := &enumAppender{stringAppender: stringAppender{typ: arrow.BinaryTypes.String}}
	switch duck.EnumInternalType(logical) {
	case duck.TypeUTinyInt:
		a.width = 1
	case duck.TypeUSmallInt:
		a.width = 2
	default:
		a.width = 4
	}
	for i := range duck.EnumDictionarySize(logical) {
		a.values = append(a.values, duck.EnumDictionaryValue(logical, duck.IdxT(i)))
	}
	return a
}

func (a *enumAppender) append(v view, from, n int) error {
	start := a.rows
	a.validity.append(v, from, n)
	src := unsafe.Slice((*byte)(v.data), (from+n)*a.width)
	for i := range n {
		a.offsets = append(a.offsets, int32(len(a.data)))
		if !a.valid(start + i) {
			continue
		}
		var code [8]byte
		copy(code[:], src[(from+i)*a.width:(from+i+1)*a.width])
		a.data = append(a.data, a.values[binary.LittleEndian.Uint64(code[:])]...)
	}
	return nil
}
