package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

func TestClearLeavesASessionAsNew(t *testing.T) {
	t.Parallel()
	usage := engine.NewUsage()
	s, err := engine.Open(engine.Config{MemoryLimit: 64 << 20, Threads: 1, TempDir: t.TempDir(), Usage: usage})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	for round := range 3 {
		for _, sql := range []string{
			// Twice what fits in memory: the rest is on disk.
			"CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS h FROM range(4000000) AS r(i)",
			`CREATE TABLE "a ""name""; --" AS SELECT 1 AS n`,
			`CREATE VIEW v AS SELECT n FROM "a ""name""; --"`,
			`CREATE VIEW w AS SELECT n FROM v`,
			`CREATE TEMP TABLE passing AS SELECT 1 AS n`,
		} {
			require.NoError(t, s.Exec(t.Context(), sql), "round %d", round)
		}
		require.Greater(t, usage.Read(t.Context()).Spilled, int64(30<<20))
		require.NoError(t, s.Clear(t.Context()))
		held := usage.Read(t.Context())
		assert.Less(t, held.Memory+held.Spilled, int64(4<<20))
		for _, name := range []string{"t", "v", "w", "passing"} {
			assert.ErrorContains(t, s.Exec(t.Context(), "SELECT * FROM "+name), fmt.Sprintf("Table with name %s does not exist", name))
		}
		values, err := s.Int64(t.Context(), "SELECT CAST(tolerance_match(1, 2, 1) AS BIGINT), CAST(current_setting('threads') AS BIGINT)")
		require.NoError(t, err, "what every session has is there")
		assert.Equal(t, []int64{1, 1}, values)
	}
}

func TestClearOfASessionInUseIsAnError(t *testing.T) {
	t.Parallel()
	s, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Exec(t.Context(), "BEGIN"))
	require.NoError(t, s.Exec(t.Context(), "CREATE TABLE t AS SELECT i FROM range(1000000) AS r(i)"))
	require.ErrorContains(t, s.Clear(t.Context()), "bytes are left")
}
