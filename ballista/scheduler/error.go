package scheduler

import (
	"fmt"

	"kallad/ballista/proto/control"
)

// TaskError is the failure of a task that ended its job. Its text has no
// credentials.
type TaskError struct {
	// Stage is the name of the task's stage.
	Stage string
	Task  int
	// Executor is where the attempt ran.
	Executor string
	// Attempts is how many attempts there were.
	Attempts int
	Outcome  control.Outcome
	// Message is what the executor said of the last one.
	Message string
	// Engine is the SQL engine's verdict, nil if it had none.
	Engine *EngineError
}

// Error is for the person whose job it was: of a fault of theirs it says that
// alone, of any other where it happened as well.
func (e *TaskError) Error() string {
	if e.Outcome == control.Outcome_USER_ERROR {
		return e.Message
	}
	times := ""
	if e.Attempts > 1 {
		times = fmt.Sprintf(", attempt %d", e.Attempts)
	}
	return fmt.Sprintf("%s (stage %q, task %d on executor %s%s)", e.Message, e.Stage, e.Task, e.Executor, times)
}

// Unwrap returns the engine's verdict, if there is one.
func (e *TaskError) Unwrap() error {
	if e.Engine == nil {
		return nil
	}
	return e.Engine
}

// InputFault reports whether a source or its content is at fault: something
// that the caller can mend.
func (e *TaskError) InputFault() bool {
	return e.Outcome == control.Outcome_USER_ERROR && e.Engine == nil
}

// EngineError is a statement that failed, in the SQL engine's own words.
type EngineError struct {
	Outcome control.Outcome
	Message string
}

func (e *EngineError) Error() string { return e.Message }

// QueryFault reports whether the SQL, or the data it met, is at fault.
func (e *EngineError) QueryFault() bool { return e.Outcome == control.Outcome_USER_ERROR }

// OutOfMemory reports whether the memory limit was reached.
func (e *EngineError) OutOfMemory() bool { return e.Outcome == control.Outcome_OUT_OF_MEMORY }

// OutOfDisk reports whether there was no room to spill.
func (e *EngineError) OutOfDisk() bool { return e.Outcome == control.Outcome_OUT_OF_DISK }

// MomentError is the loss of rows that cannot be read again: the source shows
// another moment each time. The job can be run anew from its start.
type MomentError struct {
	Source, Executor string
}

func (e *MomentError) Error() string {
	return fmt.Sprintf("executor %s was lost with rows of source %q, which cannot be read again as of the same moment", e.Executor, e.Source)
}

// StartAgain reports that the job can be run anew from its start.
func (e *MomentError) StartAgain() bool { return true }
