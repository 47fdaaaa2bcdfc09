package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

func TestPoolOpensTheNextSessionAheadOfItsUse(t *testing.T) {
	t.Parallel()
	usage := engine.NewUsage()
	pool := engine.NewPool(engine.Config{MemoryLimit: 64 << 20, Threads: 1, TempDir: t.TempDir(), Usage: usage}, engine.AheadAlways)
	sessions := func() int { return usage.Read(t.Context()).Sessions }
	ahead := func(open int) {
		t.Helper()
		require.Eventually(t, func() bool { return sessions() == open }, 30*time.Second, time.Millisecond)
	}
	ahead(1)

	first, err := pool.Open()
	require.NoError(t, err)
	second, err := pool.Open()
	require.NoError(t, err, "nobody waits for the one ahead")
	ahead(3)

	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	require.NoError(t, pool.Close())
	assert.Zero(t, sessions(), "the one ahead is closed with the pool")
}

func TestPoolThatIsClosedOpensNothing(t *testing.T) {
	t.Parallel()
	usage := engine.NewUsage()
	pool := engine.NewPool(engine.Config{MemoryLimit: 64 << 20, Threads: 1, TempDir: t.TempDir(), Usage: usage}, engine.AheadAlways)
	session, err := pool.Open()
	require.NoError(t, err)
	require.NoError(t, pool.Close())
	require.Never(t, func() bool { return usage.Read(t.Context()).Sessions > 1 }, 300*time.Millisecond, 10*time.Millisecond)
	require.NoError(t, session.Close())
}

func TestPoolOpensNoMoreAheadThanItIsTold(t *testing.T) {
	t.Parallel()
	for ahead, first := range map[engine.Ahead]int{engine.AheadNone: 0, engine.AheadFirst: 1} {
		usage := engine.NewUsage()
		pool := engine.NewPool(engine.Config{MemoryLimit: 64 << 20, Threads: 1, TempDir: t.TempDir(), Usage: usage}, ahead)
		sessions := func() int { return usage.Read(t.Context()).Sessions }
		require.Eventually(t, func() bool { return sessions() == first }, 30*time.Second, time.Millisecond)
		session, err := pool.Open()
		require.NoError(t, err)
		require.Never(t, func() bool { return sessions() != 1 }, 300*time.Millisecond, 10*time.Millisecond)
		require.NoError(t, session.Close())
		require.NoError(t, pool.Close())
		assert.Zero(t, sessions())
	}
}
