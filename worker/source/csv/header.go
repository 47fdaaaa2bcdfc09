package csv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// candidates are the delimiters that are looked for, in order of preference.
const candidates = ",;\t|"

// findNewline returns the last byte of the text's line ends: CR if the first
// line ends with a lone one, LF otherwise.
func findNewline(text []byte, o *options) byte {
	inside := false
	for i, c := range text {
		switch {
		case o.quote != 0 && c == o.quote:
			begins := i == 0 || text[i-1] == o.delimiter || text[i-1] == '\n' || strings.IndexByte(candidates, text[i-1]) >= 0
			if inside || begins {
				inside = !inside
			}
		case inside:
		case c == '\n':
			return '\n'
		case c == '\r':
			if i+1 < len(text) && text[i+1] != '\n' {
				return '\r'
			}
			return '\n'
		}
	}
	return '\n'
}

// delimiterLines is how many records a delimiter is judged by.
const delimiterLines = 200

// findDelimiter returns the candidate that divides all of the first records
// into the same number of fields, and into the most; if none does, the one
// that divides the first record into the most.
func findDelimiter(text []byte, whole bool, d dialect, newline byte) byte {
	best, bestFields, bestEven := byte(candidates[0]), 1, false
	for i := range len(candidates) {
		d.Delimiter = candidates[i]
		fields, even := judgeDelimiter(text, whole, &lexer{dialect: &d, newline: newline})
		if fields < 2 || (bestEven && !even) {
			continue
		}
		if fields > bestFields || (even && !bestEven) {
			best, bestFields, bestEven = candidates[i], fields, even
		}
	}
	return best
}

// judgeDelimiter returns the number of fields in the first record, and whether
// the next ones have as many.
func judgeDelimiter(text []byte, whole bool, l *lexer) (fields int, even bool) {
	even = true
	var spans []span
	for pos, line := 0, 0; pos < len(text) && line < delimiterLines; line++ {
		var next int
		var bad *fault
		spans, next, bad = l.record(spans[:0], text, pos, whole)
		if bad != nil {
			return fields, false
		}
		if next < 0 {
			break
		}
		switch {
		case len(spans) == 1 && spans[0].start == spans[0].end:
		case fields == 0:
			fields = len(spans)
		case fields != len(spans):
			even = false
		}
		pos = next
	}
	return fields, even
}

// fieldText returns a field as UTF-8.
func fieldText(s span, text []byte, d *dialect, encoding string) ([]byte, error) {
	b := s.text(text)
	if s.escaped() {
		b = d.unescape(nil, b)
	}
	if m := charmaps[encoding]; m != nil {
		return decodeBytes(nil, b, m)
	}
	if !utf8.Valid(b) {
		return nil, errNoCharacter
	}
	return b, nil
}

// headerNames returns the names in a header as they are, and fails where they
// are no text.
func headerNames(fields []span, text []byte, d *dialect, encoding string) ([]string, error) {
	names := make([]string, len(fields))
	for i, s := range fields {
		b, err := fieldText(s, text, d, encoding)
		if err != nil {
			return nil, errors.New(notText(fmt.Sprintf("column%d", i), s.text(text), encoding))
		}
		if bytes.IndexByte(b, 0) >= 0 {
			return nil, fmt.Errorf("the name of column %d holds a NUL byte; is this a CSV file? The encoding can be given as encoding=utf-16, for one", i)
		}
		names[i] = string(b)
	}
	return names, nil
}

// uniqueNames gives columns without a name one, and those with a name that is
// taken another, also where only the case of letters differs. Names that
// were unique stay as they are.
func uniqueNames(names []string) (unique, notes []string) {
	taken := map[string]bool{}
	for _, n := range names {
		taken[strings.ToLower(n)] = true
	}
	seen := map[string]bool{}
	for i, n := range names {
		base, name := n, n
		if n == "" {
			base = fmt.Sprintf("column%d", i)
			name = base
		}
		repeated := n == "" && taken[strings.ToLower(name)] || seen[strings.ToLower(name)]
		for k := 2; repeated; k++ {
			name = fmt.Sprintf("%s_%d", base, k)
			repeated = taken[strings.ToLower(name)] || seen[strings.ToLower(name)]
		}
		seen[strings.ToLower(name)] = true
		if name != n {
			notes = append(notes, fmt.Sprintf("column %d, in the header %q, is called %q here, because names must be there and be unique", i+1, n, name))
		}
		unique = append(unique, name)
	}
	return unique, notes
}

// numberedNames are the names of columns without a header.
func numberedNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("column%d", i)
	}
	return names
}
