package scheduler

import (
	"slices"
	"time"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

// executor is one that has joined, or this process itself.
type executor struct {
	id    string
	hello *control.Hello
	// link is nil while its stream is broken; missed are the orders that wait
	// for it to come back.
	link     link
	missed   []*control.Order
	draining bool
	// left says that it was told that it may go.
	left bool
	// gone says that it is lost, with all that it had.
	gone bool

	running map[plan.TaskID]*attempt
	// reserved is the task that has, or waits for, all of it.
	reserved *task
	// knows are the jobs that it has had tasks of.
	knows map[string]bool

	joined, seen time.Time
	// timer runs out when it is lost.
	timer *time.Timer

	memory, disk int64 // of outputs
	resident     int64 // of its process
	done, failed int64 // attempts
}

func newExecutor(hello *control.Hello) *executor {
	now := time.Now()
	return &executor{
		id: hello.Id, hello: hello, draining: hello.Draining,
		running: map[plan.TaskID]*attempt{}, knows: map[string]bool{}, joined: now, seen: now,
	}
}

func (e *executor) send(order *control.Order) {
	if e.link == nil {
		e.missed = append(e.missed, order)
		return
	}
	e.link.Put(order)
}

// here reports whether it can be given tasks.
func (e *executor) here() bool { return e.link != nil && !e.draining && !e.gone }

// free is how many more tasks it can run.
func (e *executor) free() int { return int(e.hello.Slots) - len(e.running) }

func (e *executor) close() {
	if e.link != nil {
		e.link.Close()
		e.link = nil
	}
}

// attach makes the other end of a stream an executor, or gives a known one its
// new stream.
func (s *Scheduler) attach(hello *control.Hello, l link) *executor {
	e := s.executors[hello.Id]
	resumed := e != nil && hello.Scheduler == s.instance
	if e != nil && !resumed {
		// The process says that it has lost its memory of us.
		s.lose(e, "it began anew", false)
	}
	if !resumed {
		e = newExecutor(hello)
		s.executors[hello.Id] = e
		s.alone = time.Time{}
		s.log.Info("executor joined", "executor", e.id, "address", hello.FlightAddress, "slots", hello.Slots, "memory", hello.MemoryBytes, "version", hello.Version)
	} else {
		e.close()
		e.hello, e.draining = hello, e.draining || hello.Draining
		s.log.Info("executor is back", "executor", e.id)
	}
	e.link = l
	e.send(&control.Order{Order: &control.Order_Welcome{Welcome: &control.Welcome{
		Scheduler: s.instance, Resumed: resumed,
		HeartbeatNanoseconds: int64(s.cfg.Heartbeat), TimeoutNanoseconds: int64(s.cfg.Timeout),
	}}})
	if resumed {
		s.reconcile(e)
	}
	s.heard(e)
	s.metrics.executors.Set(float64(len(s.executors)))
	return e
}

// reconcile settles, after a cut, what either side believes of the other.
func (s *Scheduler) reconcile(e *executor) {
	missed := e.missed
	e.missed = nil
	for _, order := range missed {
		e.send(order)
	}
	has := map[plan.TaskID]bool{}
	for _, wire := range e.hello.Attempts {
		id := fromWire(wire)
		has[id] = true
		a := e.running[id]
		switch {
		case a != nil && !a.cancelled:
		case a == nil && s.isWinner(id):
			e.send(acknowledge(id))
		default:
			e.send(&control.Order{Order: &control.Order_Cancel{Cancel: &control.Cancel{Id: wire}}})
		}
	}
	for _, a := range sorted(e.running) {
		if !has[a.id] {
			s.ended(e, &control.Ended{Id: toWire(a.id), Outcome: control.Outcome_NOT_STARTED, Message: "the order to start it was lost on the way to the executor"})
		}
	}
	for _, name := range e.hello.Jobs {
		if s.jobs[name] == nil {
			e.send(&control.Order{Order: &control.Order_Forget{Forget: &control.Forget{Job: name}}})
		}
	}
}

// isWinner reports whether an attempt's outputs count.
func (s *Scheduler) isWinner(id plan.TaskID) bool {
	j := s.jobs[id.Job]
	if j == nil || j.byID[id.Stage] == nil {
		return false
	}
	st := j.byID[id.Stage]
	return id.Task < len(st.tasks) && st.tasks[id.Task].winner != nil && st.tasks[id.Task].winner.id == id
}

// sorted returns attempts in an order that does not change from run to run.
func sorted(running map[plan.TaskID]*attempt) []*attempt {
	out := make([]*attempt, 0, len(running))
	for _, a := range running {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *attempt) int { return a.started.Compare(b.started) })
	return out
}

// heard notes that an executor is alive.
func (s *Scheduler) heard(e *executor) {
	e.seen = time.Now()
	if e == s.local {
		return
	}
	s.stop(e.timer)
	e.timer = s.after(s.cfg.Timeout, func() { s.lose(e, "it was silent for "+s.cfg.Timeout.String(), false) })
}

// detach notes that a stream has broken. Its executor may come back.
func (s *Scheduler) detach(e *executor, l link, err error) {
	if e.gone || e.link != l {
		return
	}
	e.close()
	s.log.Warn("executor's stream broke", "executor", e.id, "error", err, "grace", s.cfg.ReconnectGrace.String())
	s.stop(e.timer)
	e.timer = s.after(s.cfg.ReconnectGrace, func() { s.lose(e, "its connection broke and it did not come back", false) })
}

// lose gives an executor up, with all that it runs and keeps. One that leaves
// by agreement does no harm to its tasks' record.
func (s *Scheduler) lose(e *executor, why string, agreed bool) {
	if e.gone {
		return
	}
	e.gone = true
	e.close()
	s.stop(e.timer)
	delete(s.executors, e.id)
	if !agreed {
		s.remember(e)
	}
	if len(s.executors) == 0 {
		s.alone = time.Now()
		s.after(s.cfg.LocalGrace, func() {})
	}
	s.metrics.executors.Set(float64(len(s.executors)))
	if agreed {
		s.log.Info("executor left", "executor", e.id, "reason", why)
	} else {
		s.log.Warn("executor lost", "executor", e.id, "reason", why, "tasks", len(e.running))
		s.metrics.lost.Inc()
	}
	e.reserved = nil
	for c := range s.cuts {
		if c.a == e.id || c.b == e.id {
			delete(s.cuts, c)
		}
	}
	for _, a := range sorted(e.running) {
		message := "executor " + e.id + " was lost: " + why
		s.close(a, plan.StageFailed, message)
		if a.task.stage.job.over || a.task.winner != nil || a.cancelled {
			continue
		}
		if !agreed {
			a.task.losses = append(a.task.losses, e.id)
			s.failed(a, control.Outcome_RETRYABLE, &control.Ended{Message: message})
		}
	}
	for _, j := range s.order {
		j.forsake(e)
	}
}

// How long, and how many, lost executors are still shown.
const (
	showLost = 10 * time.Minute
	mostLost = 100
)

// remember keeps what a lost executor was, for those who look.
func (s *Scheduler) remember(e *executor) {
	status := e.status()
	status.State, status.Running = ExecutorLost, 0
	s.departed = append(s.departed, status)
	if len(s.departed) > mostLost {
		s.departed = slices.Delete(s.departed, 0, 1)
	}
}

// forsake gives up what an executor kept for the job.
func (j *job) forsake(e *executor) {
	for _, st := range j.stages {
		for _, t := range st.tasks {
			for _, a := range t.attempts {
				if a.executor == e {
					a.lost = true
				}
			}
		}
	}
	j.repair()
}

// holds reports whether an executor has outputs that somebody still needs.
func (s *Scheduler) holds(e *executor) bool {
	for _, j := range s.order {
		if j.over || !e.knows[j.name] {
			continue
		}
		for _, st := range j.stages {
			for _, t := range st.tasks {
				if t.winner != nil && t.winner.executor == e && !t.winner.lost && t.needed() {
					return true
				}
			}
		}
	}
	return false
}

// dismiss lets those go that drain and of which nothing is needed any more.
func (s *Scheduler) dismiss() {
	for _, e := range s.executors {
		if e.draining && !e.left && e.link != nil && len(e.running) == 0 && !s.holds(e) {
			e.left = true
			e.send(&control.Order{Order: &control.Order_Leave{Leave: &control.Leave{}}})
		}
	}
}

// Drain asks an executor to finish what it has and leave. It reports whether
// there is an executor of that name.
func (s *Scheduler) Drain(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.executors[id]
	if e == nil {
		return false
	}
	e.draining = true
	e.send(&control.Order{Order: &control.Order_Drain{Drain: &control.Drain{}}})
	s.assign()
	return true
}

// cut is a pair of executors of which one did not reach the other.
type cut struct{ a, b string }

func cutOf(a, b string) cut {
	if a > b {
		a, b = b, a
	}
	return cut{a, b}
}

// cutLasts is how long an executor is taken not to reach another after it
// failed to.
const cutLasts = time.Minute

func (s *Scheduler) isCut(a, b string) bool {
	at, ok := s.cuts[cutOf(a, b)]
	return ok && a != b && time.Since(at) < cutLasts
}
