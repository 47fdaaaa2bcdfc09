package csv

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// kind is a column's type without its parameters, under the name that the
// types parameter has for it.
type kind string

const (
	kindText        kind = "text"
	kindInteger     kind = "integer"
	kindDecimal     kind = "decimal"
	kindDouble      kind = "double"
	kindDate        kind = "date"
	kindTimestamp   kind = "timestamp"
	kindTimestampTZ kind = "timestamptz"
	kindBoolean     kind = "boolean"
)

// kindNames are the spellings that the types parameter accepts.
var kindNames = map[string]kind{
	"text": kindText, "string": kindText, "varchar": kindText,
	"integer": kindInteger, "int": kindInteger, "bigint": kindInteger, "int64": kindInteger,
	"decimal": kindDecimal, "numeric": kindDecimal,
	"double": kindDouble, "float8": kindDouble,
	"date": kindDate, "timestamp": kindTimestamp, "timestamptz": kindTimestampTZ,
	"boolean": kindBoolean, "bool": kindBoolean,
}

const knownKinds = "text, integer, decimal(p,s), double, date, timestamp, timestamptz, boolean"

// maxDigits is what a 128-bit decimal holds.
const maxDigits = 38

// columnType is a column's type. Its text is what the types parameter takes.
type columnType struct {
	kind             kind
	precision, scale int
}

func (t columnType) String() string {
	if t.kind == kindDecimal {
		return fmt.Sprintf("decimal(%d,%d)", t.precision, t.scale)
	}
	return string(t.kind)
}

// MarshalText implements encoding.TextMarshaler.
func (t columnType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *columnType) UnmarshalText(b []byte) (err error) {
	*t, err = parseType(string(b))
	return err
}

var decimalForm = regexp.MustCompile(`^([a-z]+)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$`)

// parseType reads a type's name as the types parameter gives it.
func parseType(s string) (columnType, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	m := decimalForm.FindStringSubmatch(name)
	if m == nil {
		k, ok := kindNames[name]
		if !ok {
			return columnType{}, fmt.Errorf("unknown type %q; known are %s", s, knownKinds)
		}
		if k == kindDecimal {
			return columnType{}, fmt.Errorf("type %q needs its digits, such as decimal(18,2)", s)
		}
		return columnType{kind: k}, nil
	}
	if kindNames[m[1]] != kindDecimal {
		return columnType{}, fmt.Errorf("unknown type %q; known are %s", s, knownKinds)
	}
	p, _ := strconv.Atoi(m[2])
	scale, _ := strconv.Atoi(m[3])
	if p < 1 || p > maxDigits || scale > p {
		return columnType{}, fmt.Errorf("type %q: a decimal has 1 to %d digits, and no more of them behind the point", s, maxDigits)
	}
	return columnType{kind: kindDecimal, precision: p, scale: scale}, nil
}

// arrow returns the type that batches carry.
func (t columnType) arrow() arrow.DataType {
	switch t.kind {
	case kindInteger:
		return arrow.PrimitiveTypes.Int64
	case kindDecimal:
		return &arrow.Decimal128Type{Precision: int32(t.precision), Scale: int32(t.scale)}
	case kindDouble:
		return arrow.PrimitiveTypes.Float64
	case kindDate:
		return arrow.FixedWidthTypes.Date32
	case kindTimestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case kindTimestampTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case kindBoolean:
		return arrow.FixedWidthTypes.Boolean
	default:
		return arrow.BinaryTypes.String
	}
}

// column is one column of the files: plain data, part of a partition.
type column struct {
	Name string     `json:"name"`
	Type columnType `json:"type"`
	// Declared says that the types parameter named the type. Numbers may then
	// have a plus sign and leading zeros, for their value is what was asked.
	Declared bool `json:"declared,omitempty"`
}

// schemaOf returns the Arrow schema of columns.
func schemaOf(columns []column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: c.Type.arrow(), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}
