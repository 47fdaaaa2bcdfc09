package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	sched "kallad/ballista/scheduler"
)

// roster remembers on disk how many executors a daemon has, for the next one
// on the same staging path: its jobs wait until they are back. A daemon that
// never had any leaves nothing, and makes nobody wait.
type roster struct {
	path string
	// expected is how many the daemon before had, 0 if none.
	expected int
	// back is closed when they are there, or were waited for long enough.
	back chan struct{}
	log  *slog.Logger
}

// openRoster reads the roster that is in a folder. One that cannot be read
// only costs the wait.
func openRoster(folder string, log *slog.Logger) *roster {
	r := &roster{path: filepath.Join(folder, "executors"), back: make(chan struct{}), log: log}
	text, err := os.ReadFile(r.path)
	if err == nil {
		r.expected, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("how many executors there were is not known; jobs do not wait for them", "error", err)
	}
	return r
}

// keep waits for the executors that there were, and then writes down how many
// there are, until ctx ends.
func (r *roster) keep(ctx context.Context, s *sched.Scheduler) {
	n := 0
	if r.expected > 0 {
		r.log.Info("jobs wait for the executors that there were before the start", "executors", r.expected)
		n = s.Await(ctx, r.expected)
		if ctx.Err() != nil {
			return // and what is written holds for the next start
		}
		r.log.Info("jobs start", "executors", n, "expected", r.expected)
	}
	close(r.back)
	for written := r.expected; ; {
		present, changed := s.Present()
		if n = max(n, present); n > 0 {
			n = max(1, present) // those that have left may be started again
		}
		if n != written {
			if err := r.write(n); err != nil {
				r.log.Warn("how many executors there are is not written down; after a restart jobs may not wait for them", "error", err)
			}
			written = n
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// write replaces the roster; of 0 none is left.
func (r *roster) write(n int) error {
	if n == 0 {
		return os.Remove(r.path)
	}
	part := r.path + ".part"
	if err := os.WriteFile(part, []byte(strconv.Itoa(n)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(part, r.path)
}
