package scheduler

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

// assign gives tasks to executors until nothing more can be given. Jobs take
// turns by how many tasks they have running, so that each gets its share of
// the slots.
func (s *Scheduler) assign() {
	for !s.closed && s.assignOne() {
	}
	s.dismiss()
	s.count()
}

func (s *Scheduler) assignOne() bool {
	if !s.anyFree() {
		return false
	}
	jobs := slices.Clone(s.order)
	slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Compare(a.running, b.running) })
	for _, j := range jobs {
		if j.assignOne() {
			return true
		}
	}
	return false
}

func (s *Scheduler) anyFree() bool {
	return slices.ContainsFunc(s.everyone(), func(e *executor) bool { return e.free() > 0 })
}

// assignOne starts one task of the job, if one waits and an executor is free.
func (j *job) assignOne() bool {
	if j.over {
		return false
	}
	for _, st := range j.stages {
		if st.done() || !st.ready() {
			continue
		}
		if st.started.IsZero() {
			st.started = time.Now()
			st.settleOwners()
			j.changed()
		}
		for _, t := range st.tasks {
			if !t.pending() || time.Until(t.earliest) > 0 {
				continue
			}
			if e := j.s.place(t); e != nil {
				j.s.launch(t, e)
				return true
			}
			if !st.ready() { // place found that an input has to be made again
				break
			}
		}
	}
	return false
}

// candidates are the executors that may be given tasks: this process only
// when there is no other, and for some time has not been.
func (s *Scheduler) candidates() []*executor {
	var out []*executor
	for _, e := range s.executors {
		if e.here() {
			out = append(out, e)
		}
	}
	if len(out) == 0 && s.localMay() {
		out = append(out, s.local)
	}
	slices.SortFunc(out, func(a, b *executor) int { return cmp.Compare(a.id, b.id) })
	return out
}

// localMay reports whether this process is to run tasks.
func (s *Scheduler) localMay() bool {
	if s.local == nil {
		return false
	}
	for _, e := range s.executors {
		if !e.draining && !e.gone {
			return false // it may come back
		}
	}
	return s.alone.IsZero() || time.Since(s.alone) >= s.cfg.LocalGrace
}

// place finds the executor for a task, nil when it has to wait. An executor
// that is busy now and better is waited for; among those that are free, the
// one that has most of the task's input is best, then the least loaded.
func (s *Scheduler) place(t *task) *executor {
	all := s.candidates()
	if len(all) == 0 {
		return nil
	}
	if j := t.stage.job; all[0] == s.local && s.cfg.LocalWhole && j.plan.Repeatable && !j.single() {
		j.fail(&DesertedError{})
		return nil
	}
	all = prefer(all, func(e *executor) bool { return !t.noDisk[e.id] })
	if t.exclusive {
		return s.placeAlone(t, all)
	}
	held := t.held()
	if len(held) > 0 {
		reach := slices.DeleteFunc(slices.Clone(all), func(e *executor) bool { return s.cutFrom(e, held) })
		if len(reach) == 0 {
			s.bridge(t, all, held)
			return nil
		}
		all = reach
	}
	all = prefer(all, func(e *executor) bool { return !t.failedOn[e.id] })
	if home := t.home(); home != nil && slices.Contains(all, home) && home.busyWith(t.stage) {
		return nil // it will be free in a moment, and nothing has to travel then
	}
	free := slices.DeleteFunc(all, func(e *executor) bool { return e.free() < 1 || e.reserved != nil })
	if len(free) == 0 {
		return nil
	}
	return slices.MaxFunc(free, func(a, b *executor) int {
		if c := cmp.Compare(held[a.id], held[b.id]); c != 0 {
			return c
		}
		return cmp.Compare(b.load(), a.load())
	})
}

// busyWith reports whether an executor has no room for a task and runs others
// of its stage.
func (e *executor) busyWith(st *stage) bool {
	if e.free() > 0 {
		return false
	}
	for _, a := range e.running {
		if a.task.stage == st {
			return true
		}
	}
	return false
}

func (e *executor) load() float64 { return float64(len(e.running)) / float64(max(1, e.hello.Slots)) }

// prefer returns those that pass, or all if none does.
func prefer(all []*executor, passes func(*executor) bool) []*executor {
	var out []*executor
	for _, e := range all {
		if passes(e) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// placeAlone finds an executor with nothing beside the task: the one with most
// memory. It is kept free until the task can have it.
func (s *Scheduler) placeAlone(t *task, all []*executor) *executor {
	for _, e := range all {
		if e.reserved == t {
			if len(e.running) > 0 {
				return nil
			}
			return e
		}
	}
	all = slices.DeleteFunc(all, func(e *executor) bool { return e.reserved != nil })
	if len(all) == 0 {
		return nil
	}
	best := slices.MaxFunc(all, func(a, b *executor) int { return cmp.Compare(a.hello.MemoryBytes, b.hello.MemoryBytes) })
	best.reserved = t
	if len(best.running) > 0 {
		return nil
	}
	return best
}

// cutFrom reports whether an executor does not reach one that holds input.
func (s *Scheduler) cutFrom(e *executor, held map[string]int64) bool {
	for holder := range held {
		if s.isCut(e.id, holder) {
			return true
		}
	}
	return false
}

// bridge helps a task whose inputs lie on executors of which none reaches all
// others: one of them is chosen for the whole stage, and what it does not
// reach is made again.
func (s *Scheduler) bridge(t *task, all []*executor, held map[string]int64) {
	st := t.stage
	anchor := slices.MaxFunc(all, func(a, b *executor) int {
		if c := cmp.Compare(bit(a.id == st.anchor), bit(b.id == st.anchor)); c != 0 {
			return c
		}
		return cmp.Compare(held[a.id], held[b.id])
	})
	st.anchor = anchor.id
	st.job.log.Warn("executors do not reach each other; what one cannot read is made again", "stage", st.def.Name, "executor", anchor.id)
	for _, in := range st.def.Inputs {
		if in.From == nil {
			continue
		}
		for _, producer := range st.job.byID[in.From.Stage].tasks {
			if w := producer.winner; w != nil && s.isCut(anchor.id, w.executor.id) {
				w.lost = true
				producer.failedOn[w.executor.id] = true
			}
		}
	}
	st.job.repair()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// launch starts an attempt at a task.
func (s *Scheduler) launch(t *task, e *executor) {
	st, j := t.stage, t.stage.job
	a := &attempt{
		task: t, executor: e, started: time.Now(), state: plan.StageRunning,
		id:   plan.TaskID{Job: j.name, Stage: st.def.ID, Task: t.index, Attempt: len(t.attempts)},
		rows: map[string]int64{},
	}
	if len(t.attempts) > 0 {
		st.retries++
		s.metrics.retries.Inc()
	}
	t.attempts = append(t.attempts, a)
	e.running[a.id] = a
	j.running++
	s.metrics.started.Inc()
	j.changed()
	pt := a.plan()
	j.log.Debug("task starts", "stage", st.def.Name, "task", t.index, "attempt", a.id.Attempt, "executor", e.id)
	if e == s.local && j.single() {
		a.direct, j.direct = true, true
		j.members.Go(func() { s.direct(a, pt) })
		return
	}
	if e == s.local {
		j.localTasks.Add(1)
	}
	body, err := json.Marshal(pt)
	if err != nil { // plain data always can be written
		panic(fmt.Sprintf("write a task: %v", err))
	}
	locations := map[string]string{}
	for _, in := range pt.Inputs {
		if in.Source != "" {
			locations[in.Source] = j.plan.Locations[in.Source].Reveal()
		}
	}
	e.knows[j.name] = true
	e.send(&control.Order{Order: &control.Order_Launch{Launch: &control.Launch{
		Task: body, Locations: locations, Labels: j.plan.Labels, Exclusive: t.exclusive, Id: toWire(a.id),
	}}})
}
