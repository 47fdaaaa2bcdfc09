package executor

import (
	"context"
	"errors"
	"sync"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// Slots shares the engine's memory and threads between tasks that run at
// once.
type Slots struct {
	// everything opens sessions for tasks with nothing beside them.
	everything func() (*engine.Session, error)
	// shared and whole have sessions for tasks that run beside others and for
	// those that are alone in their stage.
	shared, whole ahead
}

// NewSlots divides what all tasks together may use into n equal slots. A task
// that is alone in its stage has all threads, but the memory of a slot. The
// caller closes it when no task runs.
func NewSlots(total engine.Config, n int) *Slots {
	s := newSlots(total, n)
	s.everything = func() (*engine.Session, error) { return engine.Open(total) }
	s.shared.pool()
	s.whole.pool()
	return s
}

// NewLocalSlots is NewSlots for a process in which most jobs have one task:
// sessions is the pool for those, of sessions that may use everything, and
// stays the caller's. Sessions for other tasks are opened ahead once there was
// such a task.
func NewLocalSlots(sessions *engine.Pool, total engine.Config, n int) *Slots {
	s := newSlots(total, n)
	s.everything = sessions.Open
	return s
}

func newSlots(total engine.Config, n int) *Slots {
	slot := total
	slot.MemoryLimit = total.MemoryLimit / int64(n)
	slot.MaxSpill = total.MaxSpill / int64(n)
	alone := slot // has every thread
	slot.Threads = max(1, total.Threads/n)
	return &Slots{shared: ahead{cfg: slot}, whole: ahead{cfg: alone}}
}

// ahead is a pool that begins when it is first asked for, and the sessions of
// it that are left as new.
type ahead struct {
	cfg   engine.Config
	begin sync.Once
	begun *engine.Pool
	used  idle
}

func (a *ahead) open(job string) (*engine.Session, error) {
	if session := a.used.take(job); session != nil {
		return session, nil
	}
	return a.pool().Open()
}

func (a *ahead) pool() *engine.Pool {
	a.begin.Do(func() { a.begun = engine.NewPool(a.cfg, engine.AheadAlways) })
	return a.begun
}

func (a *ahead) close() error {
	a.begin.Do(func() {})
	if a.begun == nil {
		return nil
	}
	return errors.Join(a.used.close(), a.begun.Close())
}

// Open implements Sessions.
func (s *Slots) Open(ctx context.Context, task plan.Task) (*engine.Session, error) {
	open := s.everything
	if !isExclusive(ctx) {
		open = func() (*engine.Session, error) { return s.of(task).open(task.ID.Job) }
	}
	session, err := open()
	if err != nil {
		return nil, &startError{err}
	}
	return session, nil
}

// of are the sessions that a task may have which is not exclusive.
func (s *Slots) of(task plan.Task) *ahead {
	if task.Alone {
		return &s.whole
	}
	return &s.shared
}

// Done implements Sessions: the next task of the job has a session that can be
// made as new.
func (s *Slots) Done(ctx context.Context, task plan.Task, session *engine.Session, sound bool) error {
	if !sound || isExclusive(ctx) || session.Clear(ctx) != nil {
		return session.Close()
	}
	return s.of(task).used.put(task.ID.Job, session)
}

// Close closes the sessions that no task took.
func (s *Slots) Close() error { return errors.Join(s.shared.close(), s.whole.close()) }

type exclusiveKey struct{}

// withExclusive marks the context of a task with nothing beside it.
func withExclusive(ctx context.Context, exclusive bool) context.Context {
	return context.WithValue(ctx, exclusiveKey{}, exclusive)
}

func isExclusive(ctx context.Context) bool {
	exclusive, _ := ctx.Value(exclusiveKey{}).(bool)
	return exclusive
}
