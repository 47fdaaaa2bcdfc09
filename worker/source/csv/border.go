package csv

import (
	"context"
	"errors"
	"fmt"
	"io"

	"kallad/worker/blob"
)

// errBroken says that no well-formed text looks like the one read.
var errBroken = errors.New("the text is broken")

// errUnsettled says that the text read leaves more than one possibility.
var errUnsettled = errors.New("not settled")

// finder finds record starts in one file.
type finder struct {
	obj  blob.Object
	file *file
	*automaton
}

// text hands pieces of the file's text from pos to end to take, until it
// returns false.
func (f *finder) text(ctx context.Context, pos, end int64, take func([]byte) (more bool)) error {
	buf := make([]byte, 64<<10)
	for pos < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := buf[:min(int64(len(buf)), end-pos)]
		n, err := f.obj.ReadAt(ctx, piece, pos)
		if err != nil && !(errors.Is(err, io.EOF) && n == len(piece)) {
			return fmt.Errorf("read at %d: %w", pos, err)
		}
		if !take(piece) {
			return nil
		}
		pos += int64(n)
		if len(buf) < 1<<20 {
			buf = make([]byte, 2*len(buf))
		}
	}
	return nil
}

// near returns the start of a record at or behind the text offset from, having
// read nothing before it and nothing from limit on, or errUnsettled.
func (f *finder) near(ctx context.Context, from, limit int64) (int64, error) {
	t := f.track(from, f.anywhere()...)
	err := f.text(ctx, from, limit, func(text []byte) bool {
		t.follow(text)
		return !t.settled()
	})
	if err != nil {
		return 0, err
	}
	if t.pos == f.file.Size {
		t.endText()
	} else if !t.settled() {
		return 0, errUnsettled
	}
	// Now it is known in which states a reader can have come to from; they
	// may agree earlier than the states that are now ruled out broke.
	var possible []state
	for _, p := range t.paths {
		possible = append(possible, p.first)
	}
	return f.first(ctx, f.track(from, possible...), from)
}

// first returns the first record start at or behind min that t gets to once
// it has settled; the file's size if there is none, errBroken if t breaks.
func (f *finder) first(ctx context.Context, t *track, least int64) (int64, error) {
	start := f.file.Size
	err := f.text(ctx, t.pos, f.file.Size, func(text []byte) bool {
		for len(text) > 0 && t.pos < least {
			text = text[t.toward(text, least):]
		}
		text = text[t.follow(text):]
		if !t.settled() || len(text) == 0 {
			return true
		}
		_, found := t.toRecord(text)
		if found {
			start = t.pos
		}
		return !found && len(t.paths) > 0
	})
	if err == nil && len(t.paths) == 0 {
		err = errBroken
	}
	return start, err
}
