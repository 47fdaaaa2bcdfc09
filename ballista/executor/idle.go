package executor

import (
	"errors"
	"slices"
	"sync"
	"time"

	"kallad/ballista/engine"
)

// idleFor is how long a session waits for the next task of its job: long beside
// the moment between two tasks, short beside what it holds of the process's
// memory.
const idleFor = 2 * time.Second

// idle are sessions that tasks have left as they found them, for further tasks
// of the same job: to open one costs more than the least of those. Its zero
// value is ready. All methods are safe for concurrent use.
type idle struct {
	mu     sync.Mutex
	waits  []*waiting
	closed bool
	// errs are those of sessions that were closed because nobody took them.
	errs    []error
	closers sync.WaitGroup
}

// waiting is a session that nobody uses.
type waiting struct {
	job     string
	session *engine.Session
	expiry  *time.Timer
}

// take returns a session of the job, nil if none waits. It is the caller's.
func (i *idle) take(job string) *engine.Session {
	i.mu.Lock()
	defer i.mu.Unlock()
	at := slices.IndexFunc(i.waits, func(w *waiting) bool { return w.job == job })
	if at < 0 {
		return nil
	}
	w := i.waits[at]
	i.waits = slices.Delete(i.waits, at, at+1)
	w.expiry.Stop()
	return w.session
}

// put takes over a session that is as new.
func (i *idle) put(job string, session *engine.Session) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return session.Close()
	}
	w := &waiting{job: job, session: session}
	w.expiry = time.AfterFunc(idleFor, func() { i.expire(w) })
	i.waits = append(i.waits, w)
	return nil
}

func (i *idle) expire(w *waiting) {
	i.mu.Lock()
	at := slices.Index(i.waits, w)
	if at < 0 {
		i.mu.Unlock()
		return
	}
	i.waits = slices.Delete(i.waits, at, at+1)
	i.closers.Add(1)
	i.mu.Unlock()
	defer i.closers.Done()
	if err := w.session.Close(); err != nil {
		i.mu.Lock()
		i.errs = append(i.errs, err)
		i.mu.Unlock()
	}
}

// close closes the sessions that wait.
func (i *idle) close() error {
	i.mu.Lock()
	waits := i.waits
	i.waits, i.closed = nil, true
	i.mu.Unlock()
	var errs []error
	for _, w := range waits {
		w.expiry.Stop()
		errs = append(errs, w.session.Close())
	}
	i.closers.Wait()
	return errors.Join(append(errs, i.errs...)...)
}
