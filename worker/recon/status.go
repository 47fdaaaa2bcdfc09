package recon

import (
	"errors"
	"time"
)

// State is where a job is in its life. Queued and running jobs are live; the
// other states are final.
type State string

// The states of a job.
const (
	StateQueued    State = "queued"
	StateRunning   State = "running"
	StateSucceeded State = "succeeded"
	StateFailed    State = "failed"
	StateCancelled State = "cancelled"
)

// States lists every state, in the order of a job's life.
func States() []State {
	return []State{StateQueued, StateRunning, StateSucceeded, StateFailed, StateCancelled}
}

// Final reports whether a job in this state will never change again.
func (s State) Final() bool {
	return s == StateSucceeded || s == StateFailed || s == StateCancelled
}

// JobStatus is what is known of a job, as GET /api/jobs/{run_id} shows it. It
// holds no credentials.
type JobStatus struct {
	RunID string `json:"run_id"`
	State State  `json:"state"`
	// Stage is the stage a live job is in, or was in when it ended; absent
	// while it is queued.
	Stage Stage `json:"stage,omitempty"`
	// Progress is the share of the whole run that is done, 0 to 1.
	Progress float64 `json:"progress"`
	// Source, RowsRead and RowsTotal are those of Progress.
	Source    string `json:"source,omitempty"`
	RowsRead  *int64 `json:"rows_read,omitempty"`
	RowsTotal *int64 `json:"rows_total,omitempty"`
	// QueuePosition counts from 1, the next to run; absent unless queued.
	QueuePosition int `json:"queue_position,omitempty"`
	// MatchedCount is the number of result rows so far.
	MatchedCount *int64 `json:"matched_count,omitempty"`
	// TotalLeft and TotalRight are present as soon as they are known exactly.
	TotalLeft  *int64 `json:"total_left,omitempty"`
	TotalRight *int64 `json:"total_right,omitempty"`

	SubmittedAt time.Time  `json:"submitted_at"`
	StartedAt   *time.Time `json:"started_at,omitempty"`
	FinishedAt  *time.Time `json:"finished_at,omitempty"`
	// Restarts is how often the job was begun again because the process died.
	Restarts int `json:"restarts,omitempty"`
	// EngineMode is "local" or "cluster"; absent until the job runs.
	EngineMode string `json:"engine_mode,omitempty"`
	// Stages are the stages of the job's plan, from the moment there is one.
	// Lists of jobs leave them out.
	Stages []StageStatus `json:"stages,omitempty"`
	// Executors are the ids of the executors that work or worked at the job.
	Executors []string `json:"executors,omitempty"`

	// Error and ErrorStage say why and where a failed or cancelled job ended.
	Error      string `json:"error,omitempty"`
	ErrorStage Stage  `json:"error_stage,omitempty"`
	// Result is the outcome of a job that succeeded.
	Result *Result `json:"result,omitempty"`
	// Callback says whether the job's caller knows how it ended; absent until
	// it has.
	Callback CallbackState `json:"callback,omitempty"`
}

// CallbackState is what became of a job's final callback.
type CallbackState string

// The states of a final callback; the last two are final.
const (
	CallbackPending      CallbackState = "pending"
	CallbackAcknowledged CallbackState = "acknowledged"
	CallbackGivenUp      CallbackState = "given_up"
)

// JobFilter selects jobs to list. The zero value selects all of them.
type JobFilter struct {
	// State keeps the jobs in one state; empty keeps every state.
	State State
	// Limit is the largest number of jobs returned; 0 is no limit.
	Limit int
}

// Submission is the answer to a job that was taken, now or earlier.
type Submission struct {
	// Status is the job's state at the time of the answer.
	Status JobStatus
	// Existing says that the same job was posted before and is not run again.
	Existing bool
	// OnWritten, when set, is run by Written.
	OnWritten func()
}

// Written tells the job that its answer is with the caller, so that callbacks
// may begin. Whoever answers calls it once, after the answer's last byte was
// handed to the network, or after that failed.
func (s Submission) Written() {
	if s.OnWritten != nil {
		s.OnWritten()
	}
}

// What can become of a request about a job, other than success.
var (
	// ErrQueueFull refuses a job because too many wait already.
	ErrQueueFull = errors.New("the job queue is full")
	// ErrDraining refuses a job because the process is about to stop.
	ErrDraining = errors.New("the scheduler is shutting down and takes no further jobs")
	// ErrNotStored refuses a job because it could not be put on disk.
	ErrNotStored = errors.New("the scheduler cannot write to its disk, and takes no job that it might lose")
	// ErrConflict refuses a job whose run_id belongs to a different job.
	ErrConflict = errors.New("a different job with this run_id exists")
	// ErrUnknownRun says that no job has the given run_id.
	ErrUnknownRun = errors.New("no job has this run_id")
	// ErrFinished says that a job has ended and cannot be cancelled.
	ErrFinished = errors.New("the job has already finished")
)

// UnavailableError is a refusal that holds for a while only. Err is
// ErrQueueFull, ErrDraining or ErrNotStored.
type UnavailableError struct {
	Err error
	// RetryAfter is how long the caller had better wait; 0 when nobody knows.
	RetryAfter time.Duration
}

func (e *UnavailableError) Error() string { return e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }
