package runner

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"kallad/worker/callback"
	"kallad/worker/lifecycle"
	"kallad/worker/metrics"
	"kallad/worker/recon"
)

// QueueConfig bounds a queue.
type QueueConfig struct {
	// MaxJobs is how many jobs run at once. Default 4.
	MaxJobs int
	// MaxQueue is how many more may wait. Default 100.
	MaxQueue int
	// JobTimeout ends a job that runs longer. Default 0: never.
	JobTimeout time.Duration
	// Keep is how many finished jobs are remembered. Default 1000.
	Keep int
	// RetryAfter is told to a caller that is refused. Default 5 s.
	RetryAfter time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// DefaultQueueConfig returns the defaults.
func DefaultQueueConfig() QueueConfig {
	return QueueConfig{MaxJobs: 4, MaxQueue: 100, Keep: 1000, RetryAfter: 5 * time.Second, Now: time.Now}
}

// Validate reports every setting that can't work.
func (c QueueConfig) Validate() error {
	var problems []error
	if c.MaxJobs < 1 {
		problems = append(problems, fmt.Errorf("at most %d jobs at once: want at least 1", c.MaxJobs))
	}
	if c.MaxQueue < 0 {
		problems = append(problems, fmt.Errorf("a queue of %d jobs: want 0 or more", c.MaxQueue))
	}
	if c.JobTimeout < 0 {
		problems = append(problems, fmt.Errorf("a job timeout of %s: want 0 or more", c.JobTimeout))
	}
	if c.Keep < 0 {
		problems = append(problems, fmt.Errorf("keep %d finished jobs: want 0 or more", c.Keep))
	}
	return errors.Join(problems...)
}

// jobRunner runs one job, as Runner does.
type jobRunner interface {
	Run(ctx context.Context, job *recon.Job, acceptedAt time.Time, report func(recon.Progress)) (*recon.Result, error)
}

// Queue takes jobs, runs a bounded number at once in the order in which they
// came, tells their callers, and answers for all of them. It is a
// lifecycle.Service.
type Queue struct {
	cfg     QueueConfig
	runner  jobRunner
	sender  *callback.Sender
	metrics metrics.Runner
	log     *slog.Logger
	group   *lifecycle.Group
	feed    feed

	mu       sync.Mutex
	entries  map[string]*entry
	order    []*entry // all that are remembered, oldest first
	waiting  []*entry
	running  int
	draining bool
}

// entry is one job that was taken.
type entry struct {
	job      *recon.Job // nil once the job has ended: it holds credentials
	digest   [sha256.Size]byte
	notifier *callback.Notifier
	status   recon.JobStatus
	cancel   context.CancelCauseFunc // set while the job runs
}

var (
	errCancelled = errors.New("the job was cancelled")
	errShutdown  = errors.New("the scheduler shut down before the job was done; post it again")
)

// NewQueue returns a queue; cfg must be valid.
func NewQueue(cfg QueueConfig, runner jobRunner, sender *callback.Sender, m metrics.Runner, log *slog.Logger) *Queue {
	return &Queue{
		cfg: cfg, runner: runner, sender: sender, metrics: m, log: log,
		group: lifecycle.NewGroup(context.Background()), entries: map[string]*entry{},
	}
}

// Start implements lifecycle.Service.
func (q *Queue) Start(context.Context) error { return nil }

// Submit takes a valid job, or returns the job that is there already when the
// same was posted before. The error is a recon.UnavailableError or
// recon.ErrConflict.
func (q *Queue) Submit(_ context.Context, job *recon.Job) (recon.Submission, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return recon.Submission{}, fmt.Errorf("write job: %w", err)
	}
	digest := sha256.Sum256(text)
	q.mu.Lock()
	defer q.mu.Unlock()
	if known := q.entries[job.RunID]; known != nil {
		if known.digest != digest {
			return recon.Submission{}, recon.ErrConflict
		}
		return recon.Submission{Status: q.statusOf(known), Existing: true}, nil
	}
	if err := q.room(); err != nil {
		return recon.Submission{}, &recon.UnavailableError{Err: err, RetryAfter: q.cfg.RetryAfter}
	}
	notifier, err := q.sender.Notifier(job)
	if err != nil {
		return recon.Submission{}, err
	}
	e := &entry{job: job, digest: digest, notifier: notifier, status: recon.JobStatus{
		RunID: job.RunID, State: recon.StateQueued, SubmittedAt: q.cfg.Now().UTC(),
	}}
	q.entries[job.RunID] = e
	q.order = append(q.order, e)
	q.waiting = append(q.waiting, e)
	q.startNext()
	q.feed.tell(job.RunID)
	q.log.Info("job accepted", "run_id", job.RunID, "state", e.status.State)
	return recon.Submission{Status: q.statusOf(e), OnWritten: notifier.Release}, nil
}

// room says why no further job can be taken, nil when one can.
func (q *Queue) room() error {
	switch {
	case q.draining:
		return recon.ErrDraining
	case q.running >= q.cfg.MaxJobs && len(q.waiting) >= q.cfg.MaxQueue:
		return recon.ErrQueueFull
	}
	return nil
}

// Ready returns why no further job can be taken, nil when one can.
func (q *Queue) Ready() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.room()
}

// startNext starts waiting jobs while there is a free place.
func (q *Queue) startNext() {
	for q.running < q.cfg.MaxJobs && len(q.waiting) > 0 && !q.draining {
		e := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		ctx, cancel := context.WithCancelCause(context.Background())
		e.cancel = cancel
		now := q.cfg.Now().UTC()
		e.status.State, e.status.StartedAt, e.status.Stage = recon.StateRunning, &now, recon.StageValidation
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
	q.metrics.ActiveJobs.Set(float64(q.running))
	q.metrics.QueuedJobs.Set(float64(len(q.waiting)))
}

// runOne runs a job and tells its end, whatever it is.
func (q *Queue) runOne(ctx context.Context, e *entry) {
	if q.cfg.JobTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, q.cfg.JobTimeout)
		defer cancel()
	}
	log := q.log.With("run_id", e.status.RunID)
	log.Info("job started")
	result, err := q.protect(ctx, e)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.end(e, result, err, context.Cause(ctx))
	q.startNext()
}

// protect turns a panic in a job into that job's error.
func (q *Queue) protect(ctx context.Context, e *entry) (result *recon.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			q.log.Error("job panicked", "run_id", e.status.RunID, "panic", r)
			result, err = nil, errors.New("internal error; the scheduler's log says more")
		}
	}()
	return q.runner.Run(ctx, e.job, e.status.SubmittedAt, func(p recon.Progress) { q.observe(e, p) })
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

// end settles a job's outcome and tells its caller. q.mu is held.
func (q *Queue) end(e *entry, result *recon.Result, err, cause error) {
	now := q.cfg.Now().UTC()
	e.status.FinishedAt = &now
	outcome := metrics.OutcomeCompleted
	var tell error
	if err == nil {
		e.status.State, e.status.Progress, e.status.Result = recon.StateSucceeded, 1, result
		tell = e.notifier.Complete(result)
	} else {
		outcome = q.fail(e, err, cause)
		tell = e.notifier.Fail(e.status.ErrorStage, e.status.Error)
	}
	if tell != nil {
		q.log.Error("final callback not written", "run_id", e.status.RunID, "error", tell)
	}
	took := time.Duration(0)
	if e.status.StartedAt != nil {
		took = now.Sub(*e.status.StartedAt)
	}
	q.metrics.JobEnded(outcome, took)
	q.log.Info("job ended", "run_id", e.status.RunID, "state", e.status.State, "seconds", took.Seconds(), "error", e.status.Error)
	e.job, e.cancel = nil, nil
	q.feed.tell(e.status.RunID)
	q.forget()
}

// fail words a job's failure and returns its outcome.
func (q *Queue) fail(e *entry, err, cause error) string {
	e.status.State, e.status.Error, e.status.ErrorStage = recon.StateFailed, err.Error(), recon.StageValidation
	var staged *StageError
	if errors.As(err, &staged) {
		e.status.ErrorStage = staged.Stage
		e.setStages(staged.Stages)
	}
	switch {
	case errors.Is(cause, errCancelled):
		e.status.State, e.status.Error = recon.StateCancelled, errCancelled.Error()
		return metrics.OutcomeCancelled
	case errors.Is(cause, errShutdown):
		e.status.Error = errShutdown.Error()
	}
	return metrics.OutcomeFailed
}

// forget drops the oldest finished jobs beyond those that are kept.
func (q *Queue) forget() {
	finished := 0
	for _, e := range q.order {
		if e.status.State.Final() {
			finished++
		}
	}
	q.order = slices.DeleteFunc(q.order, func(e *entry) bool {
		if finished <= q.cfg.Keep || !e.status.State.Final() {
			return false
		}
		finished--
		delete(q.entries, e.status.RunID)
		return true
	})
}
