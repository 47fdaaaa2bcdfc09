package plan

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

// Course is told how a task, or a job with all its tasks, goes.
type Course interface {
	// Rows tells of rows that were read of a source. It is called from
	// several threads at once and must not block.
	Rows(source string, rows int)
	// Loaded tells that a source, or a task's share of it, was read to its
	// end, with the exact number of rows.
	Loaded(source string, rows int64)
	// Begin tells that a step starts; of a step that several tasks take, that
	// the first of them does.
	Begin(step string)
	// Advance tells of the share of a step that is done, 0 to 1, as far as the
	// engine knows. It may come from another goroutine than the rest.
	Advance(step string, share float64)
	// Counts hands over the row of a StepCount: for a job, once for each stage
	// that takes the step, the sum over the stage's tasks. Those of several
	// stages are to be added up.
	Counts(step string, values []int64) error
	// Stream consumes the result of a StepStream, batch by batch, and
	// releases each batch. Rows that are not taken are not computed far
	// ahead: the consumer's pace is the stream's. A step that several tasks
	// take is streamed once for each of them, never at the same time as
	// another stream of that step, and no row comes twice, whatever was tried
	// again on the way.
	Stream(ctx context.Context, step string, rows Stream) error
}

// TaskObserver is told how one task goes and takes what it writes.
type TaskObserver interface {
	Course
	// Write consumes the result of a StepWrite like Stream does: with more
	// than one partition, the first column says where each row belongs. Of a
	// StepKeep it consumes rows while other steps are taken.
	Write(ctx context.Context, step Step, rows Stream) error
}

// Observer is told how a job goes.
type Observer interface {
	Course
	// Stages is told where all stages are when that changes, and every now
	// and then while tasks run. It must not block.
	Stages(status []StageStatus)
}

// Stream is a result on its way. Next returns io.EOF after the last batch.
type Stream interface {
	Schema() *arrow.Schema
	Next(ctx context.Context) (arrow.RecordBatch, error)
	// Dropped is the number of marked rows so far.
	Dropped() int64
}

// StageState is where a stage is in its life.
type StageState string

// The states of a stage, in order; a stage goes back to running when what it
// wrote is lost.
const (
	StageWaiting StageState = "waiting"
	StageRunning StageState = "running"
	StageDone    StageState = "done"
	StageFailed  StageState = "failed"
	// StageCancelled is an attempt that nobody needs any more, or a stage of a
	// cancelled job.
	StageCancelled StageState = "cancelled"
)

// StageStatus is where a stage is. Rows and bytes are those of the attempts
// that count.
type StageStatus struct {
	ID    int        `json:"id"`
	Name  string     `json:"name"`
	State StageState `json:"state"`
	// Inputs are the stages that it reads. Reads says that it reads a source,
	// Streams that its rows go to whoever asked for the job.
	Inputs  []int    `json:"inputs,omitempty"`
	Reads   bool     `json:"reads,omitempty"`
	Streams bool     `json:"streams,omitempty"`
	Why     []string `json:"why,omitempty"`
	// Tasks, Running and Done count tasks; Retries counts attempts beyond
	// each task's first.
	Tasks   int `json:"tasks"`
	Running int `json:"running"`
	Done    int `json:"done"`
	Retries int `json:"retries"`
	// RowsIn and BytesIn are what was read of sources and other stages,
	// RowsOut and BytesOut what was written or streamed, whole rows that a
	// StepKeep keeps in their place apart, Spilled what went to disk on the way.
	// Unit of bytes: bytes; those of a source are what its shares take where
	// they lie, such as a file's bytes or a table's pages, as far as that is
	// known.
	RowsIn   int64 `json:"rows_in"`
	BytesIn  int64 `json:"bytes_in"`
	RowsOut  int64 `json:"rows_out"`
	BytesOut int64 `json:"bytes_out"`
	Spilled  int64 `json:"spilled"`
	// Started and Finished are zero until they are known.
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	// Attempts are the tasks' latest attempts, and earlier ones that failed.
	Attempts []TaskStatus `json:"attempts,omitempty"`
}

// TaskStatus is one attempt at a task.
type TaskStatus struct {
	Task     int        `json:"task"`
	Attempt  int        `json:"attempt"`
	Executor string     `json:"executor"`
	State    StageState `json:"state"`
	RowsIn   int64      `json:"rows_in"`
	RowsOut  int64      `json:"rows_out"`
	BytesOut int64      `json:"bytes_out"`
	Started  time.Time  `json:"started"`
	Finished time.Time  `json:"finished"`
	// Error says why the attempt failed, without credentials.
	Error string `json:"error,omitempty"`
}

// LocalExecutor is the name under which the process of the scheduler itself
// runs tasks.
const LocalExecutor = "local"
