package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kallad/ballista/plan"
)

// job is a graph on its way. The scheduler's mutex guards it, except for what
// is said to be another's.
type job struct {
	s        *Scheduler
	name     string // unique in this process; what executors know it by
	plan     plan.Job
	observer plan.Observer
	log      *slog.Logger

	// ctx is that of deliveries and of tasks in this process.
	ctx    context.Context
	cancel context.CancelCauseFunc
	// members are deliveries and direct runs.
	members sync.WaitGroup
	// localTasks are those that this process's worker runs for the job.
	localTasks sync.WaitGroup

	// stages that have joined the graph, each after those that it reads.
	stages  []*stage
	byID    map[int]*stage
	choices []plan.Choice // not decided yet
	running int           // attempts

	over bool
	err  error

	// events are what the observer is to be told, in order; wake has room for
	// one and says that attend has something to do.
	events []func() error
	wake   chan struct{}
	// dirty says that the stages changed since the observer heard of them. Of
	// a run that is direct from the first it never does: the worker tells of
	// every step itself.
	dirty, direct bool

	rows       map[string]int64 // told, by source
	begun      map[string]bool  // steps told of
	shares     map[string]float64
	deliveries map[string]*delivery // by step
	// undelivered is how many results are not with the observer yet.
	undelivered int
}

func newJob(ctx context.Context, s *Scheduler, name string, pj plan.Job, observer plan.Observer) *job {
	j := &job{
		s: s, name: name, plan: pj, observer: observer, log: s.log.With("run_id", pj.ID),
		byID: map[int]*stage{}, wake: make(chan struct{}, 1), dirty: true,
		rows: map[string]int64{}, begun: map[string]bool{}, shares: map[string]float64{}, deliveries: map[string]*delivery{},
	}
	j.ctx, j.cancel = context.WithCancelCause(ctx)
	return j
}

// join makes the stages of a graph the job's.
func (j *job) join(g plan.Graph) {
	for _, def := range g.Stages {
		st := newStage(j, def)
		j.stages = append(j.stages, st)
		j.byID[def.ID] = st
	}
	j.choices = append(j.choices, g.Choices...)
	j.changed()
}

// tell queues what the observer is to be told.
func (j *job) tell(event func() error) {
	j.events = append(j.events, event)
	j.poke()
}

// changed notes that the observer has to hear of the stages again.
func (j *job) changed() {
	j.dirty = true
	j.poke()
}

func (j *job) poke() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// fail ends the job, for the first reason given.
func (j *job) fail(err error) {
	if j.err == nil && !j.over {
		j.err = err
		j.over = true
		j.changed()
	}
}

// complete reports whether nothing is left to do.
func (j *job) complete() bool {
	if len(j.choices) > 0 || j.undelivered > 0 || len(j.events) > 0 {
		return false
	}
	for _, st := range j.stages {
		if !st.done() {
			return false
		}
	}
	return true
}

// attend tells the observer what happens until the job is over. It is the
// goroutine of Run, and the only one that calls the observer's methods other
// than Stream, which deliveries do, and those of a direct run.
func (j *job) attend(ctx context.Context) error {
	var told time.Time // when the observer last heard of the stages
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		j.s.mu.Lock()
		events := j.events
		j.events = nil
		err := j.err
		ended := err != nil || len(events) == 0 && j.complete()
		var status []plan.StageStatus
		tell := j.dirty && !(j.direct && told.IsZero())
		if wait := j.s.cfg.StatusInterval - time.Since(told); tell && (ended || wait <= 0) {
			j.dirty = false
			status = j.status()
		} else if tell {
			again.Reset(wait)
		}
		j.s.mu.Unlock()
		if status != nil {
			j.observer.Stages(status)
			told = time.Now()
		}
		if ended {
			return err
		}
		for _, event := range events {
			if err := event(); err != nil {
				j.lock(func() { j.fail(err) })
				break
			}
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			j.lock(func() { j.fail(context.Cause(ctx)) })
		case <-j.wake:
		case <-again.C:
		}
	}
}

// lock calls f with the scheduler's mutex held, and lets go on what can.
func (j *job) lock(f func()) {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	f()
	j.s.assign()
}

// single reports whether the whole job is one task, so that its streams may go
// straight to the observer.
func (j *job) single() bool {
	return len(j.stages) == 1 && len(j.choices) == 0 && j.stages[0].def.Tasks == 1
}

// progressed tells of rows read beyond what was told before.
func (j *job) progressed(source string) {
	total := int64(0)
	for _, st := range j.stages {
		if st.counts[source] {
			total += st.rowsOf(source)
		}
	}
	if more := total - j.rows[source]; more > 0 {
		j.rows[source] = total
		j.tell(func() error { j.observer.Rows(source, int(more)); return nil })
	}
}

// begins tells that a step begins, if it is the first task to take it.
func (j *job) begins(step string) {
	if !j.begun[step] {
		j.begun[step] = true
		j.tell(func() error { j.observer.Begin(step); return nil })
	}
}

// advanced tells of a step's share that is done, if that has grown.
func (j *job) advanced(step string, share float64) {
	if share > j.shares[step] {
		j.shares[step] = share
		j.tell(func() error { j.observer.Advance(step, share); return nil })
	}
}

// decide settles the choices that ask about a stage that has finished.
func (j *job) decide(st *stage) {
	open := j.choices
	j.choices = nil
	for _, c := range open {
		if c.If.Stage != st.def.ID {
			j.choices = append(j.choices, c)
			continue
		}
		size, holds := st.meets(c.If)
		branch := c.Else
		if holds {
			branch = c.Then
		}
		j.log.Debug("choice made", "why", c.Why, "stage", st.def.Name, "found", size, "limit", c.If.Limit, "then", holds)
		j.join(branch)
	}
}

// check reports a job that cannot be run, which only a mistake in planning
// makes.
func check(pj plan.Job) error {
	known := map[int]plan.Stage{}
	var graph func(g plan.Graph) error
	graph = func(g plan.Graph) error {
		for _, st := range g.Stages {
			if err := checkStage(pj, st, known); err != nil {
				return fmt.Errorf("stage %d (%s): %w", st.ID, st.Name, err)
			}
			known[st.ID] = st
		}
		for _, c := range g.Choices {
			if _, ok := known[c.If.Stage]; !ok {
				return fmt.Errorf("a choice asks about stage %d, which is not there", c.If.Stage)
			}
			if err := graph(c.Then); err != nil {
				return err
			}
			if err := graph(c.Else); err != nil {
				return err
			}
		}
		return nil
	}
	return graph(pj.Graph)
}

func checkStage(pj plan.Job, st plan.Stage, known map[int]plan.Stage) error {
	if _, twice := known[st.ID]; twice {
		return fmt.Errorf("its number is another's")
	}
	if st.Tasks < 1 {
		return fmt.Errorf("%d tasks", st.Tasks)
	}
	for _, in := range st.Inputs {
		if in.From == nil {
			if _, ok := pj.Scans[in.ScanKey()]; !ok {
				return fmt.Errorf("no scan %s for table %q", in.ScanKey(), in.Table)
			}
			if _, ok := pj.Locations[in.Source]; !ok {
				return fmt.Errorf("nobody said where source %q is", in.Source)
			}
			continue
		}
		from, ok := known[in.From.Stage]
		if !ok {
			return fmt.Errorf("table %q reads stage %d, which does not come before it", in.Table, in.From.Stage)
		}
		if step, ok := stepOf(from, in.From.Step); !ok || step.Kind != plan.StepWrite && step.Kind != plan.StepKeep {
			return fmt.Errorf("table %q reads step %q of stage %d, which writes nothing of that name", in.Table, in.From.Step, in.From.Stage)
		}
		if in.Spread == plan.SpreadOwn && from.Tasks != st.Tasks {
			return fmt.Errorf("table %q reads what each of %d tasks wrote, and there are %d to do so", in.Table, from.Tasks, st.Tasks)
		}
	}
	return nil
}

func stepOf(st plan.Stage, name string) (plan.Step, bool) {
	for _, step := range st.Steps {
		if step.Name == name {
			return step, true
		}
	}
	return plan.Step{}, false
}
