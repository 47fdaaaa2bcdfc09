package callback

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"kallad/worker/recon"
)

// ErrStopped is what a delivery ends with that the process had no time for.
var ErrStopped = errors.New("the process stopped before the caller acknowledged")

// flushTime bounds how long, from the end of a job on, a stage that the job
// went through is still told about before the final callback is sent.
const flushTime = time.Second

// Notifier tells the caller of one job. Its methods never wait for the
// caller and are safe for concurrent use.
type Notifier struct {
	runID  string
	target Target
	// run is which run of the job this is, from 1.
	run int
	// told, if set, is called with what became of the final callback.
	told func(error)
	mail *mailbox
	// trace is that of the job's run, set before it runs.
	trace    atomic.Pointer[map[string]string]
	released chan struct{}
	release  sync.Once
	done     chan struct{}
	err      error // valid once done is closed
}

// Release says that the caller has the answer to its POST. The first callback
// leaves after the grace that begins now; without Release none ever does.
func (n *Notifier) Release() { n.release.Do(func() { close(n.released) }) }

// Trace makes the callbacks part of a trace, as package trace carries it.
func (n *Notifier) Trace(carried map[string]string) { n.trace.Store(&carried) }

// traced adds the trace to a delivery.
func (n *Notifier) traced(d Delivery) Delivery {
	if carried := n.trace.Load(); carried != nil {
		d.Trace = *carried
	}
	return d
}

// Progress tells an observation: at once when it is the first of its stage,
// else after the progress interval, by when a later one may have replaced it.
// After End or Discard it does nothing.
func (n *Notifier) Progress(p recon.Progress) {
	p.RunID = n.runID
	n.mail.putProgress(p)
}

// End tells how the job ended. Of End and Discard the first call counts, and
// the others do nothing.
func (n *Notifier) End(f Final) {
	f.RunID = n.runID
	n.mail.putFinal(f.delivery(n.target))
}

// Discard ends the notifier without a final callback, for a job that was
// refused after all.
func (n *Notifier) Discard() { n.mail.discard() }

// Done is closed when the final callback was acknowledged or given up.
func (n *Notifier) Done() <-chan struct{} { return n.done }

// Err returns why the final callback was never acknowledged, nil when it was.
// It may be asked once Done is closed.
func (n *Notifier) Err() error { return n.err }

// deliver sends what comes into the mailbox until the end of the job is told.
func (n *Notifier) deliver(ctx context.Context, cfg Config, progress, final Poster) error {
	if !n.awaitRelease(ctx, cfg.Grace) {
		return n.stopped()
	}
	if !n.sendProgress(ctx, cfg.ProgressInterval, progress) {
		return n.stopped()
	}
	if d := n.mail.end(); d != nil {
		return final.Post(ctx, n.traced(*d))
	}
	return nil
}

// stopped is the error of a notifier that was cancelled; a discarded one has
// nothing left to tell.
func (n *Notifier) stopped() error {
	if n.mail.discard() || n.mail.end() != nil {
		return ErrStopped
	}
	return nil
}

func (n *Notifier) awaitRelease(ctx context.Context, grace time.Duration) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-n.released:
			return pause(ctx, grace)
		case <-n.mail.wake:
			if _, _, closed := n.mail.next(""); closed && n.mail.end() == nil {
				return true // discarded: there is nothing to hold back
			}
		}
	}
}

// sendProgress returns true when the job has ended and its progress is told,
// false when ctx was cancelled before.
func (n *Notifier) sendProgress(ctx context.Context, interval time.Duration, post Poster) bool {
	var told recon.Stage
	var sentAt, closedAt time.Time
	failed := false
	for number := 1; ctx.Err() == nil; {
		p, ok, closed := n.mail.next(told)
		if closed && closedAt.IsZero() {
			closedAt = time.Now()
		}
		switch {
		case closed && (!ok || failed || time.Since(closedAt) >= flushTime):
			return true
		case !ok:
			n.awaitMail(ctx, nil)
			continue
		case p.Stage == told && !closed:
			if wait := interval - time.Since(sentAt); wait > 0 {
				n.awaitMail(ctx, time.After(wait))
				continue
			}
		}
		if p, ok = n.mail.take(); !ok {
			continue
		}
		told, sentAt = p.Stage, time.Now()
		failed = n.post(ctx, post, p, number) != nil
		number++
	}
	return false
}

func (n *Notifier) post(ctx context.Context, post Poster, p recon.Progress, number int) error {
	d, err := progressDelivery(n.target, p, n.run, number)
	if err != nil {
		return err
	}
	return post.Post(ctx, n.traced(d))
}

// awaitMail returns when there is new mail, timer fires or ctx is done.
func (n *Notifier) awaitMail(ctx context.Context, timer <-chan time.Time) {
	select {
	case <-ctx.Done():
	case <-timer:
	case <-n.mail.wake:
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
