package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// patience is how long what comes sooner or later may take, on a machine
	// with much else to do.
	patience = time.Minute
	// longestLife is how long a process may live that a test has forgotten.
	longestLife = 5 * time.Minute
)

// lines collects what a process writes and lets a test wait for a text in it.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// forget drops what was written so far.
func (l *lines) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// await returns what has been written once it holds the text.
func (l *lines) await(t *testing.T, text string) string {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if all := l.String(); strings.Contains(all, text) {
			return all
		}
		select {
		case <-deadline:
			t.Fatalf("never wrote %q, but:\n%s", text, l.String())
		case <-tick.C:
		}
	}
}

// cellsOf are the processes that a daemon has started, by their command lines,
// where there is a /proc to tell.
func cellsOf(t *testing.T, daemon int) map[int]string {
	t.Helper()
	found := map[int]string{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) < 2 || fields[1] != strconv.Itoa(daemon) {
			continue
		}
		folder := filepath.Dir(path)
		pid, err := strconv.Atoi(filepath.Base(folder))
		require.NoError(t, err)
		if line, err := os.ReadFile(folder + "/cmdline"); err == nil {
			found[pid] = strings.ReplaceAll(string(line), "\x00", " ")
		}
	}
	return found
}

// awaitEnd waits until none of the processes is there.
func awaitEnd(t *testing.T, cells map[int]string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for pid := range cells {
			if syscall.Kill(pid, 0) == nil {
				return false
			}
		}
		return true
	}, patience, 5*time.Millisecond)
}
