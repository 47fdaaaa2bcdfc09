package filter

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// pattern is a LIKE pattern as Postgres reads it: % is any text, _ is any one
// character, a backslash makes the next character stand for itself.
//
// The parts lie between the pattern's %; the first is held to the beginning of
// the text and the last to its end, and each one between is taken where it
// first fits, which is right because whatever follows only gains room by that.
type pattern struct {
	parts []part
}

// part is a run of the pattern without %.
type part struct {
	literal []byte // when wild is nil
	atoms   []atom // when the part has a _
}

// atom is one character of a part, or any one.
type atom struct {
	any  bool
	text []byte
}

var errDanglingEscape = errors.New("it ends in a backslash; write two for one of itself")

func newPattern(p []byte) (*pattern, error) {
	out := &pattern{}
	var current part
	wild := false
	flush := func() {
		if !wild {
			current.atoms = nil
		}
		out.parts = append(out.parts, current)
		current, wild = part{}, false
	}
	for len(p) > 0 {
		if p[0] == '%' {
			flush()
			p = p[1:]
			continue
		}
		if p[0] == '_' {
			current.atoms = append(current.atoms, atom{any: true})
			wild = true
			p = p[1:]
			continue
		}
		if p[0] == '\\' {
			if p = p[1:]; len(p) == 0 {
				return nil, errDanglingEscape
			}
		}
		_, size := utf8.DecodeRune(p)
		current.atoms = append(current.atoms, atom{text: p[:size:size]})
		current.literal = append(current.literal, p[:size]...)
		p = p[size:]
	}
	flush()
	return out, nil
}

func (p *pattern) match(s []byte) bool {
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	n, ok := first.prefix(s)
	if !ok {
		return false
	}
	if s = s[n:]; len(p.parts) == 1 {
		return len(s) == 0
	}
	for _, middle := range p.parts[1 : len(p.parts)-1] {
		end, ok := middle.find(s)
		if !ok {
			return false
		}
		s = s[end:]
	}
	return last.suffix(s)
}

// prefix returns the length of the beginning of s that the part fits.
func (p part) prefix(s []byte) (int, bool) {
	if p.atoms == nil {
		return len(p.literal), bytes.HasPrefix(s, p.literal)
	}
	n := 0
	for _, a := range p.atoms {
		switch {
		case a.any && n < len(s):
			_, size := utf8.DecodeRune(s[n:])
			n += size
		case !a.any && bytes.HasPrefix(s[n:], a.text):
			n += len(a.text)
		default:
			return 0, false
		}
	}
	return n, true
}

// find returns the end of the first place in s that the part fits.
func (p part) find(s []byte) (int, bool) {
	if p.atoms == nil {
		i := bytes.Index(s, p.literal)
		return i + len(p.literal), i >= 0
	}
	for start := 0; start <= len(s); {
		if n, ok := p.prefix(s[start:]); ok {
			return start + n, true
		}
		_, size := utf8.DecodeRune(s[start:])
		start += max(size, 1)
	}
	return 0, false
}

// suffix reports whether the part fits the end of s.
func (p part) suffix(s []byte) bool {
	if p.atoms == nil {
		return bytes.HasSuffix(s, p.literal)
	}
	for i := len(p.atoms) - 1; i >= 0; i-- {
		a := p.atoms[i]
		switch {
		case a.any && len(s) > 0:
			_, size := utf8.DecodeLastRune(s)
			s = s[:len(s)-size]
		case !a.any && bytes.HasSuffix(s, a.text):
			s = s[:len(s)-len(a.text)]
		default:
			return false
		}
	}
	return true
}

// mayMatch is false only if no text from least to greatest begins as the
// pattern does.
func (p *pattern) mayMatch(least, greatest []byte) bool {
	prefix := p.parts[0].literal
	if p.parts[0].atoms != nil {
		prefix = nil
		for _, a := range p.parts[0].atoms {
			if a.any {
				break
			}
			prefix = append(prefix, a.text...)
		}
	}
	if bytes.Compare(greatest, prefix) < 0 {
		return false
	}
	return bytes.Compare(least[:min(len(least), len(prefix))], prefix) <= 0
}
