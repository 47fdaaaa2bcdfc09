package scheduler

import (
	"fmt"
	"strings"

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

// DeadlyError is a task that no executor survives: the query may use up the
// machine's memory, or meet a fault of the engine's.
type DeadlyError struct {
	// Stage is the name of the task's stage.
	Stage string
	Task  int
	// Executors are those that were lost while they ran it, one after the other.
	Executors []string
}

func (e *DeadlyError) Error() string {
	return fmt.Sprintf("%d executors were lost one after the other while they ran a task of it (stage %q, task %d), the last with nothing beside it: the query may be what ended them; write it in another way, or see why they ended: %s",
		len(e.Executors), e.Stage, e.Task, strings.Join(e.Executors, ", "))
}

// DesertedError is a job of several tasks that has no executors any more, in a
// process that runs whole jobs only.
type DesertedError struct{}

func (e *DesertedError) Error() string { return "all executors were lost, again and again" }

// StartAgain reports that the job can be run anew from its start.
func (e *DesertedError) StartAgain() bool { return true }

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
