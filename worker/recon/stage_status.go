package recon

import "time"

// WorkState is where a stage or a task of a running job is in its life.
type WorkState string

// The states of stages and tasks. A stage or task that is pending waits for
// its inputs or for a free slot; the last three are final.
const (
	WorkPending   WorkState = "pending"
	WorkRunning   WorkState = "running"
	WorkSucceeded WorkState = "succeeded"
	WorkFailed    WorkState = "failed"
	WorkCancelled WorkState = "cancelled"
)

// WorkStates lists every state, in the order of a task's life.
func WorkStates() []WorkState {
	return []WorkState{WorkPending, WorkRunning, WorkSucceeded, WorkFailed, WorkCancelled}
}

// StageKind says what a stage of a job's plan is for.
type StageKind string

const (
	// StageWhole does all work of a job in one task.
	StageWhole StageKind = "whole"
	// StageScan reads a source and hands its rows on in partitions.
	StageScan StageKind = "scan"
	// StageExchange brings rows that belong together into one partition.
	StageExchange StageKind = "exchange"
	// StageMatch runs the query over a partition, and finds what is unmatched
	// there.
	StageMatch StageKind = "match"
	// StageUnmatched finds the unmatched rows of a side that every task of the
	// match stage had a copy of.
	StageUnmatched StageKind = "unmatched"
	// StageFetch brings the columns of unmatched rows that were not needed
	// before.
	StageFetch StageKind = "fetch"
)

// StageKinds lists every kind.
func StageKinds() []StageKind {
	return []StageKind{StageWhole, StageScan, StageExchange, StageMatch, StageUnmatched, StageFetch}
}

// StageStatus is what is known of one stage of a job's plan. A retried task
// counts once: Tasks is the sum of the pending, running, done and failed ones.
type StageStatus struct {
	// ID is unique in the job, and counts from 0 in the order of the plan.
	ID   int       `json:"id"`
	Name string    `json:"name"`
	Kind StageKind `json:"kind"`
	// Reason says why the plan has this stage in this form, for people.
	Reason string `json:"reason,omitempty"`
	// Inputs are the stages whose output this one reads.
	Inputs []int     `json:"inputs,omitempty"`
	State  WorkState `json:"state"`

	Tasks        int `json:"tasks"`
	TasksRunning int `json:"tasks_running"`
	TasksDone    int `json:"tasks_done"`
	TasksFailed  int `json:"tasks_failed"`
	// Retries counts the attempts beyond the first of every task.
	Retries int `json:"retries"`

	Volume
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`

	// TaskList has the tasks' latest attempts, and earlier ones that failed;
	// of a very large stage only some, the running and the failed ones first.
	TaskList []TaskStatus `json:"task_list,omitempty"`
}

// Volume is what went through a stage or a task. Bytes are absent where nobody
// counts them.
type Volume struct {
	RowsIn     int64 `json:"rows_in"`
	RowsOut    int64 `json:"rows_out"`
	BytesIn    int64 `json:"bytes_in,omitempty"`
	BytesOut   int64 `json:"bytes_out,omitempty"`
	SpillBytes int64 `json:"spill_bytes,omitempty"`
}

// TaskStatus is what is known of one attempt of a task.
type TaskStatus struct {
	Stage     int `json:"stage"`
	Partition int `json:"partition"`
	// Attempt counts from 1.
	Attempt int `json:"attempt"`
	// Executor is the id of the executor that runs the attempt; absent while
	// it is pending, and where the scheduler runs it itself.
	Executor string    `json:"executor,omitempty"`
	State    WorkState `json:"state"`

	Volume
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	// Error says why the attempt failed. It holds no credentials.
	Error string `json:"error,omitempty"`
	// Steps are what the attempt did one after the other, as far as it tells.
	Steps []StepStatus `json:"steps,omitempty"`
}

// StepStatus is one step of a task: a table being loaded, or a statement.
type StepStatus struct {
	Name string `json:"name"`
	// Rows went into the table that is loaded, or came out of the statement.
	Rows       int64      `json:"rows"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}
