package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// conversion makes another array of in, which stays the caller's.
type conversion func(mem memory.Allocator, in arrow.Array) (arrow.Array, error)

// conversionOf returns as what a flat column of type t is carried, how, and a
// note if that is something to know.
func conversionOf(t arrow.DataType, logical schema.LogicalType) (arrow.DataType, conversion, string) {
	text := arrow.BinaryTypes.String
	switch t := t.(type) {
	case *arrow.StringType:
		return t, validText, ""
	case *arrow.BinaryType:
		switch logical.(type) {
		case schema.JSONLogicalType, schema.EnumLogicalType:
			return text, validText, ""
		}
	case *arrow.NullType:
		return text, allNull, "has no type and no values, carried as text"
	case *arrow.Float16Type:
		return arrow.PrimitiveTypes.Float32, widenFloat, ""
	case *arrow.Decimal256Type:
		return text, decimalText, fmt.Sprintf("%s has more than 38 digits, carried as text", t)
	case *arrow.FixedSizeBinaryType:
		if _, ok := logical.(schema.IntervalLogicalType); ok && t.ByteWidth == 12 {
			return arrow.FixedWidthTypes.MonthDayNanoInterval, interval, ""
		}
	case *extensions.UUIDType:
		return t, nil, ""
	case arrow.ExtensionType:
		return t.StorageType(), storage, fmt.Sprintf("%s values, carried as bytes", t.ExtensionName())
	}
	return t, nil, ""
}

// validText makes text of bytes that claim to be UTF-8, and holds them to it.
func validText(_ memory.Allocator, in arrow.Array) (arrow.Array, error) {
	data := array.NewData(arrow.BinaryTypes.String, in.Len(), in.Data().Buffers(), nil, in.NullN(), in.Data().Offset())
	defer data.Release()
	out := array.NewStringData(data)
	if err := checkUTF8(out); err != nil {
		out.Release()
		return nil, err
	}
	return out, nil
}

func checkUTF8(text *array.String) error {
	if isASCII(text.ValueBytes()) {
		return nil
	}
	for i := range text.Len() {
		if text.IsValid(i) && !utf8.ValidString(text.Value(i)) {
			return fmt.Errorf("the value %q claims to be text and is not UTF-8", cut(text.Value(i)))
		}
	}
	return nil
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func cut(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

func allNull(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	return array.MakeArrayOfNull(mem, arrow.BinaryTypes.String, in.Len()), nil
}

func widenFloat(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	halves := in.(*array.Float16)
	b := array.NewFloat32Builder(mem)
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(halves.Value(i).Float32())
	}
	return b.NewArray(), nil
}

func decimalText(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	decimals := in.(*array.Decimal256)
	scale := in.DataType().(*arrow.Decimal256Type).Scale
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(decimals.Value(i).ToString(scale))
	}
	return b.NewArray(), nil
}

// interval decodes Parquet's own: months, days and milliseconds, each 32 bits,
// little endian, without a sign.
func interval(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	raw := in.(*array.FixedSizeBinary)
	b := array.NewMonthDayNanoIntervalBuilder(mem)
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		v := raw.Value(i)
		months, days, millis := binary.LittleEndian.Uint32(v), binary.LittleEndian.Uint32(v[4:]), binary.LittleEndian.Uint32(v[8:])
		if int32(months) < 0 || int32(days) < 0 {
			return nil, fmt.Errorf("the interval of %d months and %d days is too long", months, days)
		}
		b.Append(arrow.MonthDayNanoInterval{Months: int32(months), Days: int32(days), Nanoseconds: int64(millis) * 1_000_000})
	}
	return b.NewArray(), nil
}

func storage(_ memory.Allocator, in arrow.Array) (arrow.Array, error) {
	ext, ok := in.(array.ExtensionArray)
	if !ok {
		return nil, errors.New("the values are not of the type that the schema has")
	}
	ext.Storage().Retain()
	return ext.Storage(), nil
}
