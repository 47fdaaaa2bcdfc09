// Package health holds the answers to two questions: is the process alive,
// and can it take a further job?
//
// It must not know who asks, nor what the checks look at.
package health

import "sync"

// Check answers nil when all is well, else an error whose text says what is
// not, without credentials. It is called at every question, from several
// goroutines at once, and must return at once.
type Check func() error

// Problem is a check that did not pass.
type Problem struct {
	Check   string `json:"check"`
	Message string `json:"message"`
}

// State collects the checks of a process. Its zero value is alive and ready.
// It is safe for concurrent use.
type State struct {
	mu    sync.RWMutex
	live  []named
	ready []named
}

type named struct {
	name  string
	check Check
}

// RequireLive makes the process count as dead when check fails: whoever
// watches it will restart it.
func (s *State) RequireLive(name string, check Check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, named{name, check})
}

// RequireReady makes the process refuse further work while check fails.
func (s *State) RequireReady(name string, check Check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = append(s.ready, named{name, check})
}

// Live returns what keeps the process from being alive; empty when it is.
func (s *State) Live() []Problem {
	s.mu.RLock()
	checks := s.live
	s.mu.RUnlock()
	return failing(checks)
}

// Ready returns what keeps the process from taking a further job; empty when
// it can. A process that is not alive is not ready either.
func (s *State) Ready() []Problem {
	s.mu.RLock()
	live, ready := s.live, s.ready
	s.mu.RUnlock()
	return append(failing(live), failing(ready)...)
}

func failing(checks []named) []Problem {
	var problems []Problem
	for _, c := range checks {
		if err := c.check(); err != nil {
			problems = append(problems, Problem{Check: c.name, Message: err.Error()})
		}
	}
	return problems
}
