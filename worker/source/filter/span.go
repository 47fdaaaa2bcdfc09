package filter

import (
	"math/big"

	"kallad/worker/recon"
)

// span is the set of whole numbers that a filter keeps, in the column's own
// unit: unscaled decimals, days, microseconds. It is what makes comparisons
// exact: a value between two units, such as 10.005 against cents, becomes a
// bound on whole units once, and no row is ever converted.
type span struct {
	// lo and hi are the least and the greatest kept; nil is unbounded.
	lo, hi *big.Int
	// not keeps all but lo to hi.
	not bool
	// in, when listed, are the kept numbers themselves.
	in     []*big.Int
	listed bool
}

// none is the empty span, all the span of everything.
func none() span { return span{listed: true} }
func all() span  { return span{} }

// newSpan compares columns of units of 10^-scale with the operands.
func newSpan(op recon.Operator, operands []exact, scale int) span {
	x := operands0(operands)
	floor, whole := x.units(scale)
	ceil := floor
	if !whole {
		ceil = new(big.Int).Add(floor, big.NewInt(1))
	}
	one := big.NewInt(1)
	switch op {
	case recon.OpEq, recon.OpNeq:
		if !whole && op == recon.OpEq {
			return none()
		}
		if !whole {
			return all()
		}
		return span{lo: floor, hi: floor, not: op == recon.OpNeq}
	case recon.OpGt:
		return span{lo: new(big.Int).Add(floor, one)}
	case recon.OpGte:
		return span{lo: ceil}
	case recon.OpLt:
		return span{hi: new(big.Int).Sub(ceil, one)}
	case recon.OpLte:
		return span{hi: floor}
	case recon.OpBetween:
		top, _ := operands[1].units(scale)
		return span{lo: ceil, hi: top}
	}
	return listSpan(operands, scale)
}

func operands0(operands []exact) exact {
	if len(operands) == 0 {
		return exact{digits: new(big.Int)}
	}
	return operands[0]
}

func listSpan(operands []exact, scale int) span {
	s := span{listed: true}
	for _, o := range operands {
		if n, whole := o.units(scale); whole {
			s.in = append(s.in, n)
		}
	}
	return s
}

// clamp narrows the bounds to the numbers that a column type can hold. It
// returns ok false when no number of the type is kept; for not, lo and hi
// stay the excluded range and ok false means that nothing is excluded.
func (s span) clamp(least, greatest *big.Int) (lo, hi *big.Int, ok bool) {
	lo, hi = least, greatest
	if s.lo != nil && s.lo.Cmp(lo) > 0 {
		lo = s.lo
	}
	if s.hi != nil && s.hi.Cmp(hi) < 0 {
		hi = s.hi
	}
	return lo, hi, lo.Cmp(hi) <= 0
}

// overlaps reports whether any number from least to greatest may be kept.
func (s span) overlaps(least, greatest *big.Int) bool {
	if s.listed {
		for _, n := range s.in {
			if n.Cmp(least) >= 0 && n.Cmp(greatest) <= 0 {
				return true
			}
		}
		return false
	}
	if s.not {
		return s.lo.Cmp(least) > 0 || s.hi.Cmp(greatest) < 0
	}
	_, _, ok := s.clamp(least, greatest)
	return ok
}
