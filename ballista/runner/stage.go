package runner

import (
	"slices"
	"time"

	"kallad/worker/recon"
)

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
			if t.Executor != "" && !slices.Contains(executors, t.Executor) {
				executors = append(executors, t.Executor)
			}
		}
	}
	e.status.Executors = executors
}
