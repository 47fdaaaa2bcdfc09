package health_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"kallad/worker/health"
)

func TestStateFollowsItsChecks(t *testing.T) {
	t.Parallel()
	var state health.State
	assert.Empty(t, state.Live())
	assert.Empty(t, state.Ready())

	var full, dead atomic.Bool
	when := func(b *atomic.Bool, text string) health.Check {
		return func() error {
			if b.Load() {
				return errors.New(text)
			}
			return nil
		}
	}
	state.RequireReady("queue", when(&full, "the queue is full"))
	state.RequireLive("listener", when(&dead, "closed"))
	assert.Empty(t, state.Ready())

	full.Store(true)
	assert.Empty(t, state.Live(), "a full queue is no reason to restart")
	assert.Equal(t, []health.Problem{{Check: "queue", Message: "the queue is full"}}, state.Ready())

	dead.Store(true)
	assert.Equal(t, []health.Problem{{Check: "listener", Message: "closed"}}, state.Live())
	assert.Len(t, state.Ready(), 2, "the dead are not ready")

	full.Store(false)
	dead.Store(false)
	assert.Empty(t, state.Ready())
}
