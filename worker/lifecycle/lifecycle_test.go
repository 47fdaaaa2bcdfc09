package lifecycle_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestGroupLetsMembersDrain(t *testing.T) {
	t.Parallel()
	g := lifecycle.NewGroup(t.Context())
	var finished bool
	g.Go("worker", func(ctx context.Context) error {
		select {
		case <-g.Draining():
			finished = true
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	require.NoError(t, g.Stop(context.Background()))
	assert.True(t, finished)
	assert.False(t, g.Go("late", func(context.Context) error { return nil }), "nothing starts after Stop")
	require.NoError(t, g.Stop(context.Background()), "stopping twice is fine")
}

func TestGroupCancelsMembersThatDoNotDrain(t *testing.T) {
	t.Parallel()
	g := lifecycle.NewGroup(t.Context())
	var cause error
	g.Go("stubborn", func(ctx context.Context) error {
		<-ctx.Done()
		cause = context.Cause(ctx)
		return ctx.Err()
	})
	require.NoError(t, g.Stop(expired()), "being cancelled is no failure")
	assert.ErrorIs(t, cause, lifecycle.ErrStopped)
}

func TestGroupKeepsTheFirstFailureAndWaitsForTheRest(t *testing.T) {
	t.Parallel()
	g := lifecycle.NewGroup(t.Context())
	var otherEnded bool
	g.Go("other", func(ctx context.Context) error {
		<-ctx.Done()
		otherEnded = true
		return nil
	})
	broken := errors.New("broken")
	g.Go("first", func(context.Context) error { return broken })
	<-g.Failed()
	g.Go("second", func(context.Context) error { panic("also") })
	err := g.Stop(expired())
	assert.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "run first:")
	assert.True(t, otherEnded)
}

func TestGroupTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	g := lifecycle.NewGroup(t.Context())
	g.Go("worker", func(context.Context) error { panic("out of tea") })
	<-g.Failed()
	err := g.Stop(context.Background())
	var panicked *lifecycle.PanicError
	require.ErrorAs(t, err, &panicked)
	assert.EqualError(t, err, "run worker: panic: out of tea")
	assert.Contains(t, string(panicked.Stack), "lifecycle_test.go")
}

// part is a service that writes down what happens to it.
type part struct {
	name     string
	journal  *[]string
	startErr error
	stopErr  error
	failed   chan struct{}
}

func (p *part) Start(context.Context) error {
	*p.journal = append(*p.journal, "start "+p.name)
	return p.startErr
}

func (p *part) Stop(context.Context) error {
	*p.journal = append(*p.journal, "stop "+p.name)
	return p.stopErr
}

func (p *part) Failed() <-chan struct{} { return p.failed }
func (p *part) Err() error              { return errors.New(p.name + " broke") }

func TestStackStopsInTheOppositeOrder(t *testing.T) {
	t.Parallel()
	var journal []string
	s := lifecycle.NewStack(slog.New(slog.DiscardHandler))
	stuck, jammed := errors.New("stuck"), errors.New("jammed")
	require.NoError(t, s.Start(t.Context(), "queue", &part{name: "queue", journal: &journal, stopErr: stuck}))
	require.NoError(t, s.Start(t.Context(), "api", &part{name: "api", journal: &journal, stopErr: jammed}))
	err := s.Start(t.Context(), "grpc", &part{name: "grpc", journal: &journal, startErr: errors.New("port taken")})
	assert.EqualError(t, err, "start grpc: port taken")

	err = s.Stop(t.Context())
	assert.ErrorIs(t, err, stuck)
	assert.ErrorIs(t, err, jammed, "one that will not stop does not keep the others up")
	assert.Equal(t, []string{"start queue", "start api", "start grpc", "stop api", "stop queue"}, journal)
	require.NoError(t, s.Stop(t.Context()), "stopping twice is fine")
}

func TestStackWaitReturnsTheFailureOfAService(t *testing.T) {
	t.Parallel()
	var journal []string
	s := lifecycle.NewStack(slog.New(slog.DiscardHandler))
	p := &part{name: "api", journal: &journal, failed: make(chan struct{})}
	require.NoError(t, s.Start(t.Context(), "api", p))
	assert.NoError(t, s.Wait(expired()), "an asked-for end is no failure")
	close(p.failed)
	assert.EqualError(t, s.Wait(t.Context()), "run api: api broke")
	require.NoError(t, s.Stop(t.Context()))
}
