package scheduler

import (
	"context"
	"time"
)

// Present returns how many executors there are, those left out that are about
// to leave. The channel is closed when that has changed.
func (s *Scheduler) Present() (int, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.present, s.moved
}

// Await returns when n executors are there, or after LocalGrace, or when ctx
// ends, and says how many there are.
func (s *Scheduler) Await(ctx context.Context, n int) int {
	grace := time.NewTimer(s.cfg.LocalGrace)
	defer grace.Stop()
	for {
		present, moved := s.Present()
		if present >= n {
			return present
		}
		select {
		case <-moved:
		case <-grace.C:
			return present
		case <-ctx.Done():
			return present
		}
	}
}

// count wakes those who watch how many executors there are.
func (s *Scheduler) count() {
	n := 0
	for _, e := range s.executors {
		if !e.draining {
			n++
		}
	}
	if n != s.present {
		s.present = n
		close(s.moved)
		s.moved = make(chan struct{})
	}
}
