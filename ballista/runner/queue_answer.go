package runner

import (
	"context"
	"slices"

	"kallad/worker/recon"
)

// Job returns what is known of a job.
func (q *Queue) Job(runID string) (recon.JobStatus, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.entries[runID]
	if e == nil {
		return recon.JobStatus{}, false
	}
	return q.statusOf(e), true
}

// Jobs returns the jobs that pass the filter, the newest first, without their
// stages.
func (q *Queue) Jobs(filter recon.JobFilter) []recon.JobStatus {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := []recon.JobStatus{}
	for _, e := range slices.Backward(q.order) {
		if filter.Limit > 0 && len(out) == filter.Limit {
			break
		}
		if filter.State == "" || filter.State == e.status.State {
			status := q.statusOf(e)
			status.Stages = nil
			out = append(out, status)
		}
	}
	return out
}

// Load tells how busy the queue is.
func (q *Queue) Load() recon.Load {
	q.mu.Lock()
	defer q.mu.Unlock()
	return recon.Load{
		RunningJobs: q.running, MaxJobs: q.cfg.MaxJobs,
		QueuedJobs: q.queued(), MaxQueue: q.cfg.MaxQueue,
	}
}

func (q *Queue) statusOf(e *entry) recon.JobStatus {
	status := e.status
	if status.State != recon.StateQueued {
		return status
	}
	if at := slices.Index(q.waiting, e); at >= 0 {
		status.QueuePosition = at + 1
	} else if at := slices.Index(q.suspects.list, e); at >= 0 {
		status.QueuePosition = len(q.waiting) + at + 1
	}
	return status
}

// Cancel ends a job: a waiting one at once, a running one within a second. Its
// caller gets the error callback. When it returns, the job will not run again,
// also after a restart. The error is recon.ErrUnknownRun or recon.ErrFinished.
func (q *Queue) Cancel(_ context.Context, runID string) error {
	q.mu.Lock()
	e := q.entries[runID]
	switch {
	case e == nil:
		q.mu.Unlock()
		return recon.ErrUnknownRun
	case e.ending:
		q.mu.Unlock()
		return recon.ErrFinished
	}
	e.cancelled = true
	if e.cancel != nil {
		e.cancel(errCancelled)
		recorded := q.keep(e)
		q.mu.Unlock()
		q.await(recorded, runID)
		return nil
	}
	e.ending = true
	q.drop(e)
	q.mu.Unlock()
	q.settle(e.origin.context(context.Background()), e, nil, errCancelled, errCancelled)
	return nil
}
