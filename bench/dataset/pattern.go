package dataset

// Pattern is how invoices and payments belong together.
type Pattern string

// The patterns that Make knows. Amounts may differ by two cents in all but
// Cross.
const (
	// OneToOne: a payment pays for an invoice, by its id.
	OneToOne Pattern = "one_to_one"
	// Split: four payments, one after the other, pay for an invoice together,
	// by its id: their sum is its amount.
	Split Pattern = "split"
	// Batch: a payment pays for the four invoices of an order together, by the
	// order's number: their sum is its amount.
	Batch Pattern = "batch"
	// Cross: four invoices and four payments have an order's number in common,
	// and each payment belongs to each invoice.
	Cross Pattern = "cross"
	// Skewed: as OneToOne, but a fifth of the payments is for four invoices.
	Skewed Pattern = "skewed"
)

// groupSize is how many rows go together on the side that has several. It
// divides chunkRows, so that a group is made in one piece.
const groupSize = 4

// mostRight is the largest number of payments that a pattern has invoices for.
func (s Spec) mostRight() (rows int64, known bool) {
	switch s.Pattern {
	case "", OneToOne:
		return s.LeftRows, true
	case Split:
		return s.LeftRows * groupSize, true
	case Batch:
		return int64(orders(s)), true
	case Cross:
		return int64(orders(s)) * groupSize, true
	case Skewed:
		return max(0, s.LeftRows-hotInvoices), true
	}
	return 0, false
}

// orders is the number of orders, each of up to four invoices.
func orders(s Spec) uint64 { return (uint64(s.LeftRows) + groupSize - 1) / groupSize }

// hasOrders says whether invoices have their order's number, which several
// share.
func (s Spec) hasOrders() bool { return s.Pattern == Batch || s.Pattern == Cross }

// hotInvoices share hotShare of a thousand payments of a skewed data set.
const (
	hotInvoices = 4
	hotShare    = 200
)

// tally counts what rows have in common, chunk by chunk.
type tally struct {
	// matched are pairs, left and right the rows that are in any.
	matched, left, right int64
	// hot is a bit for each of the hot invoices that was paid for.
	hot uint8
}

func (t *tally) add(other tally) {
	t.matched += other.matched
	t.left += other.left
	t.right += other.right
	t.hot |= other.hot
}

// pair counts one payment and one invoice that belong to each other and to
// nothing else.
func (t *tally) pair() {
	t.matched++
	t.left++
	t.right++
}

// counts are those of the whole data set.
func (t *tally) counts(s Spec) Counts {
	left := t.left
	for bits := t.hot; bits > 0; bits &= bits - 1 {
		left++
	}
	return Counts{Matched: t.matched, UnmatchedLeft: s.LeftRows - left, UnmatchedRight: s.RightRows - t.right}
}
