package csv

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// scanner divides text into records fast and keeps only the fields that are
// wanted. It looks at eight bytes at a time (SWAR): a comparison of all eight
// with a character is a handful of integer operations, and in a stretch of
// unwanted fields it only counts delimiters.
type scanner struct {
	*dialect
	newline byte
	fields  int   // fields that a record has
	want    []int // indices of the wanted fields, ascending, and math.MaxInt

	delims, newlines, quotes uint64 // the character in each of eight bytes

	// spans are the wanted fields of the records found, record after record.
	spans []span
	rows  int
}

// scanPad is how many readable bytes must follow the text in its buffer.
const scanPad = 8

const (
	lowBits  = 0x7f7f7f7f7f7f7f7f
	onesByte = 0x0101010101010101
)

// newScanner returns a scanner for up to maxRows records at a time. want are
// the indices of the wanted fields, ascending.
func newScanner(d *dialect, newline byte, fields int, want []int) *scanner {
	s := &scanner{
		dialect: d, newline: newline, fields: fields,
		want:     append(append([]int{}, want...), math.MaxInt),
		delims:   onesByte * uint64(d.Delimiter),
		newlines: onesByte * uint64(newline),
		quotes:   onesByte * uint64(d.Quote),
	}
	if d.Quote == 0 {
		s.quotes = s.newlines
	}
	return s
}

// matches returns 0x80 in each byte of word that equals pattern's, and 0 in
// the others, exactly.
func matches(word, pattern uint64) uint64 {
	x := word ^ pattern
	return ^((x&lowBits + lowBits) | x | lowBits)
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

// records reads records that end with a line end, up to maxRows in all, and
// returns where the first one begins that does not. It is one long function
// because its state has to stay in registers.
func (s *scanner) records(buf []byte, pos, n, maxRows int) (int, *fault) {
	var (
		delims, newlines, quotes = s.delims, s.newlines, s.quotes
		spans                    = s.spans
		want                     = s.want
		nextWant                 = want[0]
		wanted                   = 0        // of this record, so far
		field                    = 0        // index of the current field
		begin, start             = pos, pos // of the record, of the field
		i                        = pos
	)
	for i < n {
		word := binary.LittleEndian.Uint64(buf[i:])
		isDelim := matches(word, delims)
		stop := matches(word, newlines) | matches(word, quotes)
		if i+8 > n {
			keep := uint64(1)<<(8*uint(n-i)) - 1
			isDelim &= keep
			stop &= keep
		}
		if stop == 0 {
			found := bits.OnesCount64(isDelim)
			if field+found <= nextWant {
				if found > 0 {
					field += found
					start = i + 8 - bits.LeadingZeros64(isDelim)>>3
				}
				i += 8
				continue
			}
		}
		all := isDelim | stop
		advance := 8
	word:
		for all != 0 {
			p := i + bits.TrailingZeros64(all)>>3
			all &= all - 1
			switch buf[p] {
			case s.Delimiter:
				if field == nextWant {
					spans = append(spans, span{uint32(start), uint32(p)})
					wanted++
					nextWant = want[wanted]
				}
				field++
				start = p + 1
			case s.newline:
				end := p
				if s.newline == '\n' && p > start && buf[p-1] == '\r' {
					end--
				}
				if end == begin && s.fields > 1 {
					begin, start = p+1, p+1
					continue
				}
				if field == nextWant {
					spans = append(spans, span{uint32(start), uint32(end)})
				}
				field++
				if field != s.fields || end-begin > s.MaxRecord {
					var bad *fault
					if spans, bad = s.odd(spans, begin, end, field); bad != nil {
						return begin, bad
					}
				}
				s.rows++
				begin, start, field, wanted, nextWant = p+1, p+1, 0, 0, want[0]
				if s.rows == maxRows {
					s.spans = spans
					return begin, nil
				}
			default: // a quote
				if p != start {
					continue
				}
				closing, escaped := closingQuote(s.dialect, buf[:n], p+1, false)
				if closing < 0 {
					i = n
					break word
				}
				after, ok, bad := afterQuote(s.dialect, s.newline, buf[:n], closing, false)
				if bad != nil {
					return begin, bad
				}
				if !ok {
					i = n
					break word
				}
				if field == nextWant {
					end := uint32(closing) | spanQuoted
					if escaped {
						end |= spanEscaped
					}
					spans = append(spans, span{uint32(p + 1), end})
					wanted++
					nextWant = want[wanted]
				}
				field++
				if buf[after] == s.Delimiter {
					start = after + 1
					i, advance = start, 0
					break word
				}
				end := after
				if s.newline == '\n' && buf[after-1] == '\r' {
					end--
				}
				if field != s.fields || end-begin > s.MaxRecord {
					if spans, bad = s.odd(spans, begin, end, field); bad != nil {
						return begin, bad
					}
				}
				s.rows++
				begin, start, field, wanted, nextWant = after+1, after+1, 0, 0, want[0]
				if s.rows == maxRows {
					s.spans = spans
					return begin, nil
				}
				i, advance = begin, 0
				break word
			}
		}
		i += advance
	}
	s.spans = spans[:s.rows*(len(want)-1)]
	return begin, nil
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
