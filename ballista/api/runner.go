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
	// The error is ErrConflict, an UnavailableError (with ErrQueueFull or
	// ErrDraining), or an input error, such as a ValidationError, all of
	// worker/recon; any other is an internal error.
	//
	// No callback of the job may leave before Written of the submission is
	// called.
	Submit(ctx context.Context, job *recon.Job) (recon.Submission, error)
	// Jobs returns the jobs that are remembered, newest first.
	Jobs(filter recon.JobFilter) []recon.JobStatus
	// Job returns one job, false when there is none with this run_id.
	Job(runID string) (recon.JobStatus, bool)
	// Cancel ends a queued or running job; it does not wait for the end. The
	// error is ErrUnknownRun or ErrFinished.
	Cancel(ctx context.Context, runID string) error
}
