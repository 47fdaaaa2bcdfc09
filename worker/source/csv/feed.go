package csv

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"kallad/worker/blob"
)

// maxHeadroom is the space before each block, in bytes, that the unread end of
// the block before it is copied to, so that records lie in one piece.
const maxHeadroom = 64 << 10

// feed cuts a stream into blocks that hold whole records, while a goroutine
// reads the next block ahead. It is used by one goroutine at a time.
type feed struct {
	text   io.ReadCloser
	full   chan block
	free   chan []byte
	group  errgroup.Group
	cancel context.CancelFunc

	// buf[pos:n] is text that was not taken yet, with scanPad readable bytes
	// behind it; base is the text offset of buf[0].
	buf    []byte
	pos, n int
	base   int64
	final  bool   // the text ends at n
	block  []byte // what buf is part of, nil if it has a buffer of its own

	headroom int
}

// block is what one read gave: bytes after the headroom.
type block struct {
	buf []byte
	n   int
	err error // io.EOF with the last one
}

// openFeed starts reading the text of f from start to end (-1: to the end).
func openFeed(ctx context.Context, obj blob.Object, in *file, start, end int64, blockBytes int) (*feed, error) {
	ctx, cancel := context.WithCancel(ctx)
	text, err := openText(ctx, obj, in, start, end)
	if err != nil {
		cancel()
		return nil, err
	}
	f := &feed{text: text, full: make(chan block, 1), free: make(chan []byte, 2), base: start, cancel: cancel}
	f.headroom = min(maxHeadroom, blockBytes)
	f.free <- make([]byte, f.headroom+blockBytes+scanPad)
	f.free <- make([]byte, f.headroom+blockBytes+scanPad)
	f.group.Go(func() error { f.readAhead(ctx, blockBytes); return nil })
	return f, nil
}

// readAhead fills free buffers until the text ends or ctx does.
func (f *feed) readAhead(ctx context.Context, blockBytes int) {
	defer close(f.full)
	for {
		var b block
		select {
		case b.buf = <-f.free:
		case <-ctx.Done():
			return
		}
		for b.n < blockBytes && b.err == nil {
			var n int
			n, b.err = f.text.Read(b.buf[f.headroom+b.n : f.headroom+blockBytes])
			b.n += n
		}
		select {
		case f.full <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

// more reads another block behind what was not taken.
func (f *feed) more(ctx context.Context) error {
	select {
	case b, ok := <-f.full:
		if !ok {
			return errClosed
		}
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			return b.err
		}
		f.final = b.err != nil
		f.take(b)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take makes the rest of the old text and the new block one piece: in the new
// block's headroom if the rest fits there, else in a buffer of its own.
func (f *feed) take(b block) {
	rest := f.buf[f.pos:f.n]
	f.base += int64(f.pos)
	if len(rest) <= f.headroom {
		f.pos = f.headroom - len(rest)
		copy(b.buf[f.pos:], rest)
		f.base -= int64(f.pos)
		f.recycle()
		f.buf, f.n, f.block = b.buf, f.headroom+b.n, b.buf
		return
	}
	need := len(rest) + b.n + scanPad
	if cap(f.buf)-f.pos >= need && f.block == nil {
		f.buf = f.buf[:cap(f.buf)]
		f.base -= int64(f.pos)
		copy(f.buf[f.n:], b.buf[f.headroom:f.headroom+b.n])
		f.n += b.n
		f.free <- b.buf
		return
	}
	joined := make([]byte, 2*need)
	copy(joined, rest)
	copy(joined[len(rest):], b.buf[f.headroom:f.headroom+b.n])
	f.recycle()
	f.buf, f.pos, f.n = joined, 0, len(rest)+b.n
	f.free <- b.buf
}

// recycle gives the block that buf is part of back to the reader.
func (f *feed) recycle() {
	if f.block != nil {
		f.free <- f.block
		f.block = nil
	}
}

// close stops reading and waits until it has stopped.
func (f *feed) close() error {
	f.cancel()
	_ = f.group.Wait()
	return f.text.Close()
}
