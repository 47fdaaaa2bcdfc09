package runner

import (
	"slices"
	"time"

	"kallad/ballista/plan"
	"kallad/worker/recon"
)

// Stages implements plan.Observer.
func (o *observer) Stages(status []plan.StageStatus) {
	stages := make([]recon.StageStatus, len(status))
	for i, s := range status {
		stages[i] = stageStatus(s)
	}
	o.run.progress.stages(stages)
}

// workStates are the words of JobStatus for the plan's.
var workStates = map[plan.StageState]recon.WorkState{
	plan.StageWaiting: recon.WorkPending,
	plan.StageRunning: recon.WorkRunning,
	plan.StageDone:    recon.WorkSucceeded,
	plan.StageFailed:  recon.WorkFailed,
}

func stageStatus(s plan.StageStatus) recon.StageStatus {
	out := recon.StageStatus{
		ID: s.ID, Name: s.Name, Why: s.Why, State: workStates[s.State],
		Tasks: s.Tasks, TasksRunning: s.Running, TasksDone: s.Done, Retries: s.Retries,
		Volume:    recon.Volume{RowsIn: s.RowsIn, RowsOut: s.RowsOut, BytesIn: s.BytesIn, BytesOut: s.BytesOut, SpillBytes: s.Spilled},
		StartedAt: moment(s.Started), FinishedAt: moment(s.Finished),
	}
	if s.State == plan.StageFailed {
		out.TasksFailed = s.Tasks - s.Done
	}
	for _, a := range s.Attempts {
		out.TaskList = append(out.TaskList, recon.TaskStatus{
			Stage: s.ID, Partition: a.Task, Attempt: a.Attempt, Executor: a.Executor, State: workStates[a.State],
			Volume:    recon.Volume{RowsIn: a.RowsIn, RowsOut: a.RowsOut, BytesOut: a.BytesOut},
			StartedAt: moment(a.Started), FinishedAt: moment(a.Finished), Error: a.Error,
		})
	}
	return out
}

// moment is nil for a time that is not known yet.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// halted returns stages of which nothing runs any more.
func halted(stages []recon.StageStatus, state recon.WorkState, at time.Time) []recon.StageStatus {
	out := make([]recon.StageStatus, len(stages))
	for i, s := range stages {
		if s.State == recon.WorkRunning {
			s.State, s.FinishedAt, s.TasksRunning = state, &at, 0
		}
		tasks := make([]recon.TaskStatus, len(s.TaskList))
		for j, t := range s.TaskList {
			if t.State == recon.WorkRunning {
				t.State, t.FinishedAt = recon.WorkCancelled, &at
			}
			tasks[j] = t
		}
		s.TaskList = tasks
		out[i] = s
	}
	return out
}

// setStages keeps the stages and who works at them; nil changes nothing.
func (e *entry) setStages(stages []recon.StageStatus) {
	if stages == nil {
		return
	}
	e.status.Stages = stages
	executors := slices.Clone(e.status.Executors) // others hold the old one
	for _, s := range stages {
		for _, t := range s.TaskList {
			if t.Executor != "" && t.Executor != recon.LocalExecutor && !slices.Contains(executors, t.Executor) {
				executors = append(executors, t.Executor)
			}
		}
	}
	e.status.Executors = executors
}
