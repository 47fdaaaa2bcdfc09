package scheduler

import (
	"context"
	"fmt"

	"kallad/ballista/plan"
)

// direct runs a job's only task in this process: its streams go straight to
// the observer, and its error is the job's.
func (s *Scheduler) direct(a *attempt, task plan.Task) {
	j := a.task.stage.job
	err := s.worker.Run(j.ctx, task, j.plan.Locations, &directObserver{Observer: j.observer, attempt: a})
	j.lock(func() {
		if err != nil {
			s.local.failed++
			s.close(a, plan.StageFailed, err.Error())
			j.fail(err)
			return
		}
		s.local.done++
		s.close(a, plan.StageDone, "")
		a.task.winner = a
		a.task.stage.left--
		for step := range a.task.streams {
			a.task.streams[step] = streamDelivered
		}
		a.task.stage.direct()
	})
}

// direct finishes a stage that has told its observer everything by itself.
func (st *stage) direct() {
	st.told, st.finished = true, st.tasks[0].winner.finished
	st.job.s.metrics.stageSeconds.Observe(st.finished.Sub(st.started).Seconds())
}

// directObserver is the job's own, for a task: it takes note of the rows.
type directObserver struct {
	plan.Observer
	attempt *attempt
}

// Rows implements plan.Course.
func (o *directObserver) Rows(source string, rows int) {
	a := o.attempt
	s := a.task.stage.job.s
	s.mu.Lock()
	a.rows[source] += int64(rows)
	a.task.stage.job.dirty = true
	s.mu.Unlock()
	o.Observer.Rows(source, rows)
}

// Write implements plan.TaskObserver. A job's only task has nobody to write for.
func (o *directObserver) Write(_ context.Context, step plan.Step, _ plan.Stream) error {
	return fmt.Errorf("internal error: step %s writes for no stage", step.Name)
}
