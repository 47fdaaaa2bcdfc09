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

// LocalExecutor stands in the place of an executor's id for what the
// scheduler's own process does.
const LocalExecutor = "local"

// StageStatus is what is known of one stage of a job's plan. A retried task
// counts once: Tasks is the sum of the pending, running, done and failed ones,
// and a task has failed only when it is not tried again.
type StageStatus struct {
	// ID is unique in the job, and counts from 0 in the order of the plan.
	ID   int    `json:"id"`
	Name string `json:"name"`
	// Why says why the plan has this stage in this form, a reason each.
	Why []string `json:"why,omitempty"`
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
	// Executor is the id of the executor that runs the attempt, LocalExecutor
	// where the scheduler does so itself; absent while nobody does.
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
