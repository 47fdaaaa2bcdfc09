package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
)

// The server counts dates and times from 2000-01-01, Arrow from 1970-01-01.
const (
	epochDays   = 10957
	epochMicros = epochDays * 24 * 60 * 60 * 1_000_000
)

// wrongSize is a value whose size does not fit its type: a fault of the server
// or of the connection, which a reader cannot mend.
func wrongSize(v []byte, want int) error {
	return fmt.Errorf("the server sent %d bytes where %d belong", len(v), want)
}

func decodeInt16(v []byte) (int16, error) {
	if len(v) != 2 {
		return 0, wrongSize(v, 2)
	}
	return int16(binary.BigEndian.Uint16(v)), nil
}

func decodeInt32(v []byte) (int32, error) {
	if len(v) != 4 {
		return 0, wrongSize(v, 4)
	}
	return int32(binary.BigEndian.Uint32(v)), nil
}

func decodeUint32(v []byte) (uint32, error) {
	x, err := decodeInt32(v)
	return uint32(x), err
}

func decodeInt64(v []byte) (int64, error) {
	if len(v) != 8 {
		return 0, wrongSize(v, 8)
	}
	return int64(binary.BigEndian.Uint64(v)), nil
}

func decodeFloat32(v []byte) (float32, error) {
	x, err := decodeInt32(v)
	return math.Float32frombits(uint32(x)), err
}

func decodeFloat64(v []byte) (float64, error) {
	x, err := decodeInt64(v)
	return math.Float64frombits(uint64(x)), err
}

// decodeDate keeps the infinities as the greatest and the least but one number
// of days, as DuckDB holds them. No finite date of the server comes near.
func decodeDate(v []byte) (int32, error) {
	x, err := decodeInt32(v)
	switch {
	case err != nil:
		return 0, err
	case x == math.MaxInt32:
		return math.MaxInt32, nil
	case x == math.MinInt32:
		return -math.MaxInt32, nil
	case x > math.MaxInt32-epochDays-1:
		return 0, fmt.Errorf("the date %d days after 2000-01-01 is too late to be carried", x)
	}
	return x + epochDays, nil
}

// decodeTimestamp keeps the infinities as the greatest and the least but one
// number of microseconds, as DuckDB holds them. The server's last years, from
// 294247 on, are beyond 64 bits of microseconds since 1970.
func decodeTimestamp(v []byte) (int64, error) {
	x, err := decodeInt64(v)
	switch {
	case err != nil:
		return 0, err
	case x == math.MaxInt64:
		return math.MaxInt64, nil
	case x == math.MinInt64:
		return -math.MaxInt64, nil
	case x > math.MaxInt64-epochMicros-1:
		return 0, errors.New("a timestamp after 294247-01-10 is too late to be carried")
	}
	return x + epochMicros, nil
}

// decodeTime accepts 24:00:00, as the server does.
func decodeTime(v []byte) (int64, error) { return decodeInt64(v) }

func decodeInterval(v []byte) (arrow.MonthDayNanoInterval, error) {
	if len(v) != 16 {
		return arrow.MonthDayNanoInterval{}, wrongSize(v, 16)
	}
	micros := int64(binary.BigEndian.Uint64(v))
	if micros > math.MaxInt64/1000 || micros < math.MinInt64/1000 {
		return arrow.MonthDayNanoInterval{}, fmt.Errorf("an interval of %d microseconds is too long to be carried", micros)
	}
	return arrow.MonthDayNanoInterval{
		Nanoseconds: micros * 1000,
		Days:        int32(binary.BigEndian.Uint32(v[8:])),
		Months:      int32(binary.BigEndian.Uint32(v[12:])),
	}, nil
}

func decodeUUID(v []byte) ([16]byte, error) {
	if len(v) != 16 {
		return [16]byte{}, wrongSize(v, 16)
	}
	return [16]byte(v), nil
}
