package runner

import (
	"context"
	"errors"
	"slices"

	"kallad/worker/recon"
)

// startNext starts waiting jobs while there is a free place. q.mu is held.
func (q *Queue) startNext() {
	for q.started && !q.held && !q.draining {
		e := q.next()
		if e == nil {
			break
		}
		q.start(e)
	}
	q.parts.Metrics.ActiveJobs.Set(float64(q.running))
	q.parts.Metrics.QueuedJobs.Set(float64(q.queued()))
}

// next takes the job whose turn it is off the queue, nil if it is nobody's.
func (q *Queue) next() *entry {
	if e, wait := q.suspects.next(q.cfg.Now(), q.running, len(q.waiting)); e != nil || wait {
		return e
	}
	if q.running >= q.cfg.MaxJobs || len(q.waiting) == 0 {
		return nil
	}
	e := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return e
}

func (q *Queue) start(e *entry) {
	ctx, cancel := context.WithCancelCause(context.Background())
	e.cancel = cancel
	now := q.cfg.Now().UTC()
	e.status.State, e.status.StartedAt, e.status.Stage = recon.StateRunning, &now, recon.StageValidation
	e.status.Restarts = e.runs
	e.runs++
	if value, err := e.record(); err == nil {
		q.parts.Journal.Note(e.status.RunID, value) // for suspects; nothing else depends on it
	}
	q.running++
	q.feed.tell(e.status.RunID)
	for _, behind := range q.waiting {
		q.feed.tell(behind.status.RunID) // it moved up
	}
	q.group.Go("job "+e.status.RunID, func(context.Context) error {
		q.runOne(ctx, e)
		cancel(nil)
		return nil
	})
}

// runOne runs a job and tells its end, whatever it is.
func (q *Queue) runOne(ctx context.Context, e *entry) {
	if q.cfg.JobTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, q.cfg.JobTimeout)
		defer cancel()
	}
	ctx, span := e.traced(ctx)
	q.log.InfoContext(ctx, "job started", "run_id", e.status.RunID, "run", e.runs)
	q.clear(ctx, e)
	result, err := q.protect(ctx, e)
	q.settle(ctx, e, result, err, context.Cause(ctx))
	q.mu.Lock()
	defer q.mu.Unlock()
	endSpan(span, e.status)
	q.running--
	q.suspects.ended(e, q.cfg.Now())
	q.startNext()
}

// clear removes what an earlier, killed run left behind. That it can't is no
// reason not to run the job.
func (q *Queue) clear(ctx context.Context, e *entry) {
	if !e.recovered {
		return
	}
	if err := q.parts.Runner.Clear(ctx, e.job, e.status.SubmittedAt); err != nil {
		q.log.Warn("unfinished files of an earlier run could not be removed", "run_id", e.status.RunID, "error", err)
	}
}

// protect turns a panic in a job into that job's error.
func (q *Queue) protect(ctx context.Context, e *entry) (result *recon.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			q.log.ErrorContext(ctx, "job panicked", "run_id", e.status.RunID, "panic", r)
			result, err = nil, errors.New("internal error; the scheduler's log says more")
		}
	}()
	return q.parts.Runner.Run(ctx, e.job, e.status.SubmittedAt, func(p recon.Progress) { q.observe(e, p) })
}

// observe keeps what a running job tells of itself.
func (q *Queue) observe(e *entry, p recon.Progress) {
	q.mu.Lock()
	e.status.Stage, e.status.Progress = p.Stage, p.Fraction
	e.status.Source, e.status.RowsRead, e.status.RowsTotal = p.Source, p.RowsRead, p.RowsTotal
	e.status.MatchedCount, e.status.TotalLeft, e.status.TotalRight = p.MatchedCount, p.TotalLeft, p.TotalRight
	e.status.EngineMode = p.EngineMode
	e.setStages(p.Stages)
	q.mu.Unlock()
	q.feed.tell(e.status.RunID)
	e.notifier.Progress(p)
}
