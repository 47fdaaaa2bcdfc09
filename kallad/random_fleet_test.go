//go:build linux

package main

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sched "kallad/ballista/scheduler"
)

// fleet is 1 to 3 executors that come and go between queries.
type fleet struct {
	*trio
	// live are those that are to run tasks, leaving those that were told to
	// end or were killed, and may still be at it.
	live, leaving []*testExecutor
}

const (
	largestFleet = 3
	// untilChange is how many queries a fleet stays as it is, on average.
	untilChange = 8
)

func newFleet(t *testing.T, c *testCluster) *fleet {
	f := &fleet{trio: &trio{testCluster: c}}
	f.join(t)
	return f
}

func (f *fleet) join(t *testing.T) {
	e := f.executor(t, "--log-level", "info")
	f.executors, f.live = append(f.executors, e), append(f.live, e)
}

// change lets executors join or leave now and then. It does not wait for those
// that leave: what comes next meets them while they do.
func (f *fleet) change(t *testing.T, g *rand.Rand) {
	t.Helper()
	if g.IntN(untilChange) > 0 {
		return
	}
	f.part(t)
	f.clean(t)
	if len(f.live) == largestFleet || len(f.live) > 1 && g.IntN(2) == 0 {
		at := g.IntN(len(f.live))
		how := syscall.SIGTERM
		if g.IntN(2) == 0 {
			how = syscall.SIGKILL
		}
		require.NoError(t, f.live[at].cmd.Process.Signal(how))
		f.leaving = append(f.leaving, f.live[at])
		f.live = slices.Delete(f.live, at, at+1)
		return
	}
	f.join(t)
}

// part waits for the executors that leave.
func (f *fleet) part(t *testing.T) {
	t.Helper()
	for _, e := range f.leaving {
		_ = e.cmd.Wait()
		if status := e.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
			require.Zero(t, status.ExitStatus(), "an executor that was told to end")
		}
	}
	f.leaving = nil
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(f.scheduler.Executors(), func(e sched.ExecutorStatus) bool {
			return e.State != sched.ExecutorLost && !slices.ContainsFunc(f.live, func(l *testExecutor) bool { return l.id == e.ID })
		})
	}, 20*time.Second, 5*time.Millisecond, "an executor that ended is still counted on")
}

// forget drops what was logged of queries that went well.
func (f *fleet) forget() {
	f.logs.forget()
	for _, e := range f.live {
		e.logs.forget()
	}
}
