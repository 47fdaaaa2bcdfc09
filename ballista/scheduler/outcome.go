package scheduler

import (
	"fmt"
	"time"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

func acknowledge(id plan.TaskID) *control.Order {
	return &control.Order{Order: &control.Order_Acknowledge{Acknowledge: &control.Acknowledge{Id: toWire(id)}}}
}

func discard(id plan.TaskID) *control.Order {
	return &control.Order{Order: &control.Order_Discard{Discard: &control.Discard{Id: toWire(id)}}}
}

// take takes a report of an executor.
func (s *Scheduler) take(e *executor, r *control.Report) {
	if e.gone {
		return
	}
	s.heard(e)
	switch r := r.Report.(type) {
	case *control.Report_Heartbeat:
		e.memory, e.disk, e.resident = r.Heartbeat.OutputMemoryBytes, r.Heartbeat.OutputDiskBytes, r.Heartbeat.ProcessMemoryBytes
		for _, p := range r.Heartbeat.Tasks {
			if a := e.running[fromWire(p.Id)]; a != nil {
				a.progress(p)
			}
		}
		e.send(&control.Order{Order: &control.Order_Beat{Beat: &control.Beat{}}})
	case *control.Report_Ended:
		s.ended(e, r.Ended)
		e.send(acknowledge(fromWire(r.Ended.Id)))
	case *control.Report_Draining:
		if !e.draining {
			s.log.Info("executor drains", "executor", e.id, "tasks", len(e.running))
		}
		e.draining = true
	case *control.Report_Goodbye:
		s.lose(e, "it said goodbye", true)
	}
}

// progress takes what an executor tells of a running attempt.
func (a *attempt) progress(p *control.Progress) {
	j := a.task.stage.job
	if j.over || a.state != plan.StageRunning {
		return
	}
	for source, rows := range p.Rows {
		a.rows[source] = max(a.rows[source], rows)
	}
	a.begun, a.share = p.Begun, p.Share
	a.tell()
}

// tell tells the job's observer what is new in the attempt.
func (a *attempt) tell() {
	j := a.task.stage.job
	if a.cancelled {
		return
	}
	for source := range a.rows {
		if a.task.stage.counts[source] {
			j.progressed(source)
		}
	}
	for _, step := range a.begun {
		j.begins(step)
	}
	if n := len(a.begun); n > 0 {
		j.advanced(a.begun[n-1], a.task.stage.shareOf(a.begun[n-1]))
	}
	j.dirty = true
}

// close notes that an attempt does not run any more.
func (s *Scheduler) close(a *attempt, state plan.StageState, err string) {
	e, t := a.executor, a.task
	delete(e.running, a.id)
	if e.reserved == t {
		e.reserved = nil
	}
	a.state, a.err, a.finished = state, err, time.Now()
	t.stage.job.running--
	t.stage.job.changed()
	if e == s.local && !a.direct {
		t.stage.job.localTasks.Done()
	}
	s.metrics.ended(state)
}

// ended takes the end of an attempt.
func (s *Scheduler) ended(e *executor, end *control.Ended) {
	id := fromWire(end.Id)
	a := e.running[id]
	if a == nil {
		// Its end was reported before, or it is of a life of the executor that
		// counts no more. Unless it is that which counts, it is only in the way.
		if !s.isWinner(id) {
			e.send(discard(id))
		}
		return
	}
	t, j := a.task, a.task.stage.job
	done := end.Outcome == control.Outcome_DONE
	if done {
		e.done++
	} else if end.Outcome != control.Outcome_CANCELLED {
		e.failed++
	}
	switch {
	case j.over:
		s.close(a, plan.StageCancelled, "")
	case t.winner != nil || a.cancelled:
		s.close(a, plan.StageCancelled, "")
		e.send(discard(id))
	case done:
		if err := a.note(end); err != nil {
			s.close(a, plan.StageFailed, err.Error())
			j.fail(fmt.Errorf("internal error: %w", err))
			return
		}
		s.close(a, plan.StageDone, "")
		s.won(a)
	default:
		s.close(a, plan.StageFailed, end.Message)
		s.failed(a, end.Outcome, end)
	}
}

// note keeps what a finished attempt says of itself.
func (a *attempt) note(end *control.Ended) error {
	a.loaded, a.values, a.outputs = end.Loaded, map[string][]int64{}, map[string]*output{}
	for _, c := range end.Counts {
		a.values[c.Step] = c.Values
	}
	for _, o := range end.Outputs {
		schema, err := readSchema(o.Schema)
		if err != nil {
			return fmt.Errorf("step %s of stage %q: %w", o.Step, a.task.stage.def.Name, err)
		}
		a.outputs[o.Step] = &output{schema: schema, written: o.Written, dropped: o.Dropped}
	}
	for _, step := range a.task.stage.def.Steps {
		out := a.outputs[step.Name]
		if step.Kind.Keeps() && out == nil {
			return fmt.Errorf("executor %s says nothing of what step %s of stage %q wrote", a.executor.id, step.Name, a.task.stage.def.Name)
		}
		if step.Kind == plan.StepKeep {
			out.stays = true
		}
	}
	for source, rows := range end.Progress.GetRows() {
		a.rows[source] = rows
	}
	a.begun, a.share = end.Progress.GetBegun(), 1
	return nil
}

// won makes an attempt its task's winner.
func (s *Scheduler) won(a *attempt) {
	t, st := a.task, a.task.stage
	t.winner = a
	st.left--
	st.took = append(st.took, a.finished.Sub(a.started))
	a.tell()
	for _, other := range t.live() {
		s.giveUp(other)
	}
	for step := range t.streams {
		if t.streams[step] == streamPending {
			st.job.deliver(t, step)
		}
	}
	st.settle()
}

// giveUp asks for the end of an attempt.
func (s *Scheduler) giveUp(a *attempt) {
	if a.cancelled || a.state != plan.StageRunning {
		return
	}
	a.cancelled = true
	a.executor.send(&control.Order{Order: &control.Order_Cancel{Cancel: &control.Cancel{Id: toWire(a.id)}}})
}

// failed decides what becomes of a task whose attempt failed.
func (s *Scheduler) failed(a *attempt, outcome control.Outcome, end *control.Ended) {
	t, j := a.task, a.task.stage.job
	j.log.Warn("task failed", "stage", t.stage.def.Name, "task", t.index, "attempt", a.id.Attempt, "executor", a.executor.id, "outcome", outcome.String(), "error", end.Message)
	switch outcome {
	case control.Outcome_USER_ERROR:
		j.fail(a.fault(outcome, end))
		return
	case control.Outcome_LOST_INPUT:
		s.lostInput(a, end)
		return
	case control.Outcome_OUT_OF_MEMORY:
		s.starved(a, end)
		return
	case control.Outcome_OUT_OF_DISK:
		t.noDisk[a.executor.id] = true
	}
	t.failedOn[a.executor.id] = true
	t.failures++
	if len(t.losses) >= s.mostLosses() {
		j.fail(&DeadlyError{Stage: t.stage.def.Name, Task: t.index, Executors: t.losses})
		return
	}
	// Of those that ran there one may have been the cause. Alone, each shows
	// whether it is.
	t.exclusive = t.exclusive || len(t.losses) >= lossesTogether
	if t.failures >= s.cfg.MaxAttempts || outcome == control.Outcome_OUT_OF_DISK && s.nowhere(t.noDisk) {
		j.fail(a.fault(outcome, end))
		return
	}
	s.delay(t)
}

// lossesTogether is how many executors may be lost with a task among others
// before it runs with nothing beside it.
const lossesTogether = 2

// mostLosses is how many executors may be lost with a task before its job
// fails: the last of them had nothing else to run, unless only two attempts are
// allowed.
func (s *Scheduler) mostLosses() int { return max(2, s.cfg.MaxAttempts-1) }

// longestDelay bounds the wait before a task is tried again.
const longestDelay = 10 * time.Second

// delay lets a task wait before it is tried again.
func (s *Scheduler) delay(t *task) {
	wait := min(longestDelay, s.cfg.RetryDelay<<min(t.failures-1, 20))
	t.earliest = time.Now().Add(wait)
	s.after(wait, func() {})
}

// nowhere reports whether no executor is left that is not refused.
func (s *Scheduler) nowhere(refused map[string]bool) bool {
	for _, e := range s.executors {
		if !e.draining && !refused[e.id] {
			return false
		}
	}
	return len(s.executors) > 0 || refused[plan.LocalExecutor]
}

// starved gives a task that ran out of memory an executor for itself, as long
// as there is one with more than it has had.
func (s *Scheduler) starved(a *attempt, end *control.Ended) {
	t := a.task
	if t.exclusive {
		t.starved = max(t.starved, a.executor.hello.MemoryBytes)
		more := false
		for _, e := range s.candidates() {
			more = more || e.hello.MemoryBytes > t.starved
		}
		if !more {
			t.stage.job.fail(a.fault(control.Outcome_OUT_OF_MEMORY, end))
			return
		}
	}
	t.exclusive = true
}

// maxRefetches bounds how often a task may find inputs lost.
const maxRefetches = 20

// lostInput has the lost piece made again, or, where it was only not reached,
// remembers who does not reach whom.
func (s *Scheduler) lostInput(a *attempt, end *control.Ended) {
	t, j := a.task, a.task.stage.job
	t.refetches++
	if t.refetches > maxRefetches {
		j.fail(a.fault(control.Outcome_RETRYABLE, end))
		return
	}
	id := fromWire(end.Lost.GetFrom())
	from := j.byID[id.Stage]
	if from == nil || id.Task >= len(from.tasks) {
		j.fail(fmt.Errorf("internal error: executor %s misses what no task wrote", a.executor.id))
		return
	}
	w := from.tasks[id.Task].winner
	if w == nil || w.id != id {
		return // it is being made again
	}
	holder := w.executor
	if end.Lost.Unreachable && holder.link != nil && !holder.gone && holder != a.executor {
		s.cuts[cutOf(a.executor.id, holder.id)] = time.Now()
		return
	}
	if end.Lost.Unreachable && holder != s.local && holder.link == nil {
		s.lose(holder, "its connection broke and another executor does not reach it either", false)
		return
	}
	w.lost = true
	j.repair()
}

func (a *attempt) fault(outcome control.Outcome, end *control.Ended) error {
	err := &TaskError{
		Stage: a.task.stage.def.Name, Task: a.task.index, Executor: a.executor.id, Attempts: len(a.task.attempts),
		Outcome: outcome, Message: end.Message,
	}
	if end.EngineMessage != "" {
		err.Engine = &EngineError{Outcome: outcome, Message: end.EngineMessage}
	}
	return err
}
