package engine

import (
	"sync"
	"time"
)

// refillAfter is how long after a session was taken the next one is opened. A
// small query is done by then, with the processors for itself: an opening
// takes as much of them as all the rest of it.
const refillAfter = 100 * time.Millisecond

// Pool keeps a session open ahead of its use, because opening one takes longer
// than a small query. Each session is still used once and by one user. All
// methods are safe for concurrent use.
type Pool struct {
	cfg   Config
	ahead Ahead

	mu      sync.Mutex
	spare   chan opened // nil when none is being opened
	due     *time.Timer // opens the next one; nil when none is to be
	closed  bool
	openers sync.WaitGroup
}

type opened struct {
	session *Session
	err     error
}

// Ahead says which sessions a pool opens before they are asked for.
type Ahead int

const (
	// AheadNone is for sessions that are hardly ever needed.
	AheadNone Ahead = iota
	// AheadFirst opens the first session at once, and no other ahead.
	AheadFirst
	// AheadAlways opens the first at once, and another a moment after one was
	// taken.
	AheadAlways
)

// NewPool returns a pool that opens sessions so far ahead.
func NewPool(cfg Config, ahead Ahead) *Pool {
	p := &Pool{cfg: cfg, ahead: ahead}
	if ahead != AheadNone {
		p.openAhead()
	}
	return p
}

// Open returns a new session, which the caller closes.
func (p *Pool) Open() (*Session, error) {
	p.mu.Lock()
	spare := p.spare
	p.spare = nil
	if p.ahead == AheadAlways && !p.closed && p.due == nil {
		p.due = time.AfterFunc(refillAfter, p.openDue)
	}
	p.mu.Unlock()
	if spare == nil {
		return Open(p.cfg)
	}
	o := <-spare
	return o.session, o.err
}

func (p *Pool) openDue() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = nil
	if !p.closed {
		p.openAhead()
	}
}

// openAhead is called before others know the pool, or with p.mu held.
func (p *Pool) openAhead() {
	spare := make(chan opened, 1)
	p.spare = spare
	p.openers.Go(func() {
		session, err := Open(p.cfg)
		spare <- opened{session, err}
	})
}

// Close closes what nobody took. Sessions that were taken stay their takers'.
func (p *Pool) Close() error {
	p.mu.Lock()
	spare := p.spare
	p.spare, p.closed = nil, true
	if p.due != nil {
		p.due.Stop()
	}
	p.mu.Unlock()
	p.openers.Wait()
	if spare == nil {
		return nil
	}
	o := <-spare
	if o.err != nil {
		return o.err
	}
	return o.session.Close()
}
