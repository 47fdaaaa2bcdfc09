package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// decimalWriter narrows Arrow's 16 bytes to what DuckDB keeps for a precision.
func decimalWriter(t *arrow.Decimal128Type) writer {
	width := decimalWidth(t.Precision)
	if width == 16 {
		return fixedWriter(16)
	}
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		dst, src := target(vec, width, n), values(arr, 16, from, n)
		for i := range n {
			copy(dst[i*width:(i+1)*width], src[i*16:])
		}
		return nil
	}
}

func writeUUID(vec duck.Vector, arr arrow.Array, from, n int) error {
	writeValidity(vec, arr, from, n)
	src := values(arr.(array.ExtensionArray).Storage(), 16, from, n)
	dst := target(vec, 16, n)
	for i := range n {
		binary.LittleEndian.PutUint64(dst[i*16:], binary.BigEndian.Uint64(src[i*16+8:]))
		binary.LittleEndian.PutUint64(dst[i*16+8:], binary.BigEndian.Uint64(src[i*16:])^(1<<63))
	}
	return nil
}

// scaledWriter returns the writer of a time type whose unit DuckDB keeps
// differently, or nil. A value that would lose digits is an error.
func scaledWriter(t arrow.DataType) writer {
	switch t := t.(type) {
	case *arrow.MonthDayNanoIntervalType:
		return writeInterval
	case *arrow.Date64Type:
		return scale64(func(v int64) (int64, bool) { return v / 86400000, v%86400000 == 0 }, 4)
	case *arrow.Time32Type:
		if t.Unit == arrow.Second {
			return scale32(1_000_000)
		}
		return scale32(1_000)
	case *arrow.Time64Type:
		if t.Unit == arrow.Nanosecond {
			return scale64(func(v int64) (int64, bool) { return v / 1000, v%1000 == 0 }, 8)
		}
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return zonedWriter(t.Unit)
		}
	}
	return nil
}

// zonedWriter brings a moment to microseconds, the only unit that DuckDB has
// for moments. The largest and smallest values mean infinity and stay.
func zonedWriter(unit arrow.TimeUnit) writer {
	factor := map[arrow.TimeUnit]int64{arrow.Second: 1_000_000, arrow.Millisecond: 1_000}[unit]
	switch unit {
	case arrow.Microsecond:
		return nil
	case arrow.Nanosecond:
		return scale64(func(v int64) (int64, bool) { return v / 1000, v%1000 == 0 }, 8)
	}
	return scale64(func(v int64) (int64, bool) { return v * factor, v*factor/factor == v }, 8)
}

func scale64(convert func(int64) (int64, bool), width int) writer {
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		src, dst := values(arr, 8, from, n), target(vec, width, n)
		var wide [8]byte
		for i := range n {
			v, exact := convert(int64(binary.LittleEndian.Uint64(src[i*8:])))
			if !exact && arr.IsValid(from+i) {
				return fmt.Errorf("value %s cannot be kept exactly: SQL has microseconds here", arr.ValueStr(from+i))
			}
			binary.LittleEndian.PutUint64(wide[:], uint64(v))
			copy(dst[i*width:(i+1)*width], wide[:])
		}
		return nil
	}
}

func scale32(factor int64) writer {
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		src, dst := values(arr, 4, from, n), target(vec, 8, n)
		for i := range n {
			v := int64(int32(binary.LittleEndian.Uint32(src[i*4:])))
			binary.LittleEndian.PutUint64(dst[i*8:], uint64(v*factor))
		}
		return nil
	}
}

func writeInterval(vec duck.Vector, arr arrow.Array, from, n int) error {
	writeValidity(vec, arr, from, n)
	src, dst := values(arr, 16, from, n), target(vec, 16, n)
	for i := range n {
		nanos := int64(binary.LittleEndian.Uint64(src[i*16+8:]))
		if nanos%1000 != 0 && arr.IsValid(from+i) {
			return fmt.Errorf("an interval with nanoseconds cannot be kept exactly")
		}
		copy(dst[i*16:i*16+8], src[i*16:i*16+8])
		binary.LittleEndian.PutUint64(dst[i*16+8:], uint64(nanos/1000))
	}
	return nil
}
