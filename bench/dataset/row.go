package dataset

import "fmt"

// sink takes the values of one row after the other, column by column.
type sink interface {
	// id is a text: the prefix, then the number with at least width digits.
	id(prefix string, number uint64, width int)
	word(w words, at uint64)
	// date counts days since 2024-01-01.
	date(day uint64)
	// moment counts seconds since 2024-01-01T00:00:00.
	moment(second uint64)
	// money counts cents.
	money(cents uint64)
	endRow()
}

// Column is one column's name and its type as SQL says it.
type Column struct{ Name, SQLType string }

// InvoiceColumns are the columns of the left side.
func (s Spec) InvoiceColumns() []Column {
	return append([]Column{
		{"invoice_id", "VARCHAR"}, {"customer_id", "VARCHAR"}, {"customer_name", "VARCHAR"}, {"order_number", "VARCHAR"},
		{"issued", "DATE"}, {"due", "DATE"}, {"currency", "VARCHAR"}, {"amount", "DECIMAL(18,2)"}, {"status", "VARCHAR"}, {"note", "VARCHAR"},
	}, s.extraColumns()...)
}

// PaymentColumns are the columns of the right side.
func (s Spec) PaymentColumns() []Column {
	return append([]Column{
		{"payment_id", "VARCHAR"}, {"reference_number", "VARCHAR"}, {"paid_at", "TIMESTAMP"}, {"paid_amount", "DECIMAL(18,2)"},
		{"currency", "VARCHAR"}, {"method", "VARCHAR"}, {"payer", "VARCHAR"}, {"account", "VARCHAR"},
	}, s.extraColumns()...)
}

func (s Spec) extraColumns() []Column {
	columns := make([]Column, s.Extra)
	for i := range columns {
		columns[i] = Column{fmt.Sprintf("field_%02d", i+1), "VARCHAR"}
	}
	return columns
}

const (
	invoiceTable uint64 = 1
	paymentTable uint64 = 2
	hotTable     uint64 = 4 // 3 is the shuffle's
	idWidth             = 9
	orderWidth          = 8
)

// facts are what an invoice and its payment have in common.
type facts struct {
	cents, day, customer, currency uint64
}

// rows makes the rows of one spec. It is read-only once made.
type rows struct {
	spec    Spec
	vocab   *vocabulary
	shuffle shuffle // of invoices, or of orders where payments are for those
}

func newRows(spec Spec) *rows {
	n := uint64(spec.LeftRows)
	if spec.hasOrders() {
		n = orders(spec)
	}
	return &rows{spec: spec, vocab: newVocabulary(), shuffle: newShuffle(spec.Seed, n)}
}

// facts returns what invoice number i is about, and the stream of what else
// there is to say of it.
func (r *rows) facts(i uint64) (facts, stream) {
	s := newStream(r.spec.Seed, invoiceTable, i)
	f := facts{customer: s.below(100_000), day: s.below(700), currency: s.below(uint64(len(r.vocab.currencies.plain)))}
	magnitude := []uint64{10_000, 100_000, 1_000_000, 10_000_000, 100_000_000}[s.below(5)]
	f.cents = 1_000 + s.below(magnitude)
	return f, s
}

// invoice writes invoice number i.
func (r *rows) invoice(i uint64, out sink) {
	f, s := r.facts(i)
	out.id("INV-", i+1, idWidth)
	out.id("", f.customer, 7)
	out.word(r.vocab.companies, f.customer%uint64(len(r.vocab.companies.plain)))
	order := s.below(10_000_000)
	if r.spec.hasOrders() {
		order = i/groupSize + 1
	}
	out.id("PO", order, orderWidth)
	out.date(f.day)
	out.date(f.day + 14 + 16*s.below(2))
	out.word(r.vocab.currencies, f.currency)
	out.money(f.cents)
	out.word(r.vocab.statuses, s.below(uint64(len(r.vocab.statuses.plain))))
	out.word(r.vocab.notes, s.below(uint64(len(r.vocab.notes.plain))))
	r.extra(&s, out)
	out.endRow()
}

// extra writes the further columns.
func (r *rows) extra(s *stream, out sink) {
	for range r.spec.Extra {
		out.word(r.vocab.companies, s.below(uint64(len(r.vocab.companies.plain))))
	}
}

// payment writes payment number j and counts what it belongs to.
func (r *rows) payment(j uint64, out sink, t *tally) {
	switch r.spec.Pattern {
	case Split:
		r.splitPayment(j, out, t)
	case Batch, Cross:
		r.orderPayment(j, out, t)
	case Skewed:
		r.skewedPayment(j, out, t)
	default:
		r.singlePayment(r.shuffle.at(j), j, out, t)
	}
}

// singlePayment pays for invoice i alone.
func (r *rows) singlePayment(i, j uint64, out sink, t *tally) {
	f, _ := r.facts(i)
	s := newStream(r.spec.Seed, paymentTable, j)
	difference, known := deviation(&s)
	reference := i + 1
	if !known {
		reference += uint64(r.spec.LeftRows)
	}
	if known && difference <= 2 {
		t.pair()
	}
	r.write(j, paid{prefix: "INV-", reference: reference, cents: deviate(&s, f.cents, difference), facts: f}, &s, out)
}

// splitPayment is one of four for an invoice; what is wrong with them is wrong
// with the last.
func (r *rows) splitPayment(j uint64, out sink, t *tally) {
	group, part := j/groupSize, j%groupSize
	i := r.shuffle.at(group)
	f, _ := r.facts(i)
	g := newStream(r.spec.Seed, paymentTable, group)
	difference, known := deviation(&g)
	p := paid{prefix: "INV-", reference: i + 1, cents: f.cents / groupSize, facts: f}
	if part == groupSize-1 {
		p.cents = deviate(&g, f.cents-(groupSize-1)*p.cents, difference)
	}
	if !known {
		p.reference += uint64(r.spec.LeftRows)
	}
	whole := (group+1)*groupSize <= uint64(r.spec.RightRows)
	if known && whole && difference <= 2 {
		t.matched++
		t.right++
		if part == 0 {
			t.left++
		}
	}
	s := newStream(r.spec.Seed, paymentTable, j+uint64(r.spec.RightRows))
	r.write(j, p, &s, out)
}

// orderPayment pays for an order: alone in a batch, as one of four crosswise.
func (r *rows) orderPayment(j uint64, out sink, t *tally) {
	group, first := j, true
	if r.spec.Pattern == Cross {
		group, first = j/groupSize, j%groupSize == 0
	}
	order := r.shuffle.at(group)
	begin := order * groupSize
	end := min(begin+groupSize, uint64(r.spec.LeftRows))
	var sum uint64
	var f facts
	for i := begin; i < end; i++ {
		f, _ = r.facts(i)
		sum += f.cents
	}
	g := newStream(r.spec.Seed, paymentTable, group)
	difference, known := deviation(&g)
	p := paid{prefix: "PO", reference: order + 1, cents: deviate(&g, sum, difference), facts: f}
	if !known {
		p.reference += orders(r.spec)
	}
	if known && (difference <= 2 || r.spec.Pattern == Cross) {
		t.matched += int64(end - begin)
		t.right++
		if first {
			t.left += int64(end - begin)
		}
	}
	s := newStream(r.spec.Seed, paymentTable, j+uint64(r.spec.RightRows))
	r.write(j, p, &s, out)
}

// skewedPayment pays for one of the hot invoices, which are those that no other
// payment is for, or as a single one.
func (r *rows) skewedPayment(j uint64, out sink, t *tally) {
	s := newStream(r.spec.Seed, hotTable, j)
	if s.below(1000) >= hotShare {
		r.singlePayment(r.shuffle.at(j), j, out, t)
		return
	}
	hot := s.below(hotInvoices)
	i := r.shuffle.at(uint64(r.spec.LeftRows) - 1 - hot)
	f, _ := r.facts(i)
	t.matched++
	t.right++
	t.hot |= 1 << hot
	r.write(j, paid{prefix: "INV-", reference: i + 1, cents: f.cents, facts: f}, &s, out)
}

// paid is what a payment is for.
type paid struct {
	prefix    string
	reference uint64
	cents     uint64
	facts
}

// write writes a payment.
func (r *rows) write(j uint64, p paid, s *stream, out sink) {
	out.id("PAY-", j+1, idWidth)
	width := idWidth
	if p.prefix == "PO" {
		width = orderWidth
	}
	out.id(p.prefix, p.reference, width)
	out.moment((p.day+s.below(30))*86_400 + s.below(86_400))
	out.money(p.cents)
	out.word(r.vocab.currencies, p.currency)
	out.word(r.vocab.methods, s.below(uint64(len(r.vocab.methods.plain))))
	out.word(r.vocab.companies, p.customer%uint64(len(r.vocab.companies.plain)))
	out.id("DE", 1_000_000_000_000_000_000+s.below(1_000_000_000)*100_003, 20)
	r.extra(s, out)
	out.endRow()
}

// deviate adds the difference to the amount, or takes it off if there is so
// much of it.
func deviate(s *stream, cents, difference uint64) uint64 {
	if s.below(2) == 0 && cents > difference {
		return cents - difference
	}
	return cents + difference
}

// deviation returns by how many cents a payment misses its invoice's amount
// and whether that invoice exists. Two thirds of the payments match; one in
// seven differs by exactly the two cents that are allowed, one in fifteen by
// one cent more, so that inexact arithmetic shows in the counts.
func deviation(s *stream) (cents uint64, known bool) {
	switch p := s.below(1000); {
	case p < 450:
		return 0, true
	case p < 530:
		return 1, true
	case p < 667:
		return 2, true
	case p < 734:
		return 3, true
	case p < 867:
		return 4 + s.below(900), true
	}
	return s.below(3), false
}
