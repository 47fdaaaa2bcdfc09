package evidence

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"kallad/worker/recon"
)

// timestampConversion takes seconds and milliseconds to microseconds: Parquet
// has no seconds, and infinity, which is the extreme of the 64 bits in every
// unit, is read as infinity in microseconds and nanoseconds alone.
func timestampConversion(t *arrow.TimestampType) conversion {
	factor := int64(1000)
	switch t.Unit {
	case arrow.Microsecond, arrow.Nanosecond:
		return conversion{target: t}
	case arrow.Second:
		factor = 1_000_000
	}
	target := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: t.TimeZone}
	return conversion{target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
		return scaleTimestamps(mem, in.(*array.Timestamp), target, factor)
	}}
}

func scaleTimestamps(mem memory.Allocator, in *array.Timestamp, target *arrow.TimestampType, factor int64) (arrow.Array, error) {
	b := array.NewTimestampBuilder(mem, target)
	defer b.Release()
	b.Reserve(in.Len())
	for i, v := range in.Values() {
		n := int64(v)
		switch {
		case in.IsNull(i):
			b.UnsafeAppendBoolToBitmap(false)
			continue
		case n == math.MaxInt64 || n <= -math.MaxInt64:
			// Infinity stays what it is.
		case n > math.MaxInt64/factor || n < -(math.MaxInt64/factor):
			return nil, recon.Input(fmt.Errorf("a timestamp %d %s from 1970 cannot be held in microseconds: cast the column to varchar", n, in.DataType().(*arrow.TimestampType).Unit))
		default:
			n *= factor
		}
		b.UnsafeAppend(arrow.Timestamp(n))
	}
	return b.NewArray(), nil
}

// narrowDecimal widens 32 and 64 bit decimals to the 128 bits that the Parquet
// writer knows; precision and scale stay.
func narrowDecimal(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	t := in.DataType().(arrow.DecimalType)
	b := array.NewDecimal128Builder(mem, &arrow.Decimal128Type{Precision: t.GetPrecision(), Scale: t.GetScale()})
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		switch a := in.(type) {
		case *array.Decimal32:
			b.Append(decimal128.FromI64(int64(a.Value(i))))
		case *array.Decimal64:
			b.Append(decimal128.FromI64(int64(a.Value(i))))
		}
	}
	return b.NewArray(), nil
}

func decimalAsDouble(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	scale := in.DataType().(arrow.DecimalType).GetScale()
	b := array.NewFloat64Builder(mem)
	defer b.Release()
	b.Reserve(in.Len())
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		switch a := in.(type) {
		case *array.Decimal32:
			b.Append(a.Value(i).ToFloat64(scale))
		case *array.Decimal64:
			b.Append(a.Value(i).ToFloat64(scale))
		case *array.Decimal128:
			b.Append(a.Value(i).ToFloat64(scale))
		case *array.Decimal256:
			b.Append(a.Value(i).ToFloat64(scale))
		}
	}
	return b.NewArray(), nil
}
