package main

import (
	"strings"
	"sync"
	"testing"
	"time"
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

// await returns what has been written once it holds the text.
func (l *lines) await(t *testing.T, text string) string {
	t.Helper()
	deadline := time.After(30 * time.Second)
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
