//go:build linux

package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	sched "kallad/ballista/scheduler"
)

// fleet is 1 to 3 executors that come and go between queries. It is an engine
// that notes what becomes of jobs.
type fleet struct {
	*trio
	// graph is that of the last job. large has the choices of the next one
	// decided as for tables that turn out large, as those of tests never do.
	graph atomic.Pointer[plan.Graph]
	large atomic.Bool
	// there and here are how many tasks executors have done, and the process
	// of the scheduler itself.
	there, here atomic.Int64
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

// Run implements the engine of clients and runners.
func (f *fleet) Run(ctx context.Context, job plan.Job, observer plan.Observer) error {
	graph := job.Graph
	f.graph.Store(&graph)
	if f.large.Load() {
		job.Graph.Choices = slices.Clone(graph.Choices)
		for i := range job.Graph.Choices {
			job.Graph.Choices[i].If.Limit = -1
		}
	}
	w := &where{Observer: observer}
	err := f.trio.Run(ctx, job, w)
	for _, st := range w.stages {
		for _, a := range attempts(w.stages, st.ID, plan.StageDone) {
			if a.Executor == plan.LocalExecutor {
				f.here.Add(1)
			} else {
				f.there.Add(1)
			}
		}
	}
	return err
}

// where is an observer that sees where tasks run.
type where struct {
	plan.Observer
	mu     sync.Mutex
	stages []plan.StageStatus
}

func (w *where) Stages(status []plan.StageStatus) {
	w.mu.Lock()
	w.stages = status
	w.mu.Unlock()
	w.Observer.Stages(status)
}

// check proves that executors did the work, and that nothing is left of it.
func (f *fleet) check(t *testing.T) {
	t.Helper()
	t.Logf("%d executors did %d tasks, the scheduler's process %d", len(f.executors), f.there.Load(), f.here.Load())
	require.Greater(t, f.there.Load(), 10*f.here.Load())
	f.part(t)
	f.clean(t)
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
	}, patience, 5*time.Millisecond, "an executor that ended is still counted on")
}

// forget drops what was logged of queries that went well.
func (f *fleet) forget() {
	f.logs.forget()
	for _, e := range f.live {
		e.logs.forget()
	}
}
