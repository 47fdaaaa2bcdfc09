package shuffle

import (
	"errors"
	"fmt"
	"io"
)

// LostError says that a piece can't be had: it is missing, it is not what was
// written, or whoever holds it does not answer. It must be made again.
type LostError struct {
	Key Key
	// Executor is who should have it.
	Executor string
	// Unreachable says that its holder could not be asked, so that whatever
	// else it holds may be lost as well.
	Unreachable bool
	Err         error
}

// Error implements error.
func (e *LostError) Error() string {
	at := ""
	if e.Executor != "" {
		at = " of executor " + e.Executor
	}
	return fmt.Sprintf("piece %s%s is lost: %v", e.Key, at, e.Err)
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// newLost makes a LostError that nobody can take for the end of a piece.
func newLost(key Key, executor string, err error) *LostError {
	if errors.Is(err, io.EOF) {
		err = errors.New(err.Error())
	}
	return &LostError{Key: key, Executor: executor, Err: err}
}

// FullError says that a store has no room left, or that its disk does not do
// as it should. The same task may well run elsewhere, or later.
type FullError struct {
	// Err says what is wrong.
	Err error
}

// Error implements error.
func (e *FullError) Error() string {
	return fmt.Sprintf("cannot keep what a task writes for later stages: %v", e.Err)
}

// Unwrap returns the cause.
func (e *FullError) Unwrap() error { return e.Err }

// Errors of stores, outputs and pieces.
var (
	// ErrRemoved says that a job's outputs were removed while they were
	// written or read.
	ErrRemoved = errors.New("it was removed")
	// ErrClosed says that a store, a reader or a writer was closed before.
	ErrClosed = errors.New("already closed")

	errMissing = errors.New("there is no such piece")
)

// corruptError says that bytes are not those that were written.
type corruptError struct{ what string }

func (e *corruptError) Error() string { return "not what was written: " + e.what }

func corrupt(format string, args ...any) error { return &corruptError{fmt.Sprintf(format, args...)} }
