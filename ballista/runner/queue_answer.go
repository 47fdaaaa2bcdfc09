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
		QueuedJobs: len(q.waiting), MaxQueue: q.cfg.MaxQueue,
	}
}

func (q *Queue) statusOf(e *entry) recon.JobStatus {
	status := e.status
	if status.State == recon.StateQueued {
		status.QueuePosition = slices.Index(q.waiting, e) + 1
	}
	return status
}

// Cancel ends a job: a waiting one at once, a running one within a second. Its
// caller gets the error callback. The error is recon.ErrUnknownRun or
// recon.ErrFinished.
func (q *Queue) Cancel(_ context.Context, runID string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.entries[runID]
	switch {
	case e == nil:
		return recon.ErrUnknownRun
	case e.status.State.Final():
		return recon.ErrFinished
	case e.cancel != nil:
		e.cancel(errCancelled)
		return nil
	}
	q.dropWaiting(e, errCancelled)
	return nil
}

// dropWaiting ends a job that never ran. q.mu is held.
func (q *Queue) dropWaiting(e *entry, cause error) {
	q.waiting = slices.DeleteFunc(q.waiting, func(w *entry) bool { return w == e })
	q.end(e, nil, cause, cause)
	q.metrics.QueuedJobs.Set(float64(len(q.waiting)))
}

// Stop implements lifecycle.Service: no job is taken any more, waiting ones
// end with an error callback, running ones have until ctx is done, then they
// end with one too.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	q.draining = true
	for _, e := range slices.Clone(q.waiting) {
		q.dropWaiting(e, errShutdown)
	}
	q.mu.Unlock()
	stop := context.AfterFunc(ctx, q.cancelRunning)
	defer stop()
	return q.group.Stop(context.WithoutCancel(ctx))
}

func (q *Queue) cancelRunning() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.order {
		if e.cancel != nil {
			e.cancel(errShutdown)
		}
	}
}
