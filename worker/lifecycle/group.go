package lifecycle

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Group looks after the goroutines of one service: it waits for all of them,
// turns a panic into an error, and keeps the first error.
//
// It stops in two steps. Stop first closes Draining, on which members finish
// what they have begun; when the time for that is over, it cancels their
// context. All methods are safe for concurrent use.
type Group struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	draining chan struct{}
	failed   chan struct{}

	drainOnce sync.Once
	mu        sync.Mutex
	members   int
	idle      chan struct{}
	err       error
	stopped   bool
}

// NewGroup returns a group without members. Members see ctx's values, and are
// cancelled when ctx is.
func NewGroup(ctx context.Context) *Group {
	ctx, cancel := context.WithCancelCause(ctx)
	idle := make(chan struct{})
	close(idle)
	return &Group{
		ctx:      ctx,
		cancel:   cancel,
		draining: make(chan struct{}),
		failed:   make(chan struct{}),
		idle:     idle,
	}
}

// Go runs a member in its own goroutine; name is for its error. A member that
// returns an error or panics fails the group: Failed is closed, the others go
// on until Stop. Go reports false, and runs nothing, once Stop has cancelled
// the members.
func (g *Group) Go(name string, run func(ctx context.Context) error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return false
	}
	if g.members == 0 {
		g.idle = make(chan struct{})
	}
	g.members++
	go g.member(name, run)
	return true
}

func (g *Group) member(name string, run func(ctx context.Context) error) {
	err := protect(g.ctx, run)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil && g.err == nil && !g.stopped {
		g.err = fmt.Errorf("run %s: %w", name, err)
		close(g.failed)
	}
	g.members--
	if g.members == 0 {
		close(g.idle)
	}
}

// PanicError is a panic that a member of a group ended in.
type PanicError struct {
	Value any
	// Stack is for the log; Error does not show it.
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

func protect(ctx context.Context, run func(ctx context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return run(ctx)
}

// Draining is closed when Stop begins.
func (g *Group) Draining() <-chan struct{} { return g.draining }

// Failed is closed when a member has failed.
func (g *Group) Failed() <-chan struct{} { return g.failed }

// Err returns the first error of a member, nil while there is none. What
// members return after they were cancelled by Stop does not count.
func (g *Group) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// Stop closes Draining, waits for the members until ctx is done, then cancels
// them and waits for them again. It returns Err. It may be called more than
// once.
func (g *Group) Stop(ctx context.Context) error {
	g.drainOnce.Do(func() { close(g.draining) })
	select {
	case <-g.wait():
	case <-ctx.Done():
	}
	g.mu.Lock()
	g.stopped = true
	idle := g.idle
	g.mu.Unlock()
	g.cancel(ErrStopped)
	<-idle
	return g.Err()
}

func (g *Group) wait() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.idle
}
