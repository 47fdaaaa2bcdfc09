package runner

import (
	"strings"
	"time"

	"kallad/ballista/plan"
	"kallad/worker/recon"
)

// stagesOf is the engine's view of a job in the words of the API.
func stagesOf(status []plan.StageStatus) []recon.StageStatus {
	out := make([]recon.StageStatus, len(status))
	for i, s := range status {
		out[i] = recon.StageStatus{
			ID: s.ID, Name: s.Name, Kind: kindOf(s, len(status)), Reason: strings.Join(s.Why, "; "), Inputs: s.Inputs,
			State: workStates[s.State],
			Tasks: s.Tasks, TasksRunning: s.Running, TasksDone: s.Done, Retries: s.Retries,
			Volume:    recon.Volume{RowsIn: s.RowsIn, RowsOut: s.RowsOut, BytesIn: s.BytesIn, BytesOut: s.BytesOut, SpillBytes: s.Spilled},
			StartedAt: known(s.Started), FinishedAt: known(s.Finished),
		}
		for _, a := range s.Attempts {
			out[i].TaskList = append(out[i].TaskList, taskOf(s.ID, a))
		}
	}
	return out
}

func taskOf(stage int, a plan.TaskStatus) recon.TaskStatus {
	t := recon.TaskStatus{
		Stage: stage, Partition: a.Task, Attempt: a.Attempt + 1, Executor: a.Executor, State: workStates[a.State],
		Volume:    recon.Volume{RowsIn: a.RowsIn, RowsOut: a.RowsOut, BytesOut: a.BytesOut},
		StartedAt: known(a.Started), FinishedAt: known(a.Finished), Error: a.Error,
	}
	if t.Executor == plan.LocalExecutor {
		t.Executor = ""
	}
	return t
}

var workStates = map[plan.StageState]recon.WorkState{
	plan.StageWaiting: recon.WorkPending, plan.StageRunning: recon.WorkRunning,
	plan.StageDone: recon.WorkSucceeded, plan.StageFailed: recon.WorkFailed, plan.StageCancelled: recon.WorkCancelled,
}

func kindOf(s plan.StageStatus, stages int) recon.StageKind {
	switch {
	case stages == 1:
		return recon.StageWhole
	case s.Reads:
		return recon.StageScan
	case s.Streams:
		return recon.StageMatch
	}
	return recon.StageExchange
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
