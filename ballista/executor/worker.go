package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/shuffle"
	"kallad/worker/trace"
)

// Worker runs tasks by order of a scheduler, and keeps what they write until
// it is told that nobody needs it. Where it runs is all the same to it: at the
// other end of a stream, or in the scheduler's own process.
type Worker struct {
	core    *Executor
	store   *shuffle.Store
	metrics *Metrics
	log     *slog.Logger
	report  func(*control.Report)

	mu       sync.Mutex
	running  map[plan.TaskID]*attempt
	ended    map[plan.TaskID]*control.Ended // not acknowledged
	jobs     map[string]*share              // of which there may be outputs
	news     chan struct{}                  // has room for one: a step has begun
	attempts sync.WaitGroup
	stuck    chan struct{} // closed when an attempt does not obey
	stuckOne sync.Once
}

// stuckAfter is how long an attempt that was cancelled may go on. The engine
// looks for its cancellation many times a second, but not within one call of a
// function over one vector, which may take hours.
const stuckAfter = 30 * time.Second

// NewWorker returns a worker. What there is to report goes to report, which
// must not block, and is never called from within Do. The core and the store
// stay the caller's.
func NewWorker(core *Executor, store *shuffle.Store, metrics *Metrics, log *slog.Logger, report func(*control.Report)) *Worker {
	return &Worker{
		core: core, store: store, metrics: metrics, log: log, report: report,
		running: map[plan.TaskID]*attempt{}, ended: map[plan.TaskID]*control.Ended{}, jobs: map[string]*share{},
		news: make(chan struct{}, 1), stuck: make(chan struct{}),
	}
}

// share is what a worker does of a job.
type share struct {
	// log has the job's run_id.
	log           *slog.Logger
	tasks, failed int
}

// errCancelled is the cause of an attempt that an order ended.
var errCancelled = errors.New("the attempt was cancelled")

// attempt is an attempt that runs.
type attempt struct {
	*keeper
	id     plan.TaskID
	cancel context.CancelCauseFunc
	log    *slog.Logger
	// orphan says that nobody waits for its end any more.
	orphan bool
}

// Do takes an order that is about tasks, and does not block: what touches a
// disk goes on by itself. Other orders are none of its business.
func (w *Worker) Do(order *control.Order) {
	switch o := order.Order.(type) {
	case *control.Order_Launch:
		w.launch(o.Launch)
	case *control.Order_Cancel:
		w.cancel(fromWire(o.Cancel.Id))
	case *control.Order_Acknowledge:
		w.mu.Lock()
		delete(w.ended, fromWire(o.Acknowledge.Id))
		w.mu.Unlock()
	case *control.Order_Discard:
		w.discard(fromWire(o.Discard.Id))
	case *control.Order_Forget:
		w.forget(o.Forget.Job)
	}
}

func (w *Worker) launch(launch *control.Launch) {
	var task plan.Task
	if err := json.Unmarshal(launch.Task, &task); err != nil {
		w.refuse(fromWire(launch.Id), fmt.Errorf("read the task: %w", err))
		return
	}
	locations := map[string]plan.Secret{}
	for source, location := range launch.Locations {
		locations[source] = plan.Secret(location)
	}
	run, ok := launch.Labels["run_id"]
	if !ok {
		run = task.ID.Job
	}
	ctx, cancel := context.WithCancelCause(trace.Continue(context.Background(), launch.Labels))
	a := &attempt{
		id: task.ID, cancel: cancel,
		log:    w.log.With("run_id", run, "stage", task.ID.Stage, "task", task.ID.Task, "attempt", task.ID.Attempt),
		keeper: newKeeper(w.store, task, w.begun),
	}
	w.mu.Lock()
	w.running[task.ID] = a
	if w.jobs[task.ID.Job] == nil {
		w.jobs[task.ID.Job] = &share{log: w.log.With("run_id", run)}
		w.jobs[task.ID.Job].log.Info("job begins here")
	}
	w.jobs[task.ID.Job].tasks++
	w.mu.Unlock()
	w.metrics.running.Inc()
	w.attempts.Go(func() {
		defer cancel(nil)
		a.log.Debug("task starts", "exclusive", launch.Exclusive)
		began := time.Now()
		err := w.run(withExclusive(ctx, launch.Exclusive), task, locations, a.keeper)
		w.finish(ctx, a, locations, err, time.Since(began))
	})
}

// refuse reports that a task could not begin.
func (w *Worker) refuse(id plan.TaskID, err error) {
	ended := &control.Ended{Id: toWire(id), Outcome: control.Outcome_NOT_STARTED, Message: err.Error()}
	w.mu.Lock()
	w.ended[id] = ended
	w.mu.Unlock()
	w.attempts.Go(func() { w.report(&control.Report{Report: &control.Report_Ended{Ended: ended}}) })
}

// run runs a task; a panic is its failure, not the process's.
func (w *Worker) run(ctx context.Context, task plan.Task, locations map[string]plan.Secret, observer plan.TaskObserver) (err error) {
	defer func() {
		if v := recover(); v != nil {
			w.log.Error("a task panicked", "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", v)
		}
	}()
	return w.core.Run(ctx, task, locations, observer)
}

// Run runs a job's only task, whose streams the observer takes as they come.
func (w *Worker) Run(ctx context.Context, task plan.Task, locations map[string]plan.Secret, observer plan.TaskObserver) error {
	return w.core.Run(withExclusive(ctx, true), task, locations, observer)
}

// finish reports the end of an attempt.
func (w *Worker) finish(ctx context.Context, a *attempt, locations map[string]plan.Secret, err error, took time.Duration) {
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var panicked interface{ PanicStack() string }
	if errors.As(err, &panicked) {
		a.log.Error("a part of the task panicked", "stack", panicked.PanicStack())
	}
	ended := verdict(ctx, err, locations)
	ended.Id, ended.Nanoseconds = toWire(a.id), int64(took)
	a.fill(ended)
	if ended.Outcome != control.Outcome_DONE {
		w.remove(a.id)
	}
	w.metrics.ended(ended.Outcome, took)
	level := slog.LevelDebug
	if unsound(ended.Outcome) {
		level = slog.LevelWarn
	}
	a.log.Log(ctx, level, "task ended", "outcome", ended.Outcome.String(), "seconds", took.Seconds(), "error", ended.Message)

	w.mu.Lock()
	delete(w.running, a.id)
	orphan, job := a.orphan, w.jobs[a.id.Job]
	if job != nil && unsound(ended.Outcome) {
		job.failed++
	}
	if !orphan {
		w.ended[a.id] = ended
	}
	w.mu.Unlock()
	w.metrics.running.Dec()
	if orphan || job == nil {
		w.remove(a.id)
	}
	if !orphan {
		w.report(&control.Report{Report: &control.Report_Ended{Ended: ended}})
	}
}

// unsound reports whether an attempt ended as nobody wanted.
func unsound(outcome control.Outcome) bool {
	return outcome != control.Outcome_DONE && outcome != control.Outcome_CANCELLED
}

func (w *Worker) cancel(id plan.TaskID) {
	w.mu.Lock()
	a := w.running[id]
	w.mu.Unlock()
	if a == nil {
		w.discard(id)
		return
	}
	w.end(a)
}

// end cancels an attempt, and sees whether it obeys.
func (w *Worker) end(a *attempt) {
	a.cancel(errCancelled)
	time.AfterFunc(stuckAfter, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.running[a.id] == a {
			a.log.Error("a cancelled task does not stop", "after", stuckAfter.String())
			w.stuckOne.Do(func() { close(w.stuck) })
		}
	})
}

// Stuck is closed when a task has not obeyed its cancellation for half a
// minute. Nothing but the end of the process ends such a task, and so frees
// its slot.
func (w *Worker) Stuck() <-chan struct{} { return w.stuck }

func (w *Worker) discard(id plan.TaskID) {
	w.mu.Lock()
	delete(w.ended, id)
	w.mu.Unlock()
	w.attempts.Go(func() { w.remove(id) })
}

func (w *Worker) remove(id plan.TaskID) {
	if err := w.store.RemoveAttempt(id.Job, id.Stage, id.Task, id.Attempt); err != nil {
		w.log.Warn("outputs not removed", "run_id", id.Job, "stage", id.Stage, "task", id.Task, "error", err)
	}
}

// forget ends a job's attempts. What they still write until they have ended
// is removed when they do.
func (w *Worker) forget(job string) {
	w.mu.Lock()
	if share := w.jobs[job]; share != nil {
		share.log.Info("job ended here", "tasks", share.tasks, "failed", share.failed)
	}
	delete(w.jobs, job)
	for id, a := range w.running {
		if id.Job == job {
			w.end(a)
		}
	}
	for id := range w.ended {
		if id.Job == job {
			delete(w.ended, id)
		}
	}
	w.mu.Unlock()
	w.attempts.Go(func() {
		if err := w.store.RemoveJob(job); err != nil {
			w.log.Warn("outputs of a job not removed", "run_id", job, "error", err)
		}
	})
}

// Reset ends and removes everything, and reports nothing of it: whoever asked
// for it is gone.
func (w *Worker) Reset() {
	w.mu.Lock()
	for _, a := range w.running {
		a.orphan = true
	}
	var jobs []string
	for job := range w.jobs {
		jobs = append(jobs, job)
	}
	clear(w.ended)
	w.mu.Unlock()
	for _, job := range jobs {
		w.forget(job)
	}
}

// Has returns the attempts that run or whose end was not acknowledged, and the
// jobs of which anything may be kept.
func (w *Worker) Has() (attempts []*control.TaskID, jobs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.running {
		attempts = append(attempts, toWire(id))
	}
	for id := range w.ended {
		attempts = append(attempts, toWire(id))
	}
	for job := range w.jobs {
		jobs = append(jobs, job)
	}
	slices.Sort(jobs)
	return attempts, jobs
}

// Running is how many attempts run.
func (w *Worker) Running() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.running)
}

// Unacknowledged returns the ends that the scheduler may not know.
func (w *Worker) Unacknowledged() []*control.Ended {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]*control.Ended, 0, len(w.ended))
	for _, ended := range w.ended {
		out = append(out, ended)
	}
	return out
}

// Heartbeat says how far all attempts are.
func (w *Worker) Heartbeat() *control.Report {
	memory, disk := w.store.Usage()
	beat := &control.Heartbeat{OutputMemoryBytes: memory, OutputDiskBytes: disk, ProcessMemoryBytes: residentMemory()}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, a := range w.running {
		p := a.progress()
		p.Id = toWire(id)
		beat.Tasks = append(beat.Tasks, p)
	}
	return &control.Report{Report: &control.Report_Heartbeat{Heartbeat: beat}}
}

// begun notes that a step has begun, which is worth a heartbeat of its own.
func (w *Worker) begun() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// beatPause is the least time between two heartbeats.
const beatPause = 20 * time.Millisecond

// Beat reports heartbeats at an interval, and when steps begin, until ctx ends.
func (w *Worker) Beat(ctx context.Context, interval time.Duration) {
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.news:
		}
		w.report(w.Heartbeat())
		timer.Reset(min(interval, beatPause))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(interval)
	}
}

// Close ends all attempts and waits for them.
func (w *Worker) Close() {
	w.Reset()
	w.attempts.Wait()
}
