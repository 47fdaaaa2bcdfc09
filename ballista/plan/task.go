package plan

import (
	"context"
	"encoding/json"

	"github.com/apache/arrow-go/v18/arrow"
)

// Task is what one executor does in one session: load the inputs, then take
// the steps in order. It is plain data and holds no credentials.
type Task struct {
	Inputs []Input `json:"inputs"`
	Steps  []Step  `json:"steps"`
}

// Input is a table that the session loads before its first step.
type Input struct {
	// Table is the name in the session.
	Table string `json:"table"`
	// Source names the data set; where it is, and with what credentials, the
	// executor is told apart from the task.
	Source string `json:"source"`
	// Schema is that of the batches, in the order of the scan's columns.
	Schema *arrow.Schema `json:"-"`
	// Scan is what to read, in the form of the source's own package.
	Scan json.RawMessage `json:"scan"`
	// Partitions are the shares to read, in the form of the source's own
	// package; together they are the table.
	Partitions []json.RawMessage `json:"partitions"`
}

// StepKind says what becomes of a step's result.
type StepKind string

const (
	// StepRun drops the result.
	StepRun StepKind = "run"
	// StepCount reports one row of integers.
	StepCount StepKind = "count"
	// StepStream hands the result over in batches.
	StepStream StepKind = "stream"
)

// Step is one statement.
type Step struct {
	Name string   `json:"name"`
	Kind StepKind `json:"kind"`
	SQL  string   `json:"sql"`
	// Marked says that the first column of a StepStream is a boolean mark:
	// rows where it is true are counted and not streamed, and the column is
	// no part of the stream.
	Marked bool `json:"marked,omitempty"`
}

// Observer is told how a task goes and receives what it streams.
type Observer interface {
	// Rows tells of rows that were read into a table. It is called from
	// several threads at once and must not block.
	Rows(table string, rows int)
	// Loaded tells that a table is complete, with its exact number of rows.
	Loaded(table string, rows int64)
	// Begin tells that a step starts.
	Begin(step string)
	// Advance tells of the share of a step that is done, 0 to 1, as far as the
	// engine knows. It may come from another goroutine than the rest.
	Advance(step string, share float64)
	// Counts hands over the row of a StepCount.
	Counts(step string, values []int64) error
	// Stream consumes the result of a StepStream, batch by batch, and
	// releases each batch. Rows that are not taken are not computed far
	// ahead: the consumer's pace is the stream's.
	Stream(ctx context.Context, step string, rows Stream) error
}

// Stream is a result on its way. Next returns io.EOF after the last batch.
type Stream interface {
	Schema() *arrow.Schema
	Next(ctx context.Context) (arrow.RecordBatch, error)
	// Dropped is the number of marked rows so far.
	Dropped() int64
}
