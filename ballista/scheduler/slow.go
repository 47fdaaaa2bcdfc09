package scheduler

import (
	"slices"
	"time"
)

// lookForSlow gives tasks that take much longer than most a second attempt, on
// another executor, and looks again when the next one is due. The attempt that
// finishes first counts.
func (st *stage) lookForSlow() {
	s := st.job.s
	s.stop(st.watch)
	st.watch = nil
	limit, ok := st.slowAfter()
	if !ok || st.job.over {
		return
	}
	next := time.Duration(-1)
	for _, t := range st.tasks {
		runs := t.wanted()
		if t.winner != nil || len(runs) != 1 || t.exclusive || runs[0].direct {
			continue
		}
		if wait := limit - time.Since(runs[0].started); wait > 0 {
			if next < 0 || wait < next {
				next = wait
			}
			continue
		}
		s.speculate(t, runs[0])
	}
	if next < 0 && !st.done() {
		next = limit // those that found no executor now may find one then
	}
	st.watch = s.after(next, st.lookForSlow)
}

// slowAfter is how long a task may take before it is slow; false while it is
// too early to say.
func (st *stage) slowAfter() (time.Duration, bool) {
	cfg := st.job.s.cfg
	done := len(st.tasks) - st.left
	if st.left == 0 || done == 0 || float64(done) < cfg.SpeculateAfter*float64(len(st.tasks)) {
		return 0, false
	}
	took := slices.Clone(st.took)
	slices.Sort(took)
	median := took[len(took)/2]
	return max(cfg.SpeculateLeast, time.Duration(cfg.SpeculateFactor*float64(median))), true
}

// speculate starts a second attempt, if another executor has room for it.
func (s *Scheduler) speculate(t *task, first *attempt) {
	if !t.stage.ready() {
		return
	}
	held := t.held()
	var best *executor
	for _, e := range s.candidates() {
		if e == first.executor || e.free() < 1 || e.reserved != nil || t.failedOn[e.id] || t.noDisk[e.id] || s.cutFrom(e, held) {
			continue
		}
		if best == nil || e.load() < best.load() {
			best = e
		}
	}
	if best == nil {
		return
	}
	t.stage.job.log.Info("task is slow; a second attempt starts", "stage", t.stage.def.Name, "task", t.index, "executor", first.executor.id, "second", best.id)
	s.metrics.speculated.Inc()
	s.launch(t, best)
}
