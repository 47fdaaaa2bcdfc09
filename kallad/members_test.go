package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

// Callers see the executors that have joined, and what became of them.
func TestExecutorsAreListed(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, nil)
	require.Empty(t, c.Executors())
	e := c.executor(t)
	list := c.Executors()
	require.Len(t, list, 1)
	require.Equal(t, e.id, list[0].ID)
	require.Equal(t, recon.ExecutorActive, list[0].State)
	require.Equal(t, []int{2, 0}, []int{list[0].Slots, list[0].RunningTasks})
	require.NotEmpty(t, list[0].FlightAddress)
	require.NoError(t, e.cmd.Process.Kill())
	require.Eventually(t, func() bool {
		list := c.Executors()
		return len(list) == 0 || list[0].State == recon.ExecutorLost
	}, patience, 5*time.Millisecond)
}
