package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

// endless runs for days and returns nothing.
const endless = "SELECT m FROM generate_series(1, 1000000000000) AS g(m) WHERE m % 7 = 8"

// within fails the test if f does not end.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}

func TestCancelEndsARunningQuery(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Exec(ctx, "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3") // it would take days
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, [][]string{{"1"}}, texts(t, s, "SELECT 1"), "the session can be used again")
}

// moment is a context that ends when somebody asks whether it has, or asks to
// be told: that is when a statement is about to begin.
type moment struct {
	context.Context
	asked, awaited func()
}

func (m moment) Err() error {
	m.asked()
	return m.Context.Err()
}

func (m moment) Done() <-chan struct{} {
	m.awaited()
	return m.Context.Done()
}

// A statement that is cancelled as it begins must not run on: its session would
// wait for it.
func TestCancelAsAQueryBegins(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"asked", "awaited"} {
		for range 10 {
			s, err := engine.Open(engine.Config{Threads: 2, TempDir: t.TempDir()})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			m := moment{ctx, func() {}, func() {}}
			if when == "asked" {
				m.asked = cancel
			} else {
				m.awaited = cancel
			}
			within(t, func() {
				_, err := s.Query(m, endless)
				assert.ErrorIs(t, err, context.Canceled)
				assert.NoError(t, s.Close())
			})
		}
	}
}
