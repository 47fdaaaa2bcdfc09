package runner

import (
	"cmp"
	"context"
	"slices"

	"kallad/worker/recon"
)

// recover takes up the jobs of the journal. What cannot be read as a job stays
// there, for a version of kallad that can.
func (q *Queue) recover() error {
	err := q.parts.Journal.Each(func(key string, value []byte) error {
		e, err := parseRecord(value)
		if err != nil {
			q.log.Error("a job of the journal cannot be read, and is left alone", "run_id", key, "error", err)
			return nil
		}
		q.order = append(q.order, e)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(q.order, func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
	for _, e := range q.order {
		q.number = e.number + 1
		if err := q.takeUp(e); err != nil {
			return err
		}
	}
	q.suspects.since = q.cfg.Now()
	if n := q.queued(); n > 0 {
		q.parts.Metrics.JobsRecovered(n)
		q.log.Info("jobs found that have not ended; they run from the start", "jobs", n, "suspect", len(q.suspects.list))
	}
	return nil
}

func (q *Queue) takeUp(e *entry) error {
	q.entries[e.status.RunID] = e
	if e.status.State.Final() && e.final == nil {
		q.finished++
		return nil
	}
	if err := q.attach(e); err != nil {
		return err
	}
	switch {
	case e.status.State.Final():
	case e.runs >= suspectRuns:
		q.suspects.list = append(q.suspects.list, e)
	default:
		q.waiting = append(q.waiting, e)
	}
	return nil
}

// attach gives a job of the journal its notifier: one that tells nobody when
// its callback URL, allowed when the job was taken, is refused by now.
func (q *Queue) attach(e *entry) error {
	n, refused := q.notifier(e)
	if refused != nil {
		q.log.Error("the caller of a job cannot be told any more", "run_id", e.status.RunID, "error", refused)
		var err error
		n, err = q.parts.Sender.Notifier(&recon.Job{RunID: e.status.RunID}, e.runs+1, func(error) { q.told(e.status.RunID, refused) })
		if err != nil {
			return err
		}
	}
	e.notifier = n
	return nil
}

// resume starts what recover took up. Whoever posted these jobs has had the
// answer, or never will.
func (q *Queue) resume() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.order {
		if e.notifier != nil {
			e.notifier.Release()
		}
		if e.final != nil {
			e.notifier.End(*e.final)
		}
	}
	for _, e := range append(slices.Clone(q.waiting), q.suspects.list...) {
		if e.cancelled {
			e.ending = true
			q.drop(e)
			q.group.Go("cancelled job "+e.status.RunID, func(ctx context.Context) error {
				q.clear(ctx, e)
				q.settle(e.origin.context(context.Background()), e, nil, errCancelled, errCancelled)
				return nil
			})
		}
	}
	q.started, q.held = true, q.parts.Places != nil
	q.startNext()
}

// drop takes a job off the queue. q.mu is held.
func (q *Queue) drop(e *entry) {
	q.waiting = slices.DeleteFunc(q.waiting, func(w *entry) bool { return w == e })
	q.suspects.remove(e)
	q.parts.Metrics.QueuedJobs.Set(float64(q.queued()))
}
