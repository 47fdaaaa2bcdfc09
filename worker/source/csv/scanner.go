package csv

import (
	"math"
	"math/bits"
)

// scanner divides text into records fast and keeps only the fields that are
// wanted. It works on the marks of 64 bytes at a time, and in a stretch of
// unwanted fields it only counts delimiters.
type scanner struct {
	*dialect
	newline byte
	fields  int   // fields that a record has
	want    []int // indices of the wanted fields, ascending, and math.MaxInt
	chars   chars

	// marks are those of the text from marksAt on.
	marks   [64]marks
	marksAt int

	// spans are the wanted fields of the records found, record after record.
	spans []span
	rows  int
}

// scanPad is how many readable bytes must follow the text in its buffer.
const scanPad = blockSize

// newScanner returns a scanner of records with the given number of fields.
// want are the indices of the wanted ones, ascending.
func newScanner(d *dialect, newline byte, fields int, want []int) *scanner {
	s := &scanner{
		dialect: d, newline: newline, fields: fields,
		want:  append(append([]int{}, want...), math.MaxInt),
		chars: chars{delim: d.Delimiter, newline: newline, quote: d.Quote},
	}
	if d.Quote == 0 {
		s.chars.quote = newline
	}
	return s
}

// scan reads up to maxRows records from buf[pos:n] into s.spans and s.rows,
// replacing what they held, and returns where the next record begins. final
// says that the text ends at n; otherwise a record that is not whole is left
// for the next call. buf has scanPad readable bytes behind n. With a fault
// there are no records.
func (s *scanner) scan(buf []byte, pos, n int, final bool, maxRows int) (next int, bad *fault) {
	s.spans, s.rows = s.spans[:0], 0
	defer func() {
		if bad != nil {
			s.spans, s.rows = s.spans[:0], 0
		}
	}()
	for pos < n && s.rows < maxRows {
		end, bad := s.records(buf, pos, n, maxRows)
		if bad != nil {
			return pos, bad
		}
		pos = end
		if s.rows == maxRows || !final || pos >= n {
			break
		}
		if pos, bad = s.last(buf, pos, n); bad != nil {
			return pos, bad
		}
	}
	if bad := s.tooLong(pos, n); bad != nil && s.rows < maxRows {
		return pos, bad
	}
	return pos, nil
}

// tooLong tells whether the record that begins at pos and is not whole at n
// can be none that is allowed.
func (s *scanner) tooLong(pos, n int) *fault {
	// One byte more, for a CR that may turn out to be part of the line end.
	if n-pos > s.MaxRecord+1 {
		return &fault{kind: faultTooLong, pos: pos}
	}
	return nil
}

// record is how far a scanner has come in a record.
type record struct {
	begin    int // of the record
	start    int // of the current field
	field    int // index of the current field
	wanted   int // wanted fields so far
	nextWant int // index of the next one
}

// records reads records that end with a line end, up to maxRows in all, and
// returns where the first one begins that does not.
func (s *scanner) records(buf []byte, pos, n, maxRows int) (int, *fault) {
	r := record{begin: pos, start: pos, nextWant: s.want[0]}
	for pos < n {
		s.marksAt = pos
		count := min(len(s.marks), (n-pos+blockSize-1)/blockSize)
		classify(buf[pos:], s.chars, s.marks[:count])
		if rest := n - pos - (count-1)*blockSize; rest < blockSize {
			s.marks[count-1].keep(1<<rest - 1)
		}
		var bad *fault
		if pos, bad = s.marked(buf, pos, n, count, maxRows, &r); bad != nil || s.rows == maxRows {
			return r.begin, bad
		}
	}
	s.spans = s.spans[:s.rows*(len(s.want)-1)]
	return r.begin, nil
}

// marked goes on with record r through count blocks of marked text from pos
// on, and returns where to go on. It is one long function because its state
// has to stay in registers.
func (s *scanner) marked(buf []byte, pos, n, count, maxRows int, r *record) (int, *fault) {
	var (
		at           = *r
		spans        = s.spans
		base         = s.marksAt
		block        = 0
		live  uint64 = math.MaxUint64 // the block's bytes from pos on
	)
	defer func() { *r, s.spans = at, spans }()
	for block < count {
		i := base + block*blockSize
		m := s.marks[block]
		m.keep(live)
		delim, stop := m.delim, m.newline|m.quote
		live = math.MaxUint64
		block++
		for {
			// All delimiters before the next stop.
			before := delim & (stop&-stop - 1)
			delim &^= before
			for before != 0 {
				found := bits.OnesCount64(before)
				if at.field+found <= at.nextWant {
					at.field += found
					at.start = i + blockSize - bits.LeadingZeros64(before)
					break
				}
				p := i + bits.TrailingZeros64(before)
				before &= before - 1
				if at.field == at.nextWant {
					spans = append(spans, span{uint32(at.start), uint32(p)})
					at.wanted++
					at.nextWant = s.want[at.wanted]
				}
				at.field++
				at.start = p + 1
			}
			if stop == 0 {
				break
			}
			p := i + bits.TrailingZeros64(stop)
			stop &= stop - 1
			closing := -1
			end := p // of the record, if p ends it
			if buf[p] != s.newline {
				if p != at.start {
					continue // a quote inside a plain field
				}
				escaped := false
				if closing = s.shortQuoted(buf, i, p, n, m.quote); closing >= 0 {
					end = closing + 1
				} else {
					var ok bool
					var bad *fault
					if closing, escaped = closingQuote(s.dialect, buf[:n], p+1, false); closing < 0 {
						return n, nil
					}
					if end, ok, bad = afterQuote(s.dialect, s.newline, buf[:n], closing, false); !ok {
						return n, bad
					}
				}
				if at.field == at.nextWant {
					close := uint32(closing) | spanQuoted
					if escaped {
						close |= spanEscaped
					}
					spans = append(spans, span{uint32(p + 1), close})
					at.wanted++
					at.nextWant = s.want[at.wanted]
				}
				at.field++
				p = end
				if buf[p] == s.Delimiter {
					at.start = p + 1
				}
			}
			if buf[p] == s.newline {
				if s.newline == '\n' && p > at.start && buf[p-1] == '\r' {
					end--
				}
				if closing < 0 {
					if end == at.begin && s.fields > 1 {
						at.begin, at.start = p+1, p+1
						continue
					}
					if at.field == at.nextWant {
						spans = append(spans, span{uint32(at.start), uint32(end)})
					}
					at.field++
				}
				if at.field != s.fields || end-at.begin > s.MaxRecord {
					var bad *fault
					if spans, bad = s.odd(spans, at.begin, end, at.field); bad != nil {
						return p, bad
					}
				}
				s.rows++
				at = record{begin: p + 1, start: p + 1, nextWant: s.want[0]}
				if s.rows == maxRows {
					return p + 1, nil
				}
			}
			if closing >= 0 {
				// Go on behind the quoted field, which may be blocks away.
				next := p + 1 - base
				if next >= count*blockSize {
					return p + 1, nil
				}
				if next/blockSize+1 == block {
					keep := uint64(math.MaxUint64) << (next % blockSize)
					delim, stop = m.delim&keep, (m.newline|m.quote)&keep
					continue
				}
				block = next / blockSize
				live = math.MaxUint64 << (next % blockSize)
				break
			}
		}
	}
	return min(base+count*blockSize, n), nil
}

// shortQuoted returns the closing quote of the field that opens at p, if it is
// an ordinary one: it closes in the same block of text, which begins at i, has
// no quotes or escapes in it, and a delimiter or a line end of one byte
// follows. Otherwise it returns -1. quotes are the block's.
func (s *scanner) shortQuoted(buf []byte, i, p, n int, quotes uint64) int {
	rest := quotes & (math.MaxUint64 << (p - i) << 1)
	if rest == 0 || s.Escape != s.Quote {
		return -1
	}
	closing := i + bits.TrailingZeros64(rest)
	if closing+1 < n && (buf[closing+1] == s.Delimiter || buf[closing+1] == s.newline) {
		return closing
	}
	return -1
}

// odd mends or refuses a record of another length than the rules want. spans
// end with the wanted fields of the record, which has the given number of
// fields.
func (s *scanner) odd(spans []span, begin, end, fields int) ([]span, *fault) {
	if end-begin > s.MaxRecord {
		return spans, &fault{kind: faultTooLong, pos: begin}
	}
	if fields > s.fields || !s.Pad {
		return spans, &fault{kind: faultFields, pos: begin, fields: fields}
	}
	for _, w := range s.want[:len(s.want)-1] {
		if w >= fields {
			spans = append(spans, missing)
		}
	}
	return spans, nil
}

// last reads the record at pos that the end of the text ends.
func (s *scanner) last(buf []byte, pos, n int) (int, *fault) {
	l := lexer{dialect: s.dialect, newline: s.newline}
	fields, next, bad := l.record(nil, buf[:n], pos, true)
	if bad != nil {
		return pos, bad
	}
	if blank(fields, s.fields) {
		return next, nil
	}
	for _, w := range s.want[:len(s.want)-1] {
		if w < len(fields) {
			s.spans = append(s.spans, fields[w])
		}
	}
	if len(fields) != s.fields {
		if s.spans, bad = s.odd(s.spans, pos, pos, len(fields)); bad != nil {
			return pos, bad
		}
	}
	s.rows++
	return next, nil
}

// blank reports whether a record is an empty line that does not count.
func blank(fields []span, columns int) bool {
	return columns > 1 && len(fields) == 1 && fields[0].start == fields[0].end
}
