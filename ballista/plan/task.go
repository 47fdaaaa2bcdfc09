package plan

import "encoding/json"

// Task is what one executor does in one session: make the inputs its tables,
// then take the steps in order. It is plain data and holds no credentials.
type Task struct {
	ID     TaskID  `json:"id"`
	Inputs []Input `json:"inputs"`
	Steps  []Step  `json:"steps"`
	// Alone says that its stage has no other task, so that the task may have
	// every thread of its executor.
	Alone bool `json:"alone,omitempty"`
}

// TaskID names one attempt at one task of a job. Every attempt writes under
// its own name, so that a late one harms nothing.
type TaskID struct {
	Job     string `json:"job"`
	Stage   int    `json:"stage"`
	Task    int    `json:"task"`
	Attempt int    `json:"attempt"`
}

// Input is a table of a session: shares of a source, or partitions that other
// tasks wrote. A table without any of them is empty.
type Input struct {
	// Table is the name in the session.
	Table string `json:"table"`
	// Schema is that of the batches, in the order of the table's columns.
	Schema Schema `json:"schema"`
	// Columns, if set, are those of the batches that the table has, in its
	// order; the task's StepKeep keeps the batches as they are.
	Columns []string `json:"columns,omitempty"`
	// Streamed says that the steps mention the table once in all, so that its
	// rows can pass through without being kept.
	Streamed bool `json:"streamed,omitempty"`

	// Source names the data set; where it is, and with what credentials, the
	// executor is told apart from the task. It is empty for what tasks wrote.
	Source string `json:"source,omitempty"`
	// Again says that the source's rows are counted elsewhere, so that nobody
	// is told of these.
	Again bool `json:"again,omitempty"`
	// Scan is what to read, in the form of the source's own package.
	Scan json.RawMessage `json:"scan,omitempty"`
	// Partitions are the shares to read, in the form of the source's own
	// package.
	Partitions []json.RawMessage `json:"partitions,omitempty"`

	// Pieces are what other tasks wrote.
	Pieces []Piece `json:"pieces,omitempty"`
}

// Piece is what one attempt at a task wrote into one partition of an output.
type Piece struct {
	From      TaskID `json:"from"`
	Step      string `json:"step"`
	Partition int    `json:"partition"`
	// Executor and Address say who holds it: an executor's id, and where it
	// serves data, host:port.
	Executor string `json:"executor"`
	Address  string `json:"address"`
	Rows     int64  `json:"rows"`
	// Bytes is its size as it is kept.
	Bytes int64 `json:"bytes"`
}

// StepKind says what becomes of a step's result.
type StepKind string

const (
	// StepRun drops the result.
	StepRun StepKind = "run"
	// StepCount reports one row of integers; those of a stage's tasks add up.
	StepCount StepKind = "count"
	// StepStream hands the result over to whoever asked for the job.
	StepStream StepKind = "stream"
	// StepWrite keeps the result for the tasks of later stages.
	StepWrite StepKind = "write"
	// StepKeep keeps the rows of the task's source as they were read, with
	// columns that no table has, for one task of a later stage. It has no SQL,
	// and comes after all steps that read the source.
	StepKeep StepKind = "keep"
)

// Keeps reports whether rows are left of a step when its task has ended.
func (k StepKind) Keeps() bool { return k == StepStream || k == StepWrite || k == StepKeep }

// TaskFunction is a function without arguments that the SQL of a task with a
// StepKeep may call: the task's number in its stage, an INTEGER.
const TaskFunction = "kallad_task"

// Step is one statement.
type Step struct {
	Name string   `json:"name"`
	Kind StepKind `json:"kind"`
	SQL  string   `json:"sql"`
	// Distinct, of a StepCount, is a shorter way to the same counts.
	Distinct *Distinct `json:"distinct,omitempty"`
	// Marked says that the first column of a StepStream is a boolean mark:
	// rows where it is true are counted and not streamed, and the column is
	// no part of the stream.
	Marked bool `json:"marked,omitempty"`
	// Sorted, of a StepStream, asks for its rows sorted by all columns, and
	// names these: those of all tasks together then come in one order.
	Sorted []string `json:"sorted,omitempty"`
	// Partitions is how many partitions a StepWrite writes, at least 1. With
	// more than one, the first column of its result is an INTEGER, 0 to
	// Partitions-1 and never null, that says where the row belongs, and is no
	// part of what is written.
	Partitions int `json:"partitions,omitempty"`
}

// Distinct is a statement for a table of which it is known that no two rows
// have the same Keys, rows with a null in one of them left out. A task that
// found that out while it loaded the table takes SQL in place of the step's.
type Distinct struct {
	Table string   `json:"table"`
	Keys  []string `json:"keys"`
	SQL   string   `json:"sql"`
}
