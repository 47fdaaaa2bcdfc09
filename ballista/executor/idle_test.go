package executor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/plan"
)

func taskOf(job string, alone bool) plan.Task {
	return plan.Task{ID: plan.TaskID{Job: job}, Alone: alone}
}

// A session goes on to the next task of the same job, if the task before it
// left it well; never to another job's, and to nobody after a while.
func TestSessionsOfOneJob(t *testing.T) {
	t.Parallel()
	usage := engine.NewUsage()
	slots := executor.NewSlots(engine.Config{Threads: 2, TempDir: t.TempDir(), Usage: usage}, 2)
	closed := false
	t.Cleanup(func() {
		if !closed {
			require.NoError(t, slots.Close())
		}
	})
	open := func(task plan.Task) *engine.Session {
		session, err := slots.Open(t.Context(), task)
		require.NoError(t, err)
		require.NoError(t, session.Exec(t.Context(), "CREATE TABLE t AS SELECT 1 AS n"), "nothing is in it")
		return session
	}
	done := func(task plan.Task, session *engine.Session, sound bool) {
		require.NoError(t, slots.Done(t.Context(), task, session, sound))
	}
	a, b, lone := taskOf("a", false), taskOf("b", false), taskOf("a", true)

	first := open(a)
	beside := open(a)
	require.NotSame(t, first, beside)
	done(a, first, true)
	other, alone := open(b), open(lone)
	require.NotSame(t, first, other, "another job has sessions of its own")
	require.NotSame(t, first, alone, "a task with more threads has another session")
	require.Same(t, first, open(a))

	done(a, first, false)
	again := open(a)
	require.NotSame(t, first, again, "what a task left that failed is nobody's")
	done(a, again, true)
	done(a, beside, true)
	done(b, other, true)
	done(lone, alone, true)
	// The two that are opened ahead stay.
	require.Eventually(t, func() bool { return usage.Read(t.Context()).Sessions == 2 }, 30*time.Second, 10*time.Millisecond)

	done(a, open(a), true)
	require.NoError(t, slots.Close())
	closed = true
	require.Zero(t, usage.Read(t.Context()).Sessions)
}
