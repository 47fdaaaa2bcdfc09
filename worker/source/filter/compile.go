package filter

import (
	"encoding/json"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/google/uuid"

	"kallad/worker/recon"
)

// newTest compiles one filter for its column's type.
func newTest(column string, typ arrow.DataType, op recon.Operator, operands []any) (test, *fault) {
	switch t := typ.(type) {
	case *arrow.DictionaryType:
		inner, f := newTest(column, t.ValueType, op, operands)
		if f != nil {
			return nil, f
		}
		return dictionaryTest{inner}, nil
	case arrow.ExtensionType:
		return newExtensionTest(column, t, op, operands)
	}
	if isText(typ) {
		return newTextColumnTest(column, op, operands)
	}
	if op == recon.OpLike {
		return nil, &fault{field: "op", message: "like compares text, and column " + quoted(column) + " is of type " + typ.String()}
	}
	switch typ.ID() {
	case arrow.FLOAT64, arrow.FLOAT32, arrow.FLOAT16:
		return newFloatTest(column, op, operands)
	case arrow.NULL:
		return nothing{}, nil
	}
	return newUnitTest(column, typ, op, operands)
}

func isText(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}

func quoted(column string) string {
	b, _ := json.Marshal(column)
	return string(b)
}

func newTextColumnTest(column string, op recon.Operator, operands []any) (test, *fault) {
	values := make([][]byte, len(operands))
	for i, o := range operands {
		s, ok := o.(string)
		if !ok {
			return nil, badValue("column %q holds text and the value is %s; write it in quotes to compare it as text", column, show(o))
		}
		values[i] = []byte(s)
	}
	return wrap(newTextTest(op, values))
}

// wrap keeps a nil *textTest from becoming a test that is not nil.
func wrap(t *textTest, f *fault) (test, *fault) {
	if f != nil {
		return nil, f
	}
	return t, nil
}

func newExtensionTest(column string, typ arrow.ExtensionType, op recon.Operator, operands []any) (test, *fault) {
	switch {
	case typ.ExtensionName() == "arrow.uuid" && op != recon.OpLike:
		values := make([][]byte, len(operands))
		for i, o := range operands {
			s, _ := o.(string)
			id, err := uuid.Parse(s)
			if err != nil {
				return nil, badValue("column %q holds UUIDs and the value is %s; write one such as \"f47ac10b-58cc-4372-a567-0e02b2c3d479\"", column, show(o))
			}
			values[i] = id[:]
		}
		t, f := newTextTest(op, values)
		return storageTest{t}, f
	case isText(typ.StorageType()):
		t, f := newTextColumnTest(column, op, operands)
		return storageTest{t}, f
	}
	return nil, notFilterable(column, op, typ)
}

func notFilterable(column string, op recon.Operator, typ arrow.DataType) *fault {
	if op == recon.OpLike {
		return &fault{field: "op", message: "like compares text, and column " + quoted(column) + " is of type " + typ.String()}
	}
	return &fault{field: "column", message: "column " + quoted(column) + " is of type " + typ.String() + ", which no filter can compare"}
}

// newUnitTest is for the types that are stored as whole numbers of some unit.
func newUnitTest(column string, typ arrow.DataType, op recon.Operator, operands []any) (test, *fault) {
	read, scale, ok := unitReader(column, typ)
	if !ok {
		return nil, notFilterable(column, op, typ)
	}
	values := make([]exact, len(operands))
	for i, o := range operands {
		var f *fault
		if values[i], f = read(o); f != nil {
			return nil, f
		}
	}
	return spanTest(typ, newSpan(op, values, scale)), nil
}

// unitReader returns how an operand for a column of typ is read, as seconds,
// days or numbers, and how many of the column's units are in one of those, as
// a power of ten.
func unitReader(column string, typ arrow.DataType) (read func(any) (exact, *fault), scale int, ok bool) {
	switch t := typ.(type) {
	case arrow.DecimalType:
		scale = int(t.GetScale())
	case *arrow.Date32Type:
		return func(v any) (exact, *fault) { return dateOperand(column, v) }, 0, true
	case *arrow.Date64Type:
		return func(v any) (exact, *fault) {
			days, f := dateOperand(column, v)
			if f == nil {
				days.digits.Mul(days.digits, big.NewInt(secondsPerDay*1000))
			}
			return days, f
		}, 0, true
	case *arrow.TimestampType:
		return func(v any) (exact, *fault) { return momentOperand(column, t.TimeZone != "", v) }, unitScale(t.Unit), true
	case *arrow.Time32Type:
		return func(v any) (exact, *fault) { return clockOperand(column, v) }, unitScale(t.Unit), true
	case *arrow.Time64Type:
		return func(v any) (exact, *fault) { return clockOperand(column, v) }, unitScale(t.Unit), true
	case *arrow.BooleanType:
		return func(v any) (exact, *fault) { return boolOperand(column, v) }, 0, true
	default:
		if !arrow.IsInteger(typ.ID()) {
			return nil, 0, false
		}
	}
	return func(v any) (exact, *fault) { return exactOperand(column, v) }, scale, true
}

func boolOperand(column string, v any) (exact, *fault) {
	b, ok := v.(bool)
	if !ok {
		return exact{}, badValue("column %q holds true and false and the value is %s", column, show(v))
	}
	return exact{digits: big.NewInt(int64(bit(b)))}, nil
}

// spanTest picks the loop for how typ is stored.
func spanTest(typ arrow.DataType, s span) test {
	switch typ.ID() {
	case arrow.BOOL:
		return newBoolTest(s)
	case arrow.INT8:
		return newNativeTest[int8](s)
	case arrow.INT16:
		return newNativeTest[int16](s)
	case arrow.INT32, arrow.DATE32, arrow.TIME32, arrow.DECIMAL32:
		return newNativeTest[int32](s)
	case arrow.UINT8:
		return newNativeTest[uint8](s)
	case arrow.UINT16:
		return newNativeTest[uint16](s)
	case arrow.UINT32:
		return newNativeTest[uint32](s)
	case arrow.UINT64:
		return newNativeTest[uint64](s)
	case arrow.DECIMAL128:
		return newWideTest(s, 128, decimal128.FromBigInt, decimal128.Num.Cmp)
	case arrow.DECIMAL256:
		return newWideTest(s, 256, decimal256.FromBigInt, decimal256.Num.Cmp)
	}
	return newNativeTest[int64](s)
}
