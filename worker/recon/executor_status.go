package recon

import "time"

// ExecutorState says whether an executor gets tasks.
type ExecutorState string

const (
	// ExecutorActive gets tasks.
	ExecutorActive ExecutorState = "active"
	// ExecutorDraining finishes what it has and gets no further tasks.
	ExecutorDraining ExecutorState = "draining"
	// ExecutorLost has not been heard of for too long; its tasks run again
	// elsewhere. It is shown for a while, then forgotten.
	ExecutorLost ExecutorState = "lost"
)

// ExecutorStates lists every state.
func ExecutorStates() []ExecutorState {
	return []ExecutorState{ExecutorActive, ExecutorDraining, ExecutorLost}
}

// ExecutorStatus is what is known of one executor, as GET /api/executors shows
// it.
type ExecutorStatus struct {
	// ID is the executor's own, the same for the life of its process.
	ID string `json:"id"`
	// FlightAddress and GRPCAddress are host and port as the scheduler and the
	// other executors reach them; absent for the scheduler's own process.
	FlightAddress string        `json:"flight_address,omitempty"`
	GRPCAddress   string        `json:"grpc_address,omitempty"`
	Version       string        `json:"version"`
	State         ExecutorState `json:"state"`
	// Slots is how many tasks it runs at once, RunningTasks how many it runs
	// now.
	Slots        int `json:"slots"`
	RunningTasks int `json:"running_tasks"`
	// MemoryBytes is what its process holds now, MemoryLimitBytes what its
	// queries may hold together; absent when unknown.
	MemoryBytes      int64     `json:"memory_bytes,omitempty"`
	MemoryLimitBytes int64     `json:"memory_limit_bytes,omitempty"`
	JoinedAt         time.Time `json:"joined_at"`
	LastHeartbeatAt  time.Time `json:"last_heartbeat_at"`
}

// Load is how busy a scheduler is, as GET /api/executors shows it.
type Load struct {
	// RunningJobs run now, of at most MaxJobs; QueuedJobs wait for their turn,
	// of at most MaxQueue.
	RunningJobs int `json:"running_jobs"`
	MaxJobs     int `json:"max_jobs"`
	QueuedJobs  int `json:"queued_jobs"`
	MaxQueue    int `json:"max_queue"`
}
