package main

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// A container's health check believes the exit code.
func TestHealthAsksTheDaemon(t *testing.T) {
	t.Parallel()
	s := startScheduler(t, t.TempDir())
	where, err := url.Parse(s.url)
	require.NoError(t, err)
	require.NoError(t, command(t, t.TempDir(), "health", "--http-port", where.Port()).Run())
	require.NoError(t, s.cmd.Process.Kill())
	_ = s.cmd.Wait()
	require.Error(t, command(t, t.TempDir(), "health", "--http-port", where.Port()).Run())
}
