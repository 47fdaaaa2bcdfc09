package scheduler

import (
	"context"
	"errors"
	"sync"
	"time"

	"kallad/ballista/plan"
)

// Elsewhere is a job that another process runs and tells of. For the scheduler
// it is work that there is, and counts. It is the observer for that process:
// what it is told it passes on.
type Elsewhere struct {
	plan.Observer
	scheduler *Scheduler
	began     time.Time

	mu     sync.Mutex
	status []plan.StageStatus
}

// Elsewhere begins such a job. The caller calls its End.
func (s *Scheduler) Elsewhere(observer plan.Observer) *Elsewhere {
	s.away(1)
	return &Elsewhere{Observer: observer, scheduler: s, began: time.Now()}
}

// away notes that jobs elsewhere have begun, or ended.
func (s *Scheduler) away(jobs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.elsewhere += jobs
	s.metrics.jobs.Add(float64(jobs))
	s.announce()
}

// Stages implements plan.Observer.
func (e *Elsewhere) Stages(status []plan.StageStatus) {
	e.mu.Lock()
	e.status = status
	e.mu.Unlock()
	e.Observer.Stages(status)
}

// End says that the job has ended, with err if it failed. What counts are the
// stages as they were last; a job of one task may have told of none.
func (e *Elsewhere) End(err error) {
	e.scheduler.away(-1)
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.scheduler.metrics
	if len(e.status) == 0 {
		m.started.Inc()
		switch {
		case err == nil:
			m.stageSeconds.Observe(time.Since(e.began).Seconds())
			m.ended(plan.StageDone)
		case errors.Is(err, context.Canceled):
			m.ended(plan.StageCancelled)
		default:
			m.ended(plan.StageFailed)
		}
	}
	for _, st := range e.status {
		if !st.Finished.IsZero() {
			m.stageSeconds.Observe(st.Finished.Sub(st.Started).Seconds())
		}
		m.retries.Add(float64(st.Retries))
		m.started.Add(float64(len(st.Attempts)))
		for _, a := range st.Attempts {
			if a.State != plan.StageRunning {
				m.ended(a.State)
			}
		}
	}
}
