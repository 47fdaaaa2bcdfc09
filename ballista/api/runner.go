package api

import (
	"context"

	"kallad/worker/recon"
)

// Runner takes jobs and knows what became of them. It is safe for concurrent
// use, and none of its methods waits for a job.
type Runner interface {
	// Submit takes a valid job, which belongs to the runner from then on. A
	// job that was posted before is no error.
	//
	// The error is ErrConflict, an UnavailableError (with ErrQueueFull,
	// ErrDraining or ErrNotStored), or an input error, such as a ValidationError, all of
	// worker/recon; any other is an internal error.
	//
	// No callback of the job may leave before Written of the submission is
	// called.
	Submit(ctx context.Context, job *recon.Job) (recon.Submission, error)
	// Jobs returns the jobs that are remembered, newest first, without their
	// stages.
	Jobs(filter recon.JobFilter) []recon.JobStatus
	// Job returns one job, false when there is none with this run_id.
	Job(runID string) (recon.JobStatus, bool)
	// Cancel ends a queued or running job; it does not wait for the end. The
	// error is ErrUnknownRun or ErrFinished.
	Cancel(ctx context.Context, runID string) error
	// Watch tells of changes of one job, or of all jobs when runID is empty.
	// The caller stops the watch.
	Watch(runID string) recon.Watch
	// Load tells how busy the runner is.
	Load() recon.Load
}

// Cluster knows the executors. It is safe for concurrent use and answers at
// once.
type Cluster interface {
	// Executors returns the executors that are registered, and those lost of
	// late, in the order in which they joined.
	Executors() []recon.ExecutorStatus
}

// Alone is a Cluster without executors.
type Alone struct{}

// Executors implements Cluster.
func (Alone) Executors() []recon.ExecutorStatus { return nil }
