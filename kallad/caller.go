package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kallad/ballista/runner"
	"kallad/worker/callback"
	"kallad/worker/metrics"
	"kallad/worker/recon"
)

// caller is whom a single job's callback_url names; nobody, if it has none.
type caller struct {
	runID    string
	sender   *callback.Sender
	notifier *callback.Notifier
}

func (f *runFlags) newCaller(job *recon.Job, log *slog.Logger) (*caller, error) {
	if err := f.callbacks.Validate(); err != nil {
		return nil, err
	}
	client, _, err := f.outbound.open(log)
	if err != nil {
		return nil, err
	}
	sender := callback.New(f.callbacks, client, metrics.New(prometheus.NewRegistry(), version()).Callback, log)
	notifier, err := sender.Notifier(job, 1, nil)
	if err != nil {
		return nil, err
	}
	notifier.Release()
	return &caller{runID: job.RunID, sender: sender, notifier: notifier}, nil
}

// lastWords is how long the final callback has when the person at the terminal
// wants to stop.
const lastWords = 500 * time.Millisecond

// end tells the outcome and waits until it is acknowledged or given up; when
// ctx ends, not for long.
func (c *caller) end(ctx context.Context, result *recon.Result, failure error) error {
	err := c.tell(result, failure)
	if err != nil {
		c.notifier.Discard()
	}
	select {
	case <-c.notifier.Done():
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	err = errors.Join(err, c.sender.Stop(limit))
	if lost := c.notifier.Err(); lost != nil {
		err = errors.Join(err, fmt.Errorf("the final callback was not acknowledged: %w", lost))
	}
	return err
}

func (c *caller) tell(result *recon.Result, failure error) error {
	final, err := finalOf(c.runID, result, failure)
	if err != nil {
		return err
	}
	c.notifier.End(final)
	return nil
}

func finalOf(runID string, result *recon.Result, failure error) (callback.Final, error) {
	if failure == nil {
		return callback.Complete(result)
	}
	told := callback.Failure{RunID: runID, Error: failure.Error(), Stage: recon.StageValidation}
	var staged *runner.StageError
	if errors.As(failure, &staged) {
		told.Stage, told.Error = staged.Stage, staged.Error()
	}
	return callback.Fail(told, time.Now())
}
