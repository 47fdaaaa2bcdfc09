package postgres

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// kind is how a column's values are sent and carried.
type kind string

const (
	kindBool        kind = "bool"
	kindInt2        kind = "int2"
	kindInt4        kind = "int4"
	kindInt8        kind = "int8"
	kindOID         kind = "oid"
	kindFloat4      kind = "float4"
	kindFloat8      kind = "float8"
	kindDecimal     kind = "decimal" // numeric that fits a decimal
	kindNumeric     kind = "numeric" // numeric whose data must say what it fits
	kindDate        kind = "date"
	kindTime        kind = "time"
	kindTimestamp   kind = "timestamp"
	kindTimestampTZ kind = "timestamptz"
	kindInterval    kind = "interval"
	kindUUID        kind = "uuid"
	kindText        kind = "text" // sent as text by itself
	kindChar        kind = "char" // char(n): text with its padding
	kindEnum        kind = "enum"
	kindJSON        kind = "json"
	kindJSONB       kind = "jsonb"
	kindBytes       kind = "bytes"
	kindList        kind = "list"
	// kindCast is any other type, cast to text by the server.
	kindCast kind = "cast"
)

// columnType is what the decoder of a column has to know: plain data that
// travels in a partition's payload.
type columnType struct {
	Kind kind `json:"kind"`
	// Precision and Scale are those of kindDecimal.
	Precision int `json:"precision,omitempty"`
	Scale     int `json:"scale,omitempty"`
	// Elem is the element type of kindList.
	Elem *columnType `json:"elem,omitempty"`
}

// column is one column of a table as it is read.
type column struct {
	// Name is the column's name in the schema.
	Name string `json:"name"`
	// Attr is its name in the database.
	Attr string     `json:"attr"`
	Type columnType `json:"type"`
	// OID is the type that the server must announce for the column, 0 for any.
	OID uint32 `json:"oid,omitempty"`
	// Compare is how filters compare the column: by its type in the database,
	// however it is carried.
	Compare columnType `json:"compare"`
	// Decl is the type as the database declares it, for messages.
	Decl string `json:"decl"`

	nullable bool
	// forced is set when the address names the column's type.
	forced bool
}

// The fixed oids of the server's own types that have a form of their own here.
const (
	oidBytea      = 17
	oidText       = 25
	oidInt2vector = 22
	oidOIDvector  = 30
	oidNumeric    = 1700
)

var kindByOID = map[uint32]kind{
	16: kindBool, oidBytea: kindBytes, 19: kindText, 20: kindInt8, 21: kindInt2, 23: kindInt4,
	oidText: kindText, 26: kindOID, 114: kindJSON, 700: kindFloat4, 701: kindFloat8, 1042: kindChar,
	1043: kindText, 1082: kindDate, 1083: kindTime, 1114: kindTimestamp, 1184: kindTimestampTZ,
	1186: kindInterval, 2950: kindUUID, 3802: kindJSONB,
}

// typeOf maps a type of the server, domains resolved, to how it is carried.
// elem and elemEnum are an array's element type.
func typeOf(oid uint32, enum bool, typmod int32, elem uint32, elemEnum bool) columnType {
	switch {
	case enum:
		return columnType{Kind: kindEnum}
	case oid == oidNumeric:
		return numericType(typmod)
	case elem != 0 && oid != oidInt2vector && oid != oidOIDvector:
		e := typeOf(elem, elemEnum, typmod, 0, false)
		if e.Kind == kindCast || e.Kind == kindNumeric {
			return columnType{Kind: kindCast}
		}
		return columnType{Kind: kindList, Elem: &e}
	}
	if k, ok := kindByOID[oid]; ok {
		return columnType{Kind: k}
	}
	return columnType{Kind: kindCast}
}

// numericType maps a declared numeric. A scale may be negative, which rounds
// to tens, hundreds and so on, or greater than the precision.
func numericType(typmod int32) columnType {
	if typmod < 4 {
		return columnType{Kind: kindNumeric}
	}
	precision := int((typmod - 4) >> 16 & 0xffff)
	scale := int((typmod-4)&0x7ff^0x400) - 0x400
	if scale < 0 {
		precision, scale = precision-scale, 0
	}
	precision = max(precision, scale)
	if precision > maxPrecision {
		return columnType{Kind: kindNumeric}
	}
	return columnType{Kind: kindDecimal, Precision: precision, Scale: scale}
}

// arrowType returns the type of the column's vectors. kindNumeric has none; a
// table's description settles it first.
func (t columnType) arrowType() arrow.DataType {
	switch t.Kind {
	case kindBool:
		return arrow.FixedWidthTypes.Boolean
	case kindInt2:
		return arrow.PrimitiveTypes.Int16
	case kindInt4:
		return arrow.PrimitiveTypes.Int32
	case kindInt8:
		return arrow.PrimitiveTypes.Int64
	case kindOID:
		return arrow.PrimitiveTypes.Uint32
	case kindFloat4:
		return arrow.PrimitiveTypes.Float32
	case kindFloat8:
		return arrow.PrimitiveTypes.Float64
	case kindDecimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case kindDate:
		return arrow.FixedWidthTypes.Date32
	case kindTime:
		return arrow.FixedWidthTypes.Time64us
	case kindTimestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case kindTimestampTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case kindInterval:
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case kindUUID:
		return extensions.NewUUIDType()
	case kindBytes:
		return arrow.BinaryTypes.Binary
	case kindList:
		return arrow.ListOf(t.Elem.arrowType())
	default:
		return arrow.BinaryTypes.String
	}
}

// newVector returns the decoder of the column's values. checkUTF8 is set for
// databases whose text may be any bytes.
func (t columnType) newVector(mem memory.Allocator, checkUTF8 bool) (vector, error) {
	dtype := t.arrowType()
	switch t.Kind {
	case kindBool:
		return &bools{validity: validity{mem: mem}}, nil
	case kindInt2:
		return newFixed(mem, dtype, decodeInt16), nil
	case kindInt4:
		return newFixed(mem, dtype, decodeInt32), nil
	case kindInt8:
		return newFixed(mem, dtype, decodeInt64), nil
	case kindOID:
		return newFixed(mem, dtype, decodeUint32), nil
	case kindFloat4:
		return newFixed(mem, dtype, decodeFloat32), nil
	case kindFloat8:
		return newFixed(mem, dtype, decodeFloat64), nil
	case kindDecimal:
		if t.Precision < 1 || t.Precision > maxPrecision {
			return nil, fmt.Errorf("decimal(%d,%d) has no form here", t.Precision, t.Scale)
		}
		return newFixed(mem, dtype, numericDecoder(t.Precision, t.Scale)), nil
	case kindDate:
		return newFixed(mem, dtype, decodeDate), nil
	case kindTime:
		return newFixed(mem, dtype, decodeTime), nil
	case kindTimestamp, kindTimestampTZ:
		return newFixed(mem, dtype, decodeTimestamp), nil
	case kindInterval:
		return newFixed(mem, dtype, decodeInterval), nil
	case kindUUID:
		return newFixed(mem, dtype, decodeUUID), nil
	case kindBytes:
		return newBytes(mem, dtype, nil), nil
	case kindJSONB:
		return newBytes(mem, dtype, jsonbDecoder(checkUTF8)), nil
	case kindText, kindChar, kindEnum, kindJSON, kindCast:
		if checkUTF8 {
			return newBytes(mem, dtype, utf8Text), nil
		}
		return newBytes(mem, dtype, nil), nil
	case kindList:
		if t.Elem == nil {
			return nil, fmt.Errorf("a list without an element type")
		}
		elem, err := t.Elem.newVector(mem, checkUTF8)
		if err != nil {
			return nil, err
		}
		return newLists(mem, t.Elem.arrowType(), elem), nil
	}
	return nil, fmt.Errorf("column kind %q is not known here", t.Kind)
}
