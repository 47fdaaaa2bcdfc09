package evidence

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// decimalValues stores decimals in 4 or 8 bytes, little endian, or in as many
// bytes, big endian, as their precision needs.
type decimalValues struct {
	plainPages
	physical  parquet.Type
	width     int
	low, high decimal128.Num
	any       bool
}

func newDecimalValues(descr *schema.Column) *decimalValues {
	v := &decimalValues{physical: descr.PhysicalType(), width: descr.TypeLength()}
	switch v.physical {
	case parquet.Types.Int32:
		v.width = 4
	case parquet.Types.Int64:
		v.width = 8
	}
	return v
}

func (v *decimalValues) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	bitmap, nulls := arr.NullBitmapBytes(), arr.NullN() > 0
	for i, n := range arrow.GetValues[decimal128.Num](arr.Data(), 1)[from:to] {
		if nulls && !present(bitmap, arr, from+i) {
			continue
		}
		if !v.fits(n) {
			t := arr.DataType().(*arrow.Decimal128Type)
			return page, fmt.Errorf("the value %s has more digits than %s", n.ToString(t.Scale), t)
		}
		page = v.append(page, n)
		v.add(n)
	}
	return page, nil
}

func (v *decimalValues) add(n decimal128.Num) {
	switch {
	case !v.any:
		v.low, v.high, v.any = n, n, true
	case n.Less(v.low):
		v.low = n
	case v.high.Less(n):
		v.high = n
	}
}

// fits reports whether no bit of n is lost in the column's bytes.
func (v *decimalValues) fits(n decimal128.Num) bool {
	low, high := int64(n.LowBits()), n.HighBits()
	switch v.physical {
	case parquet.Types.Int32:
		return int64(int32(low)) == low && high == low>>63
	case parquet.Types.Int64:
		return high == low>>63
	}
	if v.width == 16 {
		return true
	}
	// Columns of more than 18 digits have 9 to 15 bytes: what is cut off of
	// the high half must be all sign.
	kept := uint(v.width-8) * 8
	return high>>(kept-1) == high>>63
}

func (v *decimalValues) append(page []byte, n decimal128.Num) []byte {
	switch v.physical {
	case parquet.Types.Int32:
		return binary.LittleEndian.AppendUint32(page, uint32(n.LowBits()))
	case parquet.Types.Int64:
		return binary.LittleEndian.AppendUint64(page, n.LowBits())
	}
	var all [16]byte
	binary.BigEndian.PutUint64(all[:8], uint64(n.HighBits()))
	binary.BigEndian.PutUint64(all[8:], n.LowBits())
	return append(page, all[16-v.width:]...)
}

func (v *decimalValues) stats(s *metadata.EncodedStatistics) {
	if v.any {
		setBounds(s, v.append(nil, v.low), v.append(nil, v.high))
	}
}

func (v *decimalValues) reset() { v.any = false }
