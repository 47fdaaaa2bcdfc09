package evidence

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// ValueText writes a value for people, exactly: decimals with all digits of
// their scale, bytes in hexadecimal, lists and structs as JSON. The value must
// not be null.
func ValueText(arr arrow.Array, i int) string {
	switch a := arr.(type) {
	case *array.Decimal32:
		return a.Value(i).ToString(a.DataType().(arrow.DecimalType).GetScale())
	case *array.Decimal64:
		return a.Value(i).ToString(a.DataType().(arrow.DecimalType).GetScale())
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(arrow.DecimalType).GetScale())
	case *array.Decimal256:
		return a.Value(i).ToString(a.DataType().(arrow.DecimalType).GetScale())
	case *array.Binary:
		return `\x` + hex.EncodeToString(a.Value(i))
	case *array.LargeBinary:
		return `\x` + hex.EncodeToString(a.Value(i))
	case *array.FixedSizeBinary:
		return `\x` + hex.EncodeToString(a.Value(i))
	case *array.Timestamp:
		return momentText(a, i)
	case *array.Map:
		from, to := a.ValueOffsets(i)
		return joined("{", "}", int(from), int(to), func(j int) string {
			return inner(a.Keys(), j) + ": " + inner(a.Items(), j)
		})
	case array.ListLike:
		from, to := a.ValueOffsets(i)
		return joined("[", "]", int(from), int(to), func(j int) string { return inner(a.ListValues(), j) })
	case *array.Struct:
		fields := a.DataType().(*arrow.StructType).Fields()
		return joined("{", "}", 0, len(fields), func(f int) string {
			return quoted(fields[f].Name) + ": " + inner(a.Field(f), i)
		})
	case *array.Dictionary:
		return ValueText(a.Dictionary(), a.GetValueIndex(i))
	}
	return arr.ValueStr(i)
}

// momentText writes a timestamp as SQL does, with its offset if it has a zone.
func momentText(a *array.Timestamp, i int) string {
	t := a.DataType().(*arrow.TimestampType)
	layout := "2006-01-02 15:04:05.999999999"
	if t.TimeZone != "" {
		layout += "Z07:00"
	}
	toTime, err := t.GetToTimeFunc()
	if err != nil { // a zone that this machine does not know
		return a.ValueStr(i)
	}
	return toTime(a.Value(i)).Format(layout)
}

func joined(open, end string, from, to int, part func(int) string) string {
	parts := make([]string, 0, to-from)
	for j := from; j < to; j++ {
		parts = append(parts, part(j))
	}
	return open + strings.Join(parts, ", ") + end
}

// inner writes a value inside another one.
func inner(arr arrow.Array, i int) string {
	if arr.IsNull(i) {
		return "null"
	}
	text := ValueText(arr, i)
	switch {
	case arrow.IsNested(arr.DataType().ID()), arrow.IsInteger(arr.DataType().ID()), arrow.IsFloating(arr.DataType().ID()),
		arrow.IsDecimal(arr.DataType().ID()), arr.DataType().ID() == arrow.BOOL:
		return text
	}
	return quoted(text)
}

func quoted(text string) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// typeName is a column's type in the words of SQL.
func typeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StringType, *arrow.LargeStringType:
		return "text"
	case arrow.DecimalType:
		return fmt.Sprintf("decimal(%d,%d)", t.GetPrecision(), t.GetScale())
	case *arrow.Date32Type:
		return "date"
	case *arrow.BooleanType:
		return "boolean"
	case *arrow.Float64Type:
		return "double"
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return "timestamptz"
		}
		return "timestamp"
	case *arrow.Time32Type, *arrow.Time64Type:
		return "time"
	case *arrow.BinaryType, *arrow.FixedSizeBinaryType:
		return "bytes"
	case *arrow.ListType:
		return typeName(t.Elem()) + "[]"
	}
	return t.String()
}

// cutText returns at most n bytes of text, without half a character.
func cutText(text string, n int) string {
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
