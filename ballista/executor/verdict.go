package executor

import (
	"context"
	"errors"
	"syscall"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/shuffle"
	"kallad/worker/recon"
)

// startError is a task that could not begin.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// verdict says how an attempt ended and whose fault it was, without
// credentials.
func verdict(ctx context.Context, err error, locations map[string]plan.Secret) *control.Ended {
	ended := &control.Ended{Outcome: control.Outcome_DONE}
	if err == nil {
		return ended
	}
	uris := make([]recon.URI, 0, len(locations))
	for _, location := range locations {
		uris = append(uris, recon.URI(location.Reveal()))
	}
	ended.Message = recon.Scrub(err.Error(), uris...)
	var fault *engine.Error
	var lost *shuffle.LostError
	var full *shuffle.FullError
	var start *startError
	switch {
	case errors.Is(context.Cause(ctx), errCancelled):
		ended.Outcome = control.Outcome_CANCELLED
	case errors.As(err, &lost):
		ended.Outcome = control.Outcome_LOST_INPUT
		ended.Lost = &control.Lost{
			From: toWire(plan.TaskID{Job: lost.Key.Job, Stage: lost.Key.Stage, Task: lost.Key.Task, Attempt: lost.Key.Attempt}),
			Step: lost.Key.Step, Partition: int32(lost.Key.Partition), Executor: lost.Executor, Unreachable: lost.Unreachable,
		}
	case errors.As(err, &start):
		ended.Outcome = control.Outcome_NOT_STARTED
	case recon.IsInput(err):
		ended.Outcome = control.Outcome_USER_ERROR
	case errors.As(err, &full), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		ended.Outcome = control.Outcome_OUT_OF_DISK
	case errors.As(err, &fault):
		ended.Outcome = outcomes[fault.Kind]
		if fault.Kind == engine.KindQuery || fault.Kind == engine.KindMemory || fault.Kind == engine.KindDisk {
			ended.EngineMessage = recon.Scrub(fault.Message, uris...)
		}
	default:
		ended.Outcome = control.Outcome_RETRYABLE
	}
	return ended
}

var outcomes = map[engine.Kind]control.Outcome{
	engine.KindInternal:    control.Outcome_RETRYABLE,
	engine.KindInterrupted: control.Outcome_RETRYABLE,
	engine.KindQuery:       control.Outcome_USER_ERROR,
	engine.KindMemory:      control.Outcome_OUT_OF_MEMORY,
	engine.KindDisk:        control.Outcome_OUT_OF_DISK,
}
