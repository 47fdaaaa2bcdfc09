package blob

import (
	"bytes"
	"context"
	"io"
	"os"

	"golang.org/x/sync/errgroup"
)

// firstPiece is the size of a reader's first request, unit: bytes. Only who
// reads on past it gets parts ahead, so that a look at the first lines of a
// large object does not fetch dozens of megabytes.
const firstPiece = 1 << 20

// s3Reader reads [.., end) of an object in pieces. The piece at the front is
// streamed from its connection, or has been fetched ahead into memory while
// the ones before it were read:
//
//	offset ->   [read already][ front ][ ahead ][ ahead ][ ahead ]   not asked for
//	                           ^ Read                             ^ next
//
// Parts ahead take a share of the store's read-ahead memory, and there are
// none when nothing is left of it; the front needs none, so that every reader
// always gets on.
type s3Reader struct {
	ctx    context.Context
	cancel context.CancelFunc
	object *s3Object
	group  errgroup.Group

	front io.ReadCloser
	ahead []*s3Part
	next  int64
	end   int64
	// warm is set when the first piece has been read to its end.
	warm bool
	err  error
}

func newS3Reader(ctx context.Context, o *s3Object, offset, end int64) *s3Reader {
	r := &s3Reader{object: o, next: offset, end: end}
	r.ctx, r.cancel = context.WithCancel(ctx)
	if offset < int64(len(o.head)) {
		have := o.head[offset:min(end, int64(len(o.head)))]
		r.front = io.NopCloser(bytes.NewReader(have))
		r.next += int64(len(have))
	}
	return r
}

func (r *s3Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if err := r.ctx.Err(); err != nil {
			return 0, r.fail(err)
		}
		if r.front == nil {
			if err := r.advance(); err != nil {
				return 0, r.fail(err)
			}
		}
		n, err := r.front.Read(p)
		if err == io.EOF {
			err = r.front.Close()
			r.front = nil
		}
		if err != nil {
			return n, r.fail(err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (r *s3Reader) fail(err error) error {
	r.err = err
	return err
}

// advance makes the next piece the front.
func (r *s3Reader) advance() error {
	if len(r.ahead) > 0 {
		part := r.ahead[0]
		r.ahead = r.ahead[1:]
		r.front = part
		r.fetchAhead()
		return nil
	}
	if r.next >= r.end {
		return io.EOF
	}
	size := int64(firstPiece)
	if r.warm {
		size = r.object.store.cfg.PartBytes
	}
	stop := min(r.next+size, r.end)
	r.front = &s3Stream{ctx: r.ctx, object: r.object, next: r.next, end: stop}
	r.next = stop
	if r.warm {
		r.fetchAhead()
	}
	r.warm = true
	return nil
}

// fetchAhead starts as many parts as may be in flight beside the front.
func (r *s3Reader) fetchAhead() {
	store := r.object.store
	for len(r.ahead) < store.cfg.InFlight-1 && r.next < r.end {
		if !store.ahead.TryAcquire(store.cfg.PartBytes) {
			return
		}
		part := &s3Part{reader: r, buf: store.parts.Get().(*[]byte), done: make(chan struct{})}
		start, stop := r.next, min(r.next+store.cfg.PartBytes, r.end)
		r.group.Go(func() error {
			defer close(part.done)
			part.fetch(start, stop)
			return nil
		})
		r.ahead = append(r.ahead, part)
		r.next = stop
	}
}

// Close stops what is in flight and waits for it.
func (r *s3Reader) Close() error {
	r.cancel()
	_ = r.group.Wait() // parts keep their errors
	if r.front != nil {
		_ = r.front.Close() // a connection that is given up
		r.front = nil
	}
	for _, part := range r.ahead {
		_ = part.Close() // never fails
	}
	r.ahead = nil
	if r.err == nil {
		r.err = os.ErrClosed
	}
	return nil
}

// s3Part is a piece that is fetched ahead into memory.
type s3Part struct {
	reader *s3Reader
	buf    *[]byte
	done   chan struct{}
	// have and err are set when done is closed.
	have []byte
	err  error
}

func (p *s3Part) fetch(start, stop int64) {
	stream := &s3Stream{ctx: p.reader.ctx, object: p.reader.object, next: start, end: stop}
	have := (*p.buf)[:stop-start]
	if _, p.err = io.ReadFull(stream, have); p.err == nil {
		p.have = have
	}
	_ = stream.Close() // read to its end, or broken
}

func (p *s3Part) Read(b []byte) (int, error) {
	select {
	case <-p.done:
	case <-p.reader.ctx.Done():
		return 0, p.reader.ctx.Err()
	}
	if p.err != nil {
		return 0, p.err
	}
	if len(p.have) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.have)
	p.have = p.have[n:]
	return n, nil
}

// Close gives the memory back. The fetch has to be over.
func (p *s3Part) Close() error {
	if p.buf != nil {
		store := p.reader.object.store
		store.parts.Put(p.buf)
		store.ahead.Release(store.cfg.PartBytes)
		p.buf, p.have = nil, nil
	}
	return nil
}
