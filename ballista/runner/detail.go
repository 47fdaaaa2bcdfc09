package runner

import (
	"slices"
	"time"

	"kallad/worker/recon"
)

// stepDescribe, stepPlan, stepSplit and stepPublish are what a run does around
// its task; stepLoad goes before a table's name.
const (
	stepDescribe = "describe"
	stepPlan     = "plan"
	stepSplit    = "split"
	stepLoad     = "load "
	stepPublish  = "publish"
)

// detail is the plan of a run that is one task, as JobStatus shows it: one
// stage, whose task takes its steps one after the other. Until a plan is known
// it shows what goes before. It is used under progress' lock.
type detail struct {
	now   func() time.Time
	stage recon.StageStatus
	steps []recon.StepStatus
	// executor has the task; empty for this process. attempt counts from 1, and
	// earlier are those before it.
	executor string
	attempt  int
	earlier  []recon.TaskStatus
	// failure is why the run failed, for people.
	failure string
	// toldAt and news keep copies for readers rare.
	toldAt time.Time
	news   bool
}

// tellEvery is the least time between two copies when only counts changed.
const tellEvery = 200 * time.Millisecond

func newDetail(now func() time.Time) *detail {
	at := now().UTC()
	return &detail{now: now, attempt: 1, stage: recon.StageStatus{
		Name: "whole job", Kind: recon.StageWhole, State: recon.WorkRunning,
		Tasks: 1, TasksRunning: 1, StartedAt: &at,
	}}
}

// adopt takes over what the engine alone knows of the stage.
func (d *detail) adopt(s recon.StageStatus) {
	d.stage.ID, d.stage.Name, d.stage.Kind, d.stage.Reason, d.stage.Retries = s.ID, s.Name, s.Kind, s.Reason, s.Retries
	d.stage.BytesIn, d.stage.BytesOut, d.stage.SpillBytes = s.BytesIn, s.BytesOut, s.SpillBytes
	if n := len(s.TaskList); n > 0 {
		d.earlier, d.executor, d.attempt = s.TaskList[:n-1], s.TaskList[n-1].Executor, s.TaskList[n-1].Attempt
	}
	d.news = true
}

// here says that the task is this process's.
func (d *detail) here() {
	d.stage.Reason, d.news = "the scheduler's process does all of it in one task", true
}

// begin ends the step before and begins one.
func (d *detail) begin(step string) {
	at := d.now().UTC()
	d.endStep(at)
	d.steps = append(d.steps, recon.StepStatus{Name: step, StartedAt: at})
	d.news = true
}

func (d *detail) endStep(at time.Time) {
	if n := len(d.steps); n > 0 && d.steps[n-1].FinishedAt == nil {
		d.steps[n-1].FinishedAt = &at
	}
}

// step names the current step.
func (d *detail) step() string {
	if len(d.steps) == 0 {
		return ""
	}
	return d.steps[len(d.steps)-1].Name
}

// add adds to the rows of a step, which need not be the current one: a source
// may be read while a statement runs, and matches are counted after the match.
func (d *detail) add(step string, rows int64) {
	for i := range d.steps {
		if d.steps[i].Name == step {
			d.steps[i].Rows += rows
		}
	}
}

// end says how the run ended; text is why it failed.
func (d *detail) end(state recon.WorkState, text string) {
	at := d.now().UTC()
	d.endStep(at)
	d.stage.State, d.stage.FinishedAt, d.stage.TasksRunning = state, &at, 0
	if state == recon.WorkSucceeded {
		d.stage.TasksDone = 1
	} else {
		d.stage.TasksFailed = 1
	}
	d.failure, d.news = text, true
}

// due returns a copy when there is something new to tell, else nil.
func (d *detail) due() []recon.StageStatus {
	now := d.now()
	if !d.news && now.Sub(d.toldAt) < tellEvery {
		return nil
	}
	d.news, d.toldAt = false, now
	return d.copy()
}

func (d *detail) copy() []recon.StageStatus {
	stage := d.stage
	task := recon.TaskStatus{
		Attempt: d.attempt, Executor: d.executor, State: stage.State, Volume: stage.Volume,
		StartedAt: stage.StartedAt, FinishedAt: stage.FinishedAt,
		Error: d.failure, Steps: slices.Clone(d.steps),
	}
	stage.TaskList = append(slices.Clone(d.earlier), task)
	return []recon.StageStatus{stage}
}
