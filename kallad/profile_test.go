package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProfilesAreWritten(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	o := kallad(t, dir, "run", "--cpu-profile", "cpu", "--heap-profile", "heap", "job.json")
	require.Equal(t, 0, o.code, o.err)
	for _, name := range []string{"cpu", "heap"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Greater(t, len(text), 100, name)
	}
	o = kallad(t, dir, "run", "--cpu-profile", "no/such/folder", "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "--cpu-profile")
}
