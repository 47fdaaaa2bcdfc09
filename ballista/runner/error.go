package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

// StageError is a failed run: why, in words for the caller and without
// credentials, and in which stage.
type StageError struct {
	Stage recon.Stage
	Err   error
	// Stages are the stages of the job's plan and how far they got.
	Stages []recon.StageStatus
	text   string
}

func (e *StageError) Error() string { return e.text }
func (e *StageError) Unwrap() error { return e.Err }

// stageError words the error that ended the run.
func (r *run) stageError(ctx context.Context, err error) *StageError {
	uris := make([]recon.URI, 0, len(r.job.Sources)+1)
	for _, s := range r.job.Sources {
		uris = append(uris, s.URI)
	}
	uris = append(uris, recon.URI(r.job.CallbackURL))
	var panicked interface{ PanicStack() string }
	if errors.As(err, &panicked) {
		r.log.Error("a part of the job panicked", "stack", panicked.PanicStack())
	}
	state := recon.WorkFailed
	if errors.Is(ctx.Err(), context.Canceled) {
		state = recon.WorkCancelled
	}
	text := recon.Scrub(r.describeError(err), uris...)
	return &StageError{Stage: r.progress.stage(), Err: err, Stages: r.progress.failed(state, text), text: text}
}

func (r *run) describeError(err error) string {
	var limits interface {
		OutOfMemory() bool
		OutOfDisk() bool
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "the job was cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "the job ran longer than it may"
	case errors.Is(err, blob.ErrNoSpace):
		return fmt.Sprintf("the disk is full: %v", err)
	case errors.As(err, &limits) && limits.OutOfMemory():
		return fmt.Sprintf("the query needs more memory than it may have, spilling included; give it more (%s) or make it join on equal keys. The engine says: %s",
			r.cfg.MemoryHint, firstLine(err))
	case errors.As(err, &limits) && limits.OutOfDisk():
		return fmt.Sprintf("no room to spill what does not fit in memory; free space in the temporary folder or give the job more memory (%s). The engine says: %s",
			r.cfg.MemoryHint, firstLine(err))
	case queryFault(err):
		return "match_sql: " + ownWords(err)
	}
	return err.Error()
}

// ownWords is what the engine says of the query, without the line of SQL that
// it points at: that is written here, and nothing that the caller has seen.
func ownWords(err error) string {
	var fault interface {
		error
		QueryFault() bool
	}
	errors.As(err, &fault)
	text, _, _ := strings.Cut(fault.Error(), "\n\nLINE ")
	return strings.TrimSpace(text)
}

// firstLine leaves out the engine's advice, which names settings of its own.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
