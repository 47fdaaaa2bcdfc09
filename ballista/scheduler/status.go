package scheduler

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"kallad/ballista/plan"
)

// status is where the job's stages are.
func (j *job) status() []plan.StageStatus {
	out := make([]plan.StageStatus, 0, len(j.stages))
	for _, st := range j.stages {
		out = append(out, st.status())
	}
	return out
}

func (st *stage) status() plan.StageStatus {
	status := plan.StageStatus{
		ID: st.def.ID, Name: st.def.Name, State: st.state(), Why: st.def.Why, Tasks: len(st.tasks), Retries: st.retries,
		Inputs: st.inputs(), Started: st.started,
	}
	for _, in := range st.def.Inputs {
		status.Reads = status.Reads || in.Source != ""
	}
	for _, step := range st.def.Steps {
		status.Streams = status.Streams || step.Kind == plan.StepStream
	}
	if st.done() {
		status.Finished = st.finished
	}
	for _, t := range st.tasks {
		counted := t.winner
		if counted != nil {
			status.Done++
		}
		for i, a := range t.attempts {
			if a.state == plan.StageRunning && !a.cancelled {
				status.Running++
				if counted == nil {
					counted = a
				}
			}
			if i == len(t.attempts)-1 || a == t.winner || a.state != plan.StageDone {
				status.Attempts = append(status.Attempts, a.status())
			}
		}
		if counted == nil {
			continue
		}
		status.RowsIn += counted.allRowsIn()
		status.BytesIn += counted.bytesIn
		for _, out := range counted.outputs {
			status.RowsOut += out.rowsOut()
			status.BytesOut += out.bytesOut()
			status.Spilled += out.spilled()
		}
	}
	return status
}

// inputs are the numbers of the stages that it reads.
func (st *stage) inputs() []int {
	var out []int
	for _, in := range st.def.Inputs {
		if in.From != nil && !slices.Contains(out, in.From.Stage) {
			out = append(out, in.From.Stage)
		}
	}
	return out
}

func (st *stage) state() plan.StageState {
	switch {
	case st.done():
		return plan.StageDone
	case st.job.err != nil && !st.started.IsZero():
		if errors.Is(st.job.err, context.Canceled) {
			return plan.StageCancelled
		}
		return plan.StageFailed
	case st.started.IsZero():
		return plan.StageWaiting
	}
	return plan.StageRunning
}

func (a *attempt) allRowsIn() int64 {
	total := a.rowsIn
	for source, rows := range a.rows {
		total += max(rows, a.loaded[source])
	}
	return total
}

func (a *attempt) status() plan.TaskStatus {
	status := plan.TaskStatus{
		Task: a.task.index, Attempt: a.id.Attempt, Executor: a.executor.id, State: a.state,
		RowsIn: a.allRowsIn(), Started: a.started, Finished: a.finished, Error: a.err,
	}
	if a.cancelled && a.state == plan.StageRunning {
		status.State = plan.StageCancelled // as soon as its executor hears of it
	}
	for _, out := range a.outputs {
		status.RowsOut += out.rowsOut()
		status.BytesOut += out.bytesOut()
	}
	return status
}

// ExecutorState says what an executor is up to.
type ExecutorState string

// The states of an executor.
const (
	ExecutorReady ExecutorState = "ready"
	// ExecutorAway: its stream broke a moment ago.
	ExecutorAway     ExecutorState = "away"
	ExecutorDraining ExecutorState = "draining"
	ExecutorLost     ExecutorState = "lost"
)

// ExecutorStatus is an executor as it is now.
type ExecutorStatus struct {
	ID                      string
	Address, ControlAddress string
	State                   ExecutorState
	Slots, Running, Threads int
	// MemoryLimit is what its tasks may use together, Memory what its process
	// holds; OutputMemory and OutputDisk are what its outputs take. Unit:
	// bytes.
	MemoryLimit, Memory, OutputMemory, OutputDisk int64
	Version, EngineVersion                        string
	Joined, Seen                                  time.Time
	// Done and Failed count attempts.
	Done, Failed int64
}

func (e *executor) status() ExecutorStatus {
	state := ExecutorReady
	switch {
	case e.draining:
		state = ExecutorDraining
	case e.link == nil:
		state = ExecutorAway
	}
	return ExecutorStatus{
		ID: e.id, Address: e.hello.FlightAddress, ControlAddress: e.hello.ControlAddress, State: state,
		Slots: int(e.hello.Slots), Running: len(e.running), Threads: int(e.hello.Threads),
		MemoryLimit: e.hello.MemoryBytes, Memory: e.resident, OutputMemory: e.memory, OutputDisk: e.disk,
		Version: e.hello.Version, EngineVersion: e.hello.EngineVersion, Joined: e.joined, Seen: e.seen, Done: e.done, Failed: e.failed,
	}
}

// Executors returns the executors that there are, and those that were lost of
// late, in the order in which they came. This process is not among them.
func (s *Scheduler) Executors() []ExecutorStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.departed = slices.DeleteFunc(s.departed, func(e ExecutorStatus) bool {
		return s.executors[e.ID] != nil || time.Since(e.Seen) > showLost
	})
	out := slices.Clone(s.departed)
	for _, e := range s.executors {
		out = append(out, e.status())
	}
	slices.SortFunc(out, func(a, b ExecutorStatus) int {
		return cmp.Or(a.Joined.Compare(b.Joined), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Places is how many tasks the executors can run at once, those included whose
// connection is broken for now; 0 when this process does all.
func (s *Scheduler) Places() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for _, e := range s.executors {
		if !e.draining {
			total += int(e.hello.Slots)
		}
	}
	return total
}
