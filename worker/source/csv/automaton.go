package csv

import "bytes"

// state is where in a record a reader may be before a byte.
type state uint8

const (
	atStart   state = iota // at the start of a field
	inPlain                // in an unquoted field
	inQuoted               // in a quoted field
	pastQuote              // past a quote in a quoted field: its end, or the first of two
	pastCR                 // past the CR of a line end that follows a quoted field
	escaping               // past an escape character in a quoted field
	stateCount
	dead state = 0xff // the record is broken
)

// automaton is a dialect's rules as a table of states. It allows all that
// scanner allows, and may allow more.
type automaton struct {
	*dialect
	newline byte
	next    [stateCount][256]state
}

func newAutomaton(d *dialect, newline byte) *automaton {
	a := &automaton{dialect: d, newline: newline}
	for c := range 256 {
		plain := inPlain
		if byte(c) == d.Delimiter || byte(c) == newline {
			plain = atStart
		}
		after := dead
		if plain == atStart {
			after = atStart
		}
		a.next[atStart][c], a.next[inPlain][c] = plain, plain
		a.next[inQuoted][c], a.next[escaping][c] = inQuoted, inQuoted
		a.next[pastQuote][c], a.next[pastCR][c] = after, dead
	}
	a.next[pastCR]['\n'] = atStart
	if newline == '\n' {
		a.next[pastQuote]['\r'] = pastCR
	}
	if d.Quote == 0 {
		return a
	}
	a.next[atStart][d.Quote] = inQuoted
	a.next[inQuoted][d.Quote] = pastQuote
	if d.Escape == d.Quote {
		a.next[pastQuote][d.Quote] = inQuoted
	} else {
		a.next[inQuoted][d.Escape] = escaping
	}
	return a
}

// path is one state in which a reader may have come to a text offset, and
// where it has got to from there.
type path struct {
	first, now state
	// quoted is the text offset at which the field began that now is inside
	// of, or where the path began.
	quoted int64
}

// track follows paths through a text, in which it stands at pos.
type track struct {
	*automaton
	paths []path
	pos   int64
}

func (a *automaton) track(pos int64, states ...state) *track {
	t := &track{automaton: a, pos: pos}
	for _, s := range states {
		t.paths = append(t.paths, path{first: s, now: s, quoted: pos})
	}
	return t
}

// anywhere are the states that a reader may be in at any byte.
func (a *automaton) anywhere() []state {
	switch {
	case a.Quote == 0:
		return []state{atStart, inPlain}
	case a.Escape == a.Quote:
		return []state{atStart, inPlain, inQuoted, pastQuote, pastCR}
	}
	return []state{atStart, inPlain, inQuoted, pastQuote, pastCR, escaping}
}

// settled reports whether all paths have come to one state, or all broke.
func (t *track) settled() bool {
	for _, p := range t.paths[min(1, len(t.paths)):] {
		if p.now != t.paths[0].now {
			return false
		}
	}
	return true
}

// step follows the paths over one byte.
func (t *track) step(c byte) {
	for i := range t.paths {
		p := &t.paths[i]
		was := p.now
		p.now = t.next[was][c]
		if was == atStart && p.now == inQuoted {
			p.quoted = t.pos
		}
	}
	t.pos++
	t.drop()
}

// skip follows the paths over text without quotes, where quotes are doubled.
func (t *track) skip(text []byte) {
	for i := range t.paths {
		t.paths[i].now = t.over(t.paths[i].now, text)
	}
	t.pos += int64(len(text))
	t.drop()
}

// over returns the state behind text that has no quotes: inside a quoted
// field nothing changes, and otherwise only the last byte counts.
func (t *track) over(s state, text []byte) state {
	for len(text) > 0 && (s == pastQuote || s == pastCR) {
		s, text = t.next[s][text[0]], text[1:]
	}
	if s == inQuoted || s == dead || len(text) == 0 {
		return s
	}
	return t.next[inPlain][text[len(text)-1]]
}

// drop forgets the paths that no well-formed text takes: those that broke, and
// those that were inside one field for longer than a record may be.
func (t *track) drop() {
	kept := t.paths[:0]
	for _, p := range t.paths {
		tooLong := p.now == inQuoted && t.pos-p.quoted > int64(t.MaxRecord)
		if p.now != dead && !tooLong {
			kept = append(kept, p)
		}
	}
	t.paths = kept
}

// follow goes on through text until the paths have settled or text ends, and
// returns how many bytes it took.
func (t *track) follow(text []byte) int {
	for i := 0; i < len(text); {
		if t.settled() {
			return i
		}
		i += t.leap(text[i:])
	}
	return len(text)
}

// leapBytes is how far leap looks for a quote.
const leapBytes = 4 << 10

// leap follows the paths to behind the next quote if it is near, or over one
// byte where every byte counts: when other bytes than quotes change what a
// quote means, and when paths outside of quotes are about to meet.
func (t *track) leap(text []byte) int {
	if t.Quote == 0 || t.Escape != t.Quote || (len(t.paths) > 1 && t.allPlain()) {
		t.step(text[0])
		return 1
	}
	text = text[:min(len(text), leapBytes)]
	quote := bytes.IndexByte(text, t.Quote)
	if quote < 0 {
		t.skip(text)
		return len(text)
	}
	if quote > 0 {
		t.skip(text[:quote])
	}
	t.step(text[quote])
	return quote + 1
}

// allPlain reports whether all paths are in unquoted text.
func (t *track) allPlain() bool {
	for _, p := range t.paths {
		if p.now != atStart && p.now != inPlain {
			return false
		}
	}
	return true
}

// toRecord follows a settled track to the start of the next record, and
// returns how many bytes it took and whether it is there.
func (t *track) toRecord(text []byte) (int, bool) {
	for i, c := range text {
		t.step(c)
		if len(t.paths) == 0 {
			return i + 1, false
		}
		if c == t.newline && t.paths[0].now == atStart {
			return i + 1, true
		}
	}
	return len(text), false
}

// endText drops the paths that the end of the text breaks.
func (t *track) endText() {
	kept := t.paths[:0]
	for _, p := range t.paths {
		if p.now != inQuoted && p.now != escaping {
			kept = append(kept, p)
		}
	}
	t.paths = kept
}

// toward follows the paths as leap does, but not beyond least.
func (t *track) toward(text []byte, least int64) int {
	text = text[:min(int64(len(text)), least-t.pos)]
	taken := 0
	for taken < len(text) && len(t.paths) > 0 {
		taken += t.leap(text[taken:])
	}
	if len(t.paths) == 0 {
		t.pos = least
	}
	return len(text)
}
