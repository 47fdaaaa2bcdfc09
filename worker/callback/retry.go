package callback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// retrying posts a delivery until it is acknowledged or its time is over.
// Every kind of failure is retried: a 404 may only mean that the caller's row
// comes late, a 401 that its key is being rolled.
type retrying struct {
	next Poster
	cfg  Config
}

// errGivenUp is the end of a delivery's time.
var errGivenUp = errors.New("given up")

func (r *retrying) Post(ctx context.Context, d Delivery) error {
	end := r.end(d, time.Now())
	for backoff := r.cfg.BackoffFirst; ; backoff = min(2*backoff, r.cfg.BackoffMax) {
		// The last request must not outlast the delivery's time.
		attempt, cancel := context.WithDeadline(ctx, end)
		err := r.next.Post(attempt, d)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("deliver %s callback: %w", d.Event, context.Cause(ctx))
		}
		wait := r.wait(backoff, err)
		if !time.Now().Add(wait).Before(end) {
			return fmt.Errorf("deliver %s callback: %w after %d attempts in %v: %w", d.Event, errGivenUp, d.Attempt, r.cfg.FinalTimeout, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("deliver %s callback: %w", d.Event, context.Cause(ctx))
		case <-time.After(wait):
		}
		d.Attempt++
	}
}

// lastChance is the least time that a delivery has when it is taken up again
// after a restart: that the process was down must not cost it all of its time.
const lastChance = time.Minute

// end is when a delivery that begins now is given up. It is so long after now
// that a clock which is set meanwhile changes nothing, and what a clock that
// was wrong once has written down not much.
func (r *retrying) end(d Delivery, now time.Time) time.Time {
	left := r.cfg.FinalTimeout
	if !d.Since.IsZero() {
		left -= now.Sub(d.Since)
	}
	return now.Add(min(max(left, lastChance), r.cfg.FinalTimeout))
}

// wait is the backoff with its jitter, or longer when the receiver asked for
// it. The jitter keeps the jobs that failed together from coming back
// together.
func (r *retrying) wait(backoff time.Duration, err error) time.Duration {
	wait := backoff/2 + rand.N(backoff/2+1)
	var status *StatusError
	if errors.As(err, &status) {
		wait = max(wait, min(status.Wait(time.Now()), r.cfg.RetryAfterMax))
	}
	return wait
}
