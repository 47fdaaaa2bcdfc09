package scheduler_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/scheduler"
)

// A job that begins while the only connection is broken is planned for the
// executor that comes back, not for this process.
func TestExecutorsThatMayComeBackHavePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		e := w.join(3)
		require.Equal(t, 3, w.Places())
		back := make(chan struct{})
		go func() {
			e.reconnect(2 * time.Second)
			close(back)
		}()
		time.Sleep(time.Second)
		require.Equal(t, scheduler.ExecutorAway, w.Executors()[0].State)
		require.Equal(t, 3, w.Places())
		<-back
		require.True(t, w.Drain(e.id))
		require.Zero(t, w.Places())
		w.end()
	})
}

func TestExecutorsAreAwaited(t *testing.T) {
	const grace = 3 * time.Second
	for name, c := range map[string]struct {
		meanwhile func(w *world, cancel func())
		want      int
		after     time.Duration
	}{
		"none comes": {func(*world, func()) {}, 0, grace},
		"all come": {func(w *world, _ func()) {
			w.join(1)
			time.Sleep(time.Second)
			w.join(1)
		}, 2, time.Second},
		"one comes": {func(w *world, _ func()) { w.join(4) }, 1, grace},
		"one leaves again": {func(w *world, _ func()) {
			e := w.join(1)
			time.Sleep(time.Second)
			require.True(w.t, w.Drain(e.id))
			w.join(1)
		}, 1, grace},
		"nobody waits any more": {func(_ *world, cancel func()) {
			time.Sleep(time.Second)
			cancel()
		}, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(cfg *scheduler.Config) { cfg.LocalGrace = grace })
				ctx, cancel := context.WithCancel(t.Context())
				begun := time.Now()
				got := make(chan int, 1)
				var took time.Duration
				go func() {
					n := w.Await(ctx, 2)
					took = time.Since(begun)
					got <- n
				}()
				c.meanwhile(w, cancel)
				require.Equal(t, c.want, <-got)
				require.Equal(t, c.after, took)
				cancel()
				w.end()
			})
		})
	}
}
