package parquet

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	pq "github.com/apache/arrow-go/v18/parquet"
)

const (
	// julianEpoch is the Julian day of 1970-01-01.
	julianEpoch  = 2_440_588
	nanosPerDay  = 86_400_000_000_000
	microsPerDay = nanosPerDay / 1000
)

// int96Micros decodes 8 bytes of nanoseconds in the day and 4 of the Julian
// day, little endian.
func int96Micros(v pq.Int96) (arrow.Timestamp, error) {
	nanos := binary.LittleEndian.Uint64(v[:8])
	days := int64(binary.LittleEndian.Uint32(v[8:])) - julianEpoch
	switch {
	case nanos >= nanosPerDay:
		return 0, fmt.Errorf("an INT96 timestamp has %d nanoseconds in its day", nanos)
	case nanos%1000 != 0:
		return 0, fmt.Errorf("an INT96 timestamp has %d nanoseconds in its day; finer than microseconds has no form here", nanos)
	case days > 106_000_000:
		return 0, fmt.Errorf("an INT96 timestamp is %d days from 1970", days)
	}
	return arrow.Timestamp(days*microsPerDay + int64(nanos/1000)), nil
}
