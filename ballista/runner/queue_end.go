package runner

import (
	"context"
	"errors"
	"time"

	"kallad/worker/callback"
	"kallad/worker/journal"
	"kallad/worker/metrics"
	"kallad/worker/recon"
)

// settle records a job's outcome and then tells its caller.
func (q *Queue) settle(ctx context.Context, e *entry, result *recon.Result, err, cause error) {
	q.mu.Lock()
	ended := *e
	outcome := ended.conclude(result, err, cause, q.cfg.Now().UTC())
	ended.job, ended.text, ended.cancel = nil, nil, nil
	final, err := ended.tell()
	if err != nil {
		q.log.Error("final callback not written", "run_id", e.status.RunID, "error", err)
		ended.status.Callback = recon.CallbackGivenUp
	} else {
		ended.final = &final
	}
	e.ending, ended.ending = true, true
	recorded := q.keep(&ended)
	q.mu.Unlock()
	q.await(recorded, e.status.RunID)

	q.mu.Lock()
	defer q.mu.Unlock()
	*e = ended
	took := time.Duration(0)
	if e.status.StartedAt != nil {
		took = e.status.FinishedAt.Sub(*e.status.StartedAt)
	}
	q.measure(outcome, took, e.status.Result)
	q.log.InfoContext(ctx, "job ended", "run_id", e.status.RunID, "state", e.status.State, "seconds", took.Seconds(), "error", e.status.Error)
	if e.final == nil {
		e.notifier.Discard()
		q.finished++
	} else {
		e.notifier.End(final)
	}
	q.feed.tell(e.status.RunID)
}

// measure counts a job that has ended; result is nil if it failed.
func (q *Queue) measure(outcome string, took time.Duration, result *recon.Result) {
	m := q.parts.Metrics
	m.JobEnded(outcome, took)
	if result == nil {
		return
	}
	for stage, seconds := range result.StageSeconds {
		m.ObserveStage(string(stage), time.Duration(seconds*float64(time.Second)))
	}
	m.ObserveMatches(result.MatchedCount)
	m.ObserveRows("left", result.Left.MatchedRows, result.Left.UnmatchedRows)
	m.ObserveRows("right", result.Right.MatchedRows, result.Right.UnmatchedRows)
}

// keep records an entry as it is; q.mu is held, so that records of one job
// reach the journal in the order of its changes.
func (q *Queue) keep(e *entry) *journal.Change {
	value, err := e.record()
	if err != nil {
		q.log.Error("job not recorded", "run_id", e.status.RunID, "error", err)
		return nil
	}
	return q.parts.Journal.Keep(e.status.RunID, value)
}

// await returns when a change is on disk, or has been waited for long enough.
func (q *Queue) await(change *journal.Change, runID string) {
	if change == nil {
		return
	}
	timer := time.NewTimer(q.cfg.HoldBack)
	defer timer.Stop()
	select {
	case <-change.Done():
		if change.Wait() == nil {
			return
		}
	case <-timer.C:
	}
	q.log.Error("the journal takes nothing; if the scheduler dies before it does, the job runs again and its caller hears of it twice", "run_id", runID)
}

// conclude puts down how a job ended, and returns that as the metrics have it.
func (e *entry) conclude(result *recon.Result, err, cause error, now time.Time) string {
	s := &e.status
	s.FinishedAt, s.Callback = &now, recon.CallbackPending
	if err == nil {
		s.State, s.Progress, s.Result = recon.StateSucceeded, 1, result
		return metrics.OutcomeCompleted
	}
	s.State, s.Error, s.ErrorStage = recon.StateFailed, err.Error(), recon.StageValidation
	var staged *StageError
	if errors.As(err, &staged) {
		s.ErrorStage = staged.Stage
		e.setStages(staged.Stages)
	}
	switch {
	case errors.Is(cause, errCancelled):
		s.State, s.Error = recon.StateCancelled, errCancelled.Error()
		return metrics.OutcomeCancelled
	case errors.Is(cause, errShutdown):
		s.Error = errShutdown.Error()
	}
	return metrics.OutcomeFailed
}

// tell words the final callback of a job that has ended.
func (e *entry) tell() (callback.Final, error) {
	if e.status.State != recon.StateSucceeded {
		failure := callback.Failure{RunID: e.status.RunID, Error: e.status.Error, Stage: e.status.ErrorStage}
		return callback.Fail(failure, *e.status.FinishedAt)
	}
	result := *e.status.Result
	result.RunID = e.status.RunID
	return callback.Complete(&result)
}

// notifier returns what tells a job's caller, and records that it did.
func (q *Queue) notifier(e *entry) (*callback.Notifier, error) {
	runID := e.status.RunID
	job := &recon.Job{RunID: runID, CallbackURL: e.callbackURL}
	return q.parts.Sender.Notifier(job, e.runs+1, func(err error) { q.told(runID, err) })
}

// told is what became of a job's final callback.
func (q *Queue) told(runID string, err error) {
	if errors.Is(err, callback.ErrStopped) {
		return // it is sent again after the next start
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.entries[runID]
	e.final, e.callbackURL = nil, ""
	e.status.Callback = recon.CallbackAcknowledged
	if err != nil {
		e.status.Callback = recon.CallbackGivenUp
	}
	q.keep(e)
	q.finished++
	q.forget()
	q.feed.tell(runID)
}
