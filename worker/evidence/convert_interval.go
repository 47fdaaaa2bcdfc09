package evidence

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// intervalAsText writes intervals and durations as ISO 8601 durations, such as
// P1Y2M3DT4H5M6.5S. Parquet's own interval has no sign and only milliseconds.
func intervalAsText(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(in.Len())
	var buf []byte
	for i := range in.Len() {
		if in.IsNull(i) {
			b.AppendNull()
			continue
		}
		months, days, nanos, err := intervalParts(in, i)
		if err != nil {
			return nil, err
		}
		buf = appendISODuration(buf[:0], months, days, nanos)
		b.BinaryBuilder.Append(buf)
	}
	return b.NewArray(), nil
}

func intervalParts(in arrow.Array, i int) (months, days, nanos int64, err error) {
	switch a := in.(type) {
	case *array.MonthInterval:
		return int64(a.Value(i)), 0, 0, nil
	case *array.DayTimeInterval:
		v := a.Value(i)
		return 0, int64(v.Days), int64(v.Milliseconds) * 1_000_000, nil
	case *array.MonthDayNanoInterval:
		v := a.Value(i)
		return int64(v.Months), int64(v.Days), v.Nanoseconds, nil
	case *array.Duration:
		unit := a.DataType().(*arrow.DurationType).Unit
		perUnit := int64(unit.Multiplier())
		v := int64(a.Value(i))
		// Whole days are split off first, so that nothing overflows.
		perDay := int64(86_400_000_000_000) / perUnit
		return 0, v / perDay, v % perDay * perUnit, nil
	}
	return 0, 0, 0, fmt.Errorf("type %s is no interval", in.DataType())
}

func appendISODuration(b []byte, months, days, nanos int64) []byte {
	b = append(b, 'P')
	b = appendPart(b, months/12, 'Y')
	b = appendPart(b, months%12, 'M')
	b = appendPart(b, days, 'D')
	if nanos != 0 {
		b = append(b, 'T')
		b = appendPart(b, nanos/3_600_000_000_000, 'H')
		b = appendPart(b, nanos/60_000_000_000%60, 'M')
		b = appendSeconds(b, nanos%60_000_000_000)
	}
	if len(b) == 1 {
		return append(b, "T0S"...)
	}
	return b
}

func appendPart(b []byte, n int64, unit byte) []byte {
	if n == 0 {
		return b
	}
	return append(strconv.AppendInt(b, n, 10), unit)
}

func appendSeconds(b []byte, nanos int64) []byte {
	if nanos == 0 {
		return b
	}
	if nanos < 0 {
		b = append(b, '-')
		nanos = -nanos
	}
	b = strconv.AppendInt(b, nanos/1_000_000_000, 10)
	if frac := nanos % 1_000_000_000; frac != 0 {
		digits := strconv.AppendInt(nil, 1_000_000_000+frac, 10)
		digits[0] = '.'
		for digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		b = append(b, digits...)
	}
	return append(b, 'S')
}
