package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"kallad/worker/recon"
)

// Submit takes a valid job, or returns the job that is there already when the
// same was posted before. It waits until the job is on disk. The error is a
// recon.UnavailableError, recon.ErrConflict, or the callback URL's.
func (q *Queue) Submit(ctx context.Context, job *recon.Job) (recon.Submission, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return recon.Submission{}, fmt.Errorf("write job: %w", err)
	}
	sum := sha256.Sum256(text)
	e := &entry{job: job, text: text, digest: hex.EncodeToString(sum[:]), callbackURL: job.CallbackURL, origin: originOf(ctx), status: recon.JobStatus{
		RunID: job.RunID, State: recon.StateQueued, SubmittedAt: q.cfg.Now().UTC(),
	}}
	for {
		known, pending, err := q.reserve(e)
		if err != nil {
			return recon.Submission{}, err
		}
		if known != nil {
			return *known, nil
		}
		if pending == nil {
			return q.accept(ctx, e)
		}
		<-pending // another request brings this run_id: what comes of it decides
	}
}

// reserve keeps a place for a job. It returns the job that is there already, or
// what to wait for when one of its run_id is just being accepted.
func (q *Queue) reserve(e *entry) (*recon.Submission, <-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if known := q.entries[e.status.RunID]; known != nil {
		if known.digest != e.digest {
			return nil, nil, recon.ErrConflict
		}
		return &recon.Submission{Status: q.statusOf(known), Existing: true}, nil, nil
	}
	if pending := q.accepting[e.status.RunID]; pending != nil {
		return nil, pending, nil
	}
	if err := q.room(); err != nil {
		return nil, nil, &recon.UnavailableError{Err: err, RetryAfter: q.cfg.RetryAfter}
	}
	q.accepting[e.status.RunID] = make(chan struct{})
	e.number = q.number
	q.number++
	return nil, nil, nil
}

// accept puts a job into the journal and then into the queue.
func (q *Queue) accept(ctx context.Context, e *entry) (recon.Submission, error) {
	err := q.store(ctx, e)
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.accepting[e.status.RunID])
	delete(q.accepting, e.status.RunID)
	if err != nil {
		return recon.Submission{}, err
	}
	q.entries[e.status.RunID] = e
	q.order = append(q.order, e)
	q.waiting = append(q.waiting, e)
	if q.draining {
		e.notifier.Discard() // it runs after the next start
	}
	q.startNext()
	q.feed.tell(e.status.RunID)
	q.log.InfoContext(ctx, "job accepted", "run_id", e.status.RunID, "state", e.status.State)
	return recon.Submission{Status: q.statusOf(e), OnWritten: e.notifier.Release}, nil
}

func (q *Queue) store(ctx context.Context, e *entry) error {
	var err error
	if e.notifier, err = q.notifier(e); err != nil {
		return err
	}
	value, err := e.record()
	if err == nil {
		err = q.parts.Journal.Put(e.status.RunID, value).Wait()
	}
	if err != nil {
		e.notifier.Discard()
		q.log.ErrorContext(ctx, "job not taken: it could not be written to the journal", "run_id", e.status.RunID, "error", err)
		return &recon.UnavailableError{Err: recon.ErrNotStored, RetryAfter: q.cfg.RetryAfter}
	}
	return nil
}

// room says why no further job can be taken, nil when one can.
func (q *Queue) room() error {
	free := max(0, q.cfg.MaxJobs-q.running)
	switch {
	case q.draining:
		return recon.ErrDraining
	case q.queued()+len(q.accepting) >= q.cfg.MaxQueue+free:
		return recon.ErrQueueFull
	}
	return nil
}

// queued is how many jobs wait.
func (q *Queue) queued() int { return len(q.waiting) + len(q.suspects.list) }

// Ready returns why no further job can be taken, nil when one can.
func (q *Queue) Ready() error {
	if q.parts.Journal.Err() != nil {
		return recon.ErrNotStored
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.room()
}
