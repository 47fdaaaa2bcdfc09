package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

func TestSweepRemovesTheSpilledDataOfTheDeadAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a[b]*")
	require.NoError(t, os.Mkdir(dir, 0o755))
	s, err := engine.Open(engine.Config{TempDir: dir, MemoryLimit: engine.MinMemoryLimit, Threads: 1})
	require.NoError(t, err)
	alive, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, alive, 1)
	dead := filepath.Join(dir, "kallad-spill-123")
	require.NoError(t, os.Mkdir(dead, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dead, "duckdb_temp_storage-0.tmp"), []byte("x"), 0o600))
	other := filepath.Join(dir, "kallad-spill.txt")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	link := filepath.Join(dir, "kallad-spill-link")
	require.NoError(t, os.Symlink(t.TempDir(), link))

	removed, err := engine.SweepSpill(dir)
	require.NoError(t, err)
	assert.Equal(t, 1, removed)
	assert.NoDirExists(t, dead)
	assert.DirExists(t, filepath.Join(dir, alive[0].Name()))
	assert.FileExists(t, other)
	require.NoError(t, s.Close())
	assert.NoDirExists(t, filepath.Join(dir, alive[0].Name()))
	removed, err = engine.SweepSpill(dir)
	require.NoError(t, err)
	assert.Zero(t, removed)
}
