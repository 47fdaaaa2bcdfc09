package engine

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// plainTypes pairs DuckDB's types without parameters with Arrow's.
var plainTypes = map[duck.Type]arrow.DataType{
	duck.TypeBoolean:     arrow.FixedWidthTypes.Boolean,
	duck.TypeTinyInt:     arrow.PrimitiveTypes.Int8,
	duck.TypeSmallInt:    arrow.PrimitiveTypes.Int16,
	duck.TypeInteger:     arrow.PrimitiveTypes.Int32,
	duck.TypeBigInt:      arrow.PrimitiveTypes.Int64,
	duck.TypeUTinyInt:    arrow.PrimitiveTypes.Uint8,
	duck.TypeUSmallInt:   arrow.PrimitiveTypes.Uint16,
	duck.TypeUInteger:    arrow.PrimitiveTypes.Uint32,
	duck.TypeUBigInt:     arrow.PrimitiveTypes.Uint64,
	duck.TypeFloat:       arrow.PrimitiveTypes.Float32,
	duck.TypeDouble:      arrow.PrimitiveTypes.Float64,
	duck.TypeVarchar:     arrow.BinaryTypes.String,
	duck.TypeBlob:        arrow.BinaryTypes.Binary,
	duck.TypeDate:        arrow.FixedWidthTypes.Date32,
	duck.TypeTime:        arrow.FixedWidthTypes.Time64us,
	duck.TypeTimestamp:   &arrow.TimestampType{Unit: arrow.Microsecond},
	duck.TypeTimestampS:  &arrow.TimestampType{Unit: arrow.Second},
	duck.TypeTimestampMS: &arrow.TimestampType{Unit: arrow.Millisecond},
	duck.TypeTimestampNS: &arrow.TimestampType{Unit: arrow.Nanosecond},
	duck.TypeTimestampTZ: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
	duck.TypeInterval:    arrow.FixedWidthTypes.MonthDayNanoInterval,
	duck.TypeUUID:        extensions.NewUUIDType(),
	duck.TypeSQLNull:     arrow.BinaryTypes.String,
	duck.TypeHugeInt:     &arrow.Decimal128Type{Precision: 38},
	duck.TypeUHugeInt:    &arrow.Decimal128Type{Precision: 38},
	duck.TypeEnum:        arrow.BinaryTypes.String,
}

// logicalType returns the DuckDB type that holds every value of an Arrow type
// exactly. The caller destroys it.
func logicalType(t arrow.DataType) (duck.LogicalType, error) {
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return duck.CreateDecimalType(uint8(t.Precision), uint8(t.Scale)), nil
	case arrow.ListLikeType:
		if m, ok := t.(*arrow.MapType); ok {
			return mapLogicalType(m)
		}
		child, err := logicalType(t.Elem())
		if err != nil {
			return duck.LogicalType{}, err
		}
		defer duck.DestroyLogicalType(&child)
		return duck.CreateListType(child), nil
	case *arrow.StructType:
		return structLogicalType(t)
	case *arrow.DictionaryType:
		return logicalType(t.ValueType)
	}
	id, ok := scalarTypeID(t)
	if !ok {
		return duck.LogicalType{}, fmt.Errorf("no SQL type for Arrow type %s", t)
	}
	return duck.CreateLogicalType(id), nil
}

func scalarTypeID(t arrow.DataType) (duck.Type, bool) {
	switch t := t.(type) {
	case *extensions.UUIDType:
		return duck.TypeUUID, true
	case arrow.ExtensionType:
		return scalarTypeID(t.StorageType())
	case *arrow.TimestampType:
		return timestampTypeID(t), true
	case *arrow.NullType, *arrow.LargeStringType:
		return duck.TypeVarchar, true
	case *arrow.LargeBinaryType, *arrow.FixedSizeBinaryType:
		return duck.TypeBlob, true
	case *arrow.Time32Type, *arrow.Time64Type:
		return duck.TypeTime, true
	case *arrow.Date64Type:
		return duck.TypeDate, true
	}
	for id, plain := range plainTypes {
		if id != duck.TypeEnum && id != duck.TypeSQLNull && arrow.TypeEqual(plain, t) {
			return id, true
		}
	}
	return duck.TypeInvalid, false
}

func timestampTypeID(t *arrow.TimestampType) duck.Type {
	if t.TimeZone != "" {
		return duck.TypeTimestampTZ
	}
	switch t.Unit {
	case arrow.Second:
		return duck.TypeTimestampS
	case arrow.Millisecond:
		return duck.TypeTimestampMS
	case arrow.Nanosecond:
		return duck.TypeTimestampNS
	}
	return duck.TypeTimestamp
}

func mapLogicalType(t *arrow.MapType) (duck.LogicalType, error) {
	key, err := logicalType(t.KeyType())
	if err != nil {
		return duck.LogicalType{}, err
	}
	defer duck.DestroyLogicalType(&key)
	item, err := logicalType(t.ItemType())
	if err != nil {
		return duck.LogicalType{}, err
	}
	defer duck.DestroyLogicalType(&item)
	return duck.CreateMapType(key, item), nil
}

func structLogicalType(t *arrow.StructType) (duck.LogicalType, error) {
	types := make([]duck.LogicalType, 0, t.NumFields())
	defer func() {
		for i := range types {
			duck.DestroyLogicalType(&types[i])
		}
	}()
	names := make([]string, t.NumFields())
	for i, f := range t.Fields() {
		child, err := logicalType(f.Type)
		if err != nil {
			return duck.LogicalType{}, err
		}
		types = append(types, child)
		names[i] = f.Name
	}
	return duck.CreateStructType(types, names), nil
}

// decimalWidth is the number of bytes in which DuckDB keeps a decimal.
func decimalWidth(precision int32) int {
	switch {
	case precision <= 4:
		return 2
	case precision <= 9:
		return 4
	case precision <= 18:
		return 8
	}
	return 16
}
