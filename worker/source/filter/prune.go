package filter

import "math/big"

// Range is what is known of one column in one share of the data, such as a
// Parquet row group or page.
type Range struct {
	// Min and Max enclose all values that are not null; they need not occur.
	// Nil when unknown. Their type goes by the column's:
	//
	//   - integers, dates, times, timestamps: int64, int32 or uint64, in the
	//     column's own unit
	//   - decimals: *big.Int (or int64, int32), unscaled
	//   - floats: float64
	//   - text and UUIDs: []byte or string, in bytewise order
	//   - bool: bool
	//
	// A value of another type counts as unknown.
	Min, Max any
	// Nulls and Rows are counts; Nulls is -1 when unknown.
	Nulls, Rows int64
}

// MayMatch is false only if no row of a share of the data can satisfy the
// filters, so that it need not be read. stats tells what is known of a column
// in that share, ok false for nothing.
func (p *Predicate) MayMatch(stats func(column string) (r Range, ok bool)) bool {
	for _, c := range p.conds {
		r, ok := stats(c.column)
		if !ok {
			continue
		}
		if r.Nulls >= 0 && r.Nulls >= r.Rows {
			return false
		}
		if r.Min != nil && r.Max != nil && !c.test.mayMatch(r) {
			return false
		}
	}
	return true
}

func spanMayMatch(s span, r Range) bool {
	least, ok1 := asBig(r.Min)
	greatest, ok2 := asBig(r.Max)
	return !ok1 || !ok2 || s.overlaps(least, greatest)
}

func asBig(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case int32:
		return big.NewInt(int64(v)), true
	case uint64:
		return new(big.Int).SetUint64(v), true
	case *big.Int:
		return v, v != nil
	case bool:
		return big.NewInt(int64(bit(v))), true
	}
	return nil, false
}
