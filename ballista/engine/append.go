package engine

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// An appender collects one result column from DuckDB's vectors. It copies, so
// that the vectors can go.
type appender interface {
	dataType() arrow.DataType
	// append takes n rows from a vector, beginning at from.
	append(v view, from, n int) error
	// finish returns what was collected and starts anew.
	finish() arrow.Array
}

// view is a flat vector with its addresses, asked for once: each question is a
// call into C.
type view struct {
	vec  duck.Vector
	data unsafe.Pointer
	mask unsafe.Pointer // nil when all values are valid
}

func look(vec duck.Vector) view {
	return view{vec: vec, data: duck.VectorGetData(vec), mask: duck.VectorGetValidity(vec)}
}

// valid reports whether the value of a row is not null.
func (v view) valid(row int) bool {
	if v.mask == nil {
		return true
	}
	return *(*uint64)(unsafe.Add(v.mask, row>>6*8))>>(uint(row)&63)&1 == 1
}

func newAppender(logical duck.LogicalType) (appender, error) {
	id := duck.GetTypeId(logical)
	switch id {
	case duck.TypeDecimal:
		t := &arrow.Decimal128Type{Precision: int32(duck.DecimalWidth(logical)), Scale: int32(duck.DecimalScale(logical))}
		return newDecimalAppender(t), nil
	case duck.TypeHugeInt, duck.TypeUHugeInt:
		return &convertAppender{fixedAppender: fixed(plainTypes[id], 16), source: 16, convert: checkHuge(id == duck.TypeUHugeInt)}, nil
	case duck.TypeUUID:
		return &convertAppender{fixedAppender: fixed(plainTypes[id], 16), source: 16, convert: uuidBytes}, nil
	case duck.TypeInterval:
		return &convertAppender{fixedAppender: fixed(plainTypes[id], 16), source: 16, convert: intervalNanos}, nil
	case duck.TypeBoolean:
		return &boolAppender{}, nil
	case duck.TypeVarchar, duck.TypeBlob:
		return &stringAppender{typ: plainTypes[id]}, nil
	case duck.TypeSQLNull:
		return &nullAppender{}, nil
	case duck.TypeEnum:
		return newEnumAppender(logical), nil
	case duck.TypeList, duck.TypeMap:
		return newListAppender(logical)
	case duck.TypeArray:
		return newArrayAppender(logical)
	case duck.TypeStruct:
		return newStructAppender(logical)
	}
	if t, ok := plainTypes[id].(arrow.FixedWidthDataType); ok {
		a := fixed(t, t.BitWidth()/8)
		return &a, nil
	}
	return nil, fmt.Errorf("its SQL type cannot be kept in the result; cast it to another type, such as VARCHAR")
}

// validity is the bitmap of an Arrow array under construction.
type validity struct {
	bits  []byte
	rows  int
	nulls int
}

// append takes n bits from a DuckDB validity mask, which may be nil (all
// valid). Both formats number bits from the least significant.
func (v *validity) append(from view, first, n int) {
	v.extend(n)
	if from.mask == nil {
		setBits(v.bits, v.rows, n)
	} else {
		for i := range n {
			if from.valid(first + i) {
				v.bits[(v.rows+i)>>3] |= 1 << (uint(v.rows+i) & 7)
			} else {
				v.nulls++
			}
		}
	}
	v.rows += n
}

func (v *validity) appendNulls(n int) {
	v.extend(n)
	v.rows += n
	v.nulls += n
}

func (v *validity) extend(n int) {
	if need := (v.rows + n + 7) / 8; need > len(v.bits) {
		v.bits = append(v.bits, make([]byte, need-len(v.bits))...)
	}
}

func (v *validity) valid(row int) bool { return v.bits[row>>3]>>(uint(row)&7)&1 == 1 }

func (v *validity) buffer() *memory.Buffer {
	if v.nulls == 0 {
		return nil
	}
	return memory.NewBufferBytes(v.bits)
}

func setBits(bits []byte, from, n int) {
	for ; n > 0 && from&7 != 0; n-- {
		bits[from>>3] |= 1 << (uint(from) & 7)
		from++
	}
	for ; n >= 8; n -= 8 {
		bits[from>>3] = 0xff
		from += 8
	}
	for ; n > 0; n-- {
		bits[from>>3] |= 1 << (uint(from) & 7)
		from++
	}
}

// fixedAppender copies values whose bytes are the same in DuckDB and Arrow.
type fixedAppender struct {
	typ   arrow.DataType
	width int
	validity
	data []byte
}

func fixed(t arrow.DataType, width int) fixedAppender {
	return fixedAppender{typ: t, width: width}
}

func (a fixedAppender) dataType() arrow.DataType { return a.typ }

func (a *fixedAppender) append(v view, from, n int) error {
	a.validity.append(v, from, n)
	src := unsafe.Slice((*byte)(v.data), (from+n)*a.width)
	a.data = append(a.data, src[from*a.width:]...)
	return nil
}

func (a *fixedAppender) finish() arrow.Array {
	storage := a.typ
	if ext, ok := a.typ.(arrow.ExtensionType); ok {
		storage = ext.StorageType()
	}
	data := array.NewData(storage, a.rows, []*memory.Buffer{a.buffer(), memory.NewBufferBytes(a.data)}, nil, a.nulls, 0)
	defer data.Release()
	a.validity, a.data = validity{}, make([]byte, 0, len(a.data))
	if ext, ok := a.typ.(arrow.ExtensionType); ok {
		plain := array.MakeFromData(data)
		defer plain.Release()
		return array.NewExtensionArrayWithStorage(ext, plain)
	}
	return array.MakeFromData(data)
}

// convertAppender is a fixedAppender whose values need work: source is the
// width of DuckDB's value, convert writes Arrow's from it.
type convertAppender struct {
	fixedAppender
	source  int
	convert func(dst, src []byte) error
}

func (a *convertAppender) append(v view, from, n int) error {
	start := a.rows
	a.validity.append(v, from, n)
	src := unsafe.Slice((*byte)(v.data), (from+n)*a.source)
	at := len(a.data)
	a.data = append(a.data, make([]byte, n*a.width)...)
	for i := range n {
		if !a.valid(start + i) {
			continue
		}
		if err := a.convert(a.data[at+i*a.width:at+(i+1)*a.width], src[(from+i)*a.source:]); err != nil {
			return err
		}
	}
	return nil
}
