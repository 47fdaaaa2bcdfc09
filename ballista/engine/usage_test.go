package engine_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

func TestUsageKnowsWhatSessionsHold(t *testing.T) {
	t.Parallel()
	usage := engine.NewUsage()
	open := func(limit int64) *engine.Session {
		s, err := engine.Open(engine.Config{MemoryLimit: limit, Threads: 1, TempDir: t.TempDir(), Usage: usage})
		require.NoError(t, err)
		t.Cleanup(func() { s.Close() })
		return s
	}
	big, small := open(1<<30), open(64<<20)
	idle := usage.Read(t.Context())
	assert.Equal(t, 2, idle.Sessions)

	require.NoError(t, big.Exec(t.Context(), "CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS h FROM range(1000000) AS r(i)"))
	held := usage.Read(t.Context())
	assert.Greater(t, held.Memory, idle.Memory+30<<20)
	assert.Zero(t, held.Spilled)
	require.NoError(t, small.Exec(t.Context(), "CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS h FROM range(4000000) AS r(i)"))
	assert.Greater(t, usage.Read(t.Context()).Spilled, int64(30<<20), "what does not fit is on disk")

	require.NoError(t, big.Close())
	require.NoError(t, small.Close())
	assert.Equal(t, engine.Held{}, usage.Read(t.Context()))
}

// Readers ask while statements run and sessions come and go.
func TestUsageIsReadAtAnyTime(t *testing.T) {
	t.Parallel()
	usage := engine.NewUsage()
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			for range 3 {
				s, err := engine.Open(engine.Config{Threads: 2, TempDir: t.TempDir(), Usage: usage})
				if !assert.NoError(t, err) {
					return
				}
				assert.NoError(t, s.Exec(t.Context(), "SELECT count(DISTINCT md5(i::VARCHAR)) FROM range(300000) AS r(i)"))
				assert.NoError(t, s.Close())
			}
		})
	}
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	most := engine.Held{}
	for {
		select {
		case <-done:
			assert.Positive(t, most.Sessions)
			assert.Positive(t, most.Memory)
			assert.Equal(t, engine.Held{}, usage.Read(t.Context()))
			return
		default:
			if held := usage.Read(t.Context()); held.Memory > most.Memory {
				most = held
			}
		}
	}
}
