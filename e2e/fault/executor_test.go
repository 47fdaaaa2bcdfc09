package fault_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/e2e/ledger"
)

// An executor that dies in the middle of its work loses nothing: others do it.
func TestKilledExecutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := ledger.Named("cascade")
	truth := w.truth(t, p)
	job := w.job(p)
	reading := w.held(t, job)
	reading[0].Kill()
	w.open(t)
	w.Right(t, job, p, truth)
	// It comes back and is used again.
	reading[0].Start()
	w.Scheduler.Executors(2, time.Minute)
	again := w.job(p)
	w.Scheduler.Post(again)
	w.Right(t, again, p, truth)
	w.Once(t, job, again)
}

// An executor that freezes keeps its connections and says nothing. When it wakes
// up, its late results count for nothing.
func TestFrozenExecutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := ledger.Named("one-to-many")
	truth := w.truth(t, p)
	job := w.job(p)
	reading := w.held(t, job)
	reading[0].Pause()
	w.open(t)
	w.Right(t, job, p, truth)
	reading[0].Unpause()
	w.Scheduler.Executors(2, time.Minute)
	again := w.job(p)
	w.Scheduler.Post(again)
	w.Right(t, again, p, truth)
	w.Once(t, job, again)
}

// An executor whose cable is pulled works on and is heard of no more.
func TestUnreachableExecutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := ledger.Named("many-to-many")
	truth := w.truth(t, p)
	job := w.job(p)
	reading := w.held(t, job)
	reading[0].Disconnect()
	w.open(t)
	w.Right(t, job, p, truth)
	reading[0].Connect()
	w.Scheduler.Executors(2, time.Minute)
	again := w.job(p)
	w.Scheduler.Post(again)
	w.Right(t, again, p, truth)
	w.Once(t, job, again)
}

// When every executor is gone, the scheduler does the work itself.
func TestAllExecutorsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := ledger.Named("many-to-one")
	truth := w.truth(t, p)
	job := w.job(p)
	w.held(t, job)
	for _, e := range w.executors {
		e.Kill()
	}
	w.open(t)
	w.Right(t, job, p, truth)
	w.Once(t, job)
}

// An executor that is told to end finishes or hands over what it does, and ends
// by itself with exit code 0.
func TestDrainedExecutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := ledger.Named("one-to-one")
	truth := w.truth(t, p)
	job := w.job(p)
	reading := w.held(t, job)
	reading[0].Signal("SIGTERM")
	w.Scheduler.Executors(1, time.Minute)
	w.open(t)
	w.Right(t, job, p, truth)
	require.Zero(t, reading[0].Wait(time.Minute), "exit code; log:\n%s", reading[0].Log())
	w.Once(t, job)
}
