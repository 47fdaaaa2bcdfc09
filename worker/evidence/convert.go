package evidence

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// conversion turns arrays of one type into what Parquet can hold. Values stay
// what they were; a type without a Parquet form becomes text.
type conversion struct {
	target arrow.DataType
	// apply returns an array of target that the caller releases; nil means
	// that the array can be taken as it is.
	apply func(mem memory.Allocator, in arrow.Array) (arrow.Array, error)
}

func (c conversion) convert(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	if c.apply == nil {
		in.Retain()
		return in, nil
	}
	return c.apply(mem, in)
}

// conversionOf finds the conversion for a column of type t.
func conversionOf(t arrow.DataType) (conversion, error) {
	switch t := t.(type) {
	case *arrow.NullType:
		return conversion{arrow.BinaryTypes.String, nullsAsText}, nil
	case *arrow.StringViewType:
		return conversion{arrow.BinaryTypes.String, viewAsText}, nil
	case *arrow.BinaryViewType:
		return conversion{arrow.BinaryTypes.Binary, viewAsBinary}, nil
	case *arrow.TimestampType:
		return timestampConversion(t), nil
	case *arrow.Decimal32Type:
		return conversion{&arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, narrowDecimal}, nil
	case *arrow.Decimal64Type:
		return conversion{&arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, narrowDecimal}, nil
	case *arrow.MonthIntervalType, *arrow.DayTimeIntervalType, *arrow.MonthDayNanoIntervalType, *arrow.DurationType:
		return conversion{arrow.BinaryTypes.String, intervalAsText}, nil
	case *arrow.DictionaryType:
		return dictionaryConversion(t)
	case arrow.ExtensionType:
		return extensionConversion(t)
	case *arrow.ListType, *arrow.LargeListType, *arrow.FixedSizeListType, *arrow.MapType, *arrow.StructType:
		return nestedConversion(t.(arrow.NestedType))
	case *arrow.RunEndEncodedType, *arrow.ListViewType, *arrow.LargeListViewType, arrow.UnionType:
		return conversion{}, fmt.Errorf("type %s has no form in Parquet: cast it to varchar", t)
	}
	return conversion{target: t}, nil
}

// converted reads column i of the batch through conv; name is the caller's.
func converted(i int, name string, conv conversion) maker {
	return func(mem memory.Allocator, b batch) (arrow.Array, error) {
		out, err := conv.convert(mem, b.rec.Column(i))
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		return out, nil
	}
}

// toText is for columns that isText accepts.
var toText = conversion{arrow.BinaryTypes.String, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	switch in.DataType().ID() {
	case arrow.STRING:
		in.Retain()
		return in, nil
	case arrow.NULL:
		return nullsAsText(mem, in)
	case arrow.STRING_VIEW:
		return viewAsText(mem, in)
	}
	return castArray(mem, in, arrow.BinaryTypes.String)
}}

// toDouble converts any number; decimals are rounded to the nearest double.
func toDouble(t arrow.DataType) (conversion, bool) {
	target := arrow.PrimitiveTypes.Float64
	switch t.ID() {
	case arrow.FLOAT64:
		return conversion{target: target}, true
	case arrow.NULL:
		return conversion{target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
			return array.MakeArrayOfNull(mem, target, in.Len()), nil
		}}, true
	case arrow.DECIMAL32, arrow.DECIMAL64, arrow.DECIMAL128, arrow.DECIMAL256:
		return conversion{target, decimalAsDouble}, true
	}
	if arrow.IsInteger(t.ID()) || arrow.IsFloating(t.ID()) {
		return conversion{target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
			return castArray(mem, in, target)
		}}, true
	}
	return conversion{}, false
}

// castArray is for casts between types that lose nothing worth keeping.
func castArray(mem memory.Allocator, in arrow.Array, to arrow.DataType) (arrow.Array, error) {
	ctx := compute.WithAllocator(context.Background(), mem)
	return compute.CastArray(ctx, in, compute.UnsafeCastOptions(to))
}

func nullsAsText(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	return array.MakeArrayOfNull(mem, arrow.BinaryTypes.String, in.Len()), nil
}

func viewAsText(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	view := in.(*array.StringView)
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(view.Len())
	for i := range view.Len() {
		if view.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(view.Value(i))
	}
	return b.NewArray(), nil
}

func viewAsBinary(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	view := in.(*array.BinaryView)
	b := array.NewBinaryBuilder(mem, arrow.BinaryTypes.Binary)
	defer b.Release()
	b.Reserve(view.Len())
	for i := range view.Len() {
		if view.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(view.Value(i))
	}
	return b.NewArray(), nil
}

func dictionaryConversion(t *arrow.DictionaryType) (conversion, error) {
	inner, err := conversionOf(t.ValueType)
	if err != nil {
		return conversion{}, err
	}
	return conversion{inner.target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
		dense, err := castArray(mem, in, t.ValueType)
		if err != nil {
			return nil, err
		}
		defer dense.Release()
		return inner.convert(mem, dense)
	}}, nil
}

// extensionConversion keeps the extensions that Parquet knows as logical
// types, and takes any other by its storage.
func extensionConversion(t arrow.ExtensionType) (conversion, error) {
	switch t.(type) {
	case *extensions.UUIDType:
		return conversion{target: t}, nil
	case *extensions.JSONType:
		if t.StorageType().ID() == arrow.STRING || t.StorageType().ID() == arrow.LARGE_STRING {
			return conversion{target: t}, nil
		}
	}
	inner, err := conversionOf(t.StorageType())
	if err != nil {
		return conversion{}, err
	}
	return conversion{inner.target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
		ext, ok := in.(array.ExtensionArray)
		if !ok {
			return nil, errors.New("column is not of the extension type that its schema names")
		}
		return inner.convert(mem, ext.Storage())
	}}, nil
}
