package csv

import "bytes"

// lexer divides text into records, one at a time and all fields of it. It is
// the plain form of the rules, for headers and samples; scanner is the fast
// one, and a fuzz test holds them against each other.
type lexer struct {
	*dialect
	newline byte
}

// record appends the fields of the record at pos to dst and returns where the
// next one begins. final says that the text ends with buf; otherwise next is
// -1 when the record is not whole.
func (l *lexer) record(dst []span, buf []byte, pos int, final bool) (fields []span, next int, bad *fault) {
	begin := pos
	for {
		var s span
		var ok bool
		if s, pos, ok, bad = l.field(buf, pos, final); bad != nil || !ok {
			return dst, -1, bad
		}
		dst = append(dst, s)
		if pos < len(buf) && buf[pos] == l.Delimiter {
			pos++
			continue
		}
		if trimmed := l.trimCR(buf, begin, pos); trimmed-begin > l.MaxRecord {
			return dst, -1, &fault{kind: faultTooLong, pos: begin}
		}
		return dst, min(pos+1, len(buf)), nil
	}
}

// trimCR returns where the record that ends at pos ends without its CR.
func (l *lexer) trimCR(buf []byte, begin, pos int) int {
	if l.newline == '\n' && pos > begin && buf[pos-1] == '\r' {
		return pos - 1
	}
	return pos
}

// field reads the field at pos and returns the offset of what ends it: a
// delimiter, the last byte of a line end, or the end of buf.
func (l *lexer) field(buf []byte, pos int, final bool) (s span, end int, ok bool, bad *fault) {
	if l.Quote != 0 && pos < len(buf) && buf[pos] == l.Quote {
		return l.quoted(buf, pos, final)
	}
	end = pos
	for end < len(buf) && buf[end] != l.Delimiter && buf[end] != l.newline {
		end++
	}
	if end == len(buf) && !final {
		return s, 0, false, nil
	}
	stop := end
	if end == len(buf) || buf[end] == l.newline {
		stop = l.trimCR(buf, pos, end)
	}
	return span{start: uint32(pos), end: uint32(stop)}, end, true, nil
}

func (l *lexer) quoted(buf []byte, open int, final bool) (s span, end int, ok bool, bad *fault) {
	closing, escaped := closingQuote(l.dialect, buf, open+1, final)
	if closing < 0 {
		if final {
			bad = &fault{kind: faultUnclosed, pos: open}
		}
		return s, 0, false, bad
	}
	s = span{start: uint32(open + 1), end: uint32(closing) | spanQuoted}
	if escaped {
		s.end |= spanEscaped
	}
	end, ok, bad = afterQuote(l.dialect, l.newline, buf, closing, final)
	return s, end, ok, bad
}

// closingQuote finds the quote that ends the field whose text begins at pos;
// -1 when buf does not show it.
func closingQuote(d *dialect, buf []byte, pos int, final bool) (closing int, escaped bool) {
	if d.Escape != d.Quote {
		return closingUnescaped(d, buf, pos)
	}
	for {
		i := bytes.IndexByte(buf[pos:], d.Quote)
		if i < 0 {
			return -1, escaped
		}
		pos += i
		if pos+1 == len(buf) {
			if final {
				return pos, escaped
			}
			return -1, escaped
		}
		if buf[pos+1] != d.Quote {
			return pos, escaped
		}
		escaped = true
		pos += 2
	}
}

// closingUnescaped is closingQuote for an escape character that is not the
// quote.
func closingUnescaped(d *dialect, buf []byte, pos int) (closing int, escaped bool) {
	for ; pos < len(buf); pos++ {
		switch buf[pos] {
		case d.Escape:
			escaped = true
			pos++
		case d.Quote:
			return pos, escaped
		}
	}
	return -1, escaped
}

// afterQuote checks what follows a closing quote and returns the offset of
// what ends the field.
func afterQuote(d *dialect, newline byte, buf []byte, closing int, final bool) (end int, ok bool, bad *fault) {
	end = closing + 1
	if end < len(buf) && buf[end] == '\r' && newline == '\n' {
		end++
		if end < len(buf) && buf[end] != '\n' {
			return 0, false, &fault{kind: faultAfterQuote, pos: closing}
		}
	}
	switch {
	case end == len(buf):
		return end, final, nil
	case buf[end] == d.Delimiter || buf[end] == newline:
		return end, true, nil
	}
	return 0, false, &fault{kind: faultAfterQuote, pos: closing}
}
