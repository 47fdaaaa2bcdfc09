package dataset

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
func InvoiceColumns() []Column {
	return []Column{
		{"invoice_id", "VARCHAR"}, {"customer_id", "VARCHAR"}, {"customer_name", "VARCHAR"}, {"order_number", "VARCHAR"},
		{"issued", "DATE"}, {"due", "DATE"}, {"currency", "VARCHAR"}, {"amount", "DECIMAL(18,2)"}, {"status", "VARCHAR"}, {"note", "VARCHAR"},
	}
}

// PaymentColumns are the columns of the right side.
func PaymentColumns() []Column {
	return []Column{
		{"payment_id", "VARCHAR"}, {"reference_number", "VARCHAR"}, {"paid_at", "TIMESTAMP"}, {"paid_amount", "DECIMAL(18,2)"},
		{"currency", "VARCHAR"}, {"method", "VARCHAR"}, {"payer", "VARCHAR"}, {"account", "VARCHAR"},
	}
}

const (
	invoiceTable uint64 = 1
	paymentTable uint64 = 2
	idWidth             = 9
)

// facts are what an invoice and its payment have in common.
type facts struct {
	cents, day, customer, currency uint64
}

// rows makes the rows of one spec. It is read-only once made.
type rows struct {
	spec    Spec
	vocab   *vocabulary
	shuffle shuffle
}

func newRows(spec Spec) *rows {
	return &rows{spec: spec, vocab: newVocabulary(), shuffle: newShuffle(spec.Seed, uint64(spec.LeftRows))}
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
	out.id("PO", s.below(10_000_000), 8)
	out.date(f.day)
	out.date(f.day + 14 + 16*s.below(2))
	out.word(r.vocab.currencies, f.currency)
	out.money(f.cents)
	out.word(r.vocab.statuses, s.below(uint64(len(r.vocab.statuses.plain))))
	out.word(r.vocab.notes, s.below(uint64(len(r.vocab.notes.plain))))
	out.endRow()
}

// payment writes payment number j and reports whether it matches an invoice
// when amounts may differ by two cents.
func (r *rows) payment(j uint64, out sink) bool {
	i := r.shuffle.at(j)
	f, _ := r.facts(i)
	s := newStream(r.spec.Seed, paymentTable, j)
	difference, known := deviation(&s)
	cents := f.cents + difference
	if s.below(2) == 0 {
		cents = f.cents - difference
	}
	reference := i + 1
	if !known {
		reference += uint64(r.spec.LeftRows)
	}
	out.id("PAY-", j+1, idWidth)
	out.id("INV-", reference, idWidth)
	out.moment((f.day+s.below(30))*86_400 + s.below(86_400))
	out.money(cents)
	out.word(r.vocab.currencies, f.currency)
	out.word(r.vocab.methods, s.below(uint64(len(r.vocab.methods.plain))))
	out.word(r.vocab.companies, f.customer%uint64(len(r.vocab.companies.plain)))
	out.id("DE", 1_000_000_000_000_000_000+s.below(1_000_000_000)*100_003, 20)
	out.endRow()
	return known && difference <= 2
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
