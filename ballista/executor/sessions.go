package executor

import (
	"context"
	"errors"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// Slots shares the engine's memory and threads between tasks that run at
// once.
type Slots struct {
	total engine.Config
	// shared and whole hold a session ahead, for tasks that run beside others
	// and for those that are alone in their stage.
	shared, whole *engine.Pool
}

// NewSlots divides what all tasks together may use into n equal slots. A task
// that is alone in its stage has all threads, but the memory of a slot. The
// caller closes it when no task runs.
func NewSlots(total engine.Config, n int) *Slots {
	slot := total
	slot.MemoryLimit = total.MemoryLimit / int64(n)
	slot.MaxSpill = total.MaxSpill / int64(n)
	alone := slot // has every thread
	slot.Threads = max(1, total.Threads/n)
	return &Slots{total: total, shared: engine.NewPool(slot, true), whole: engine.NewPool(alone, true)}
}

// Open implements Sessions.
func (s *Slots) Open(ctx context.Context, task plan.Task) (*engine.Session, error) {
	var session *engine.Session
	var err error
	switch {
	case isExclusive(ctx):
		session, err = engine.Open(s.total)
	case task.Alone:
		session, err = s.whole.Open()
	default:
		session, err = s.shared.Open()
	}
	if err != nil {
		return nil, &startError{err}
	}
	return session, nil
}

// Close closes the sessions that no task took.
func (s *Slots) Close() error { return errors.Join(s.shared.Close(), s.whole.Close()) }

type exclusiveKey struct{}

// withExclusive marks the context of a task with nothing beside it.
func withExclusive(ctx context.Context, exclusive bool) context.Context {
	return context.WithValue(ctx, exclusiveKey{}, exclusive)
}

func isExclusive(ctx context.Context) bool {
	exclusive, _ := ctx.Value(exclusiveKey{}).(bool)
	return exclusive
}
