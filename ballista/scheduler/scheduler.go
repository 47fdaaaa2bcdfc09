package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

// Worker runs tasks in this process, by the orders that an executor takes and
// with the reports that it makes.
type Worker interface {
	// Do takes an order and does not block. What there is to report goes to
	// the function that AddLocal handed out, never from within Do.
	Do(order *control.Order)
	// Run runs a task to its end and hands what it streams to the observer as
	// it comes, with nothing kept.
	Run(ctx context.Context, task plan.Task, locations map[string]plan.Secret, observer plan.TaskObserver) error
}

// Scheduler runs jobs on the executors that there are. All methods are safe
// for concurrent use.
type Scheduler struct {
	cfg     Config
	log     *slog.Logger
	metrics *Metrics
	results Results
	// instance names this process to the executors.
	instance string

	mu        sync.Mutex
	executors map[string]*executor
	local     *executor // this process's own; nil without one
	worker    Worker
	// departed are executors that were lost of late.
	departed []ExecutorStatus
	// alone is when the last executor was gone; zero if there never was one.
	alone time.Time
	jobs  map[string]*job
	order []*job // as they came
	// elsewhere is how many jobs other processes run.
	elsewhere int
	serial    int
	cuts      map[cut]time.Time
	timers    map[*time.Timer]struct{}
	changed   chan struct{} // closed and made anew when jobs begin or end
	// present is how many executors do not drain; moved is closed and made
	// anew when that changes.
	present int
	moved   chan struct{}
	closed  bool
	streams sync.WaitGroup
}

// New returns a scheduler without executors. results brings what tasks
// streamed into this process. The caller closes the scheduler.
func New(cfg Config, results Results, metrics *Metrics, log *slog.Logger) *Scheduler {
	return &Scheduler{
		cfg: cfg, log: log, metrics: metrics, results: results, instance: uuid.NewString(),
		executors: map[string]*executor{}, jobs: map[string]*job{}, cuts: map[cut]time.Time{},
		timers: map[*time.Timer]struct{}{}, changed: make(chan struct{}), moved: make(chan struct{}),
	}
}

// AddLocal makes this process an executor of its own, for jobs that find no
// other. It is called once, before the first job. The worker's reports go to
// the function that start is handed.
func (s *Scheduler) AddLocal(hello *control.Hello, start func(report func(*control.Report)) Worker) {
	hello.Id = plan.LocalExecutor
	e := newExecutor(hello)
	s.worker = start(func(r *control.Report) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.take(e, r)
		s.assign()
	})
	e.link = inProcess{s.worker}
	s.local = e
}

// ErrClosed is why jobs end when the scheduler is closed.
var ErrClosed = errors.New("the scheduler was stopped")

// Run runs a job to its end and tells the observer how it goes. On return
// nothing of the job runs in this process any more, and executors have been
// told to end and remove what they have of it. An error of a task is a
// *TaskError, except for a job whose only task ran in this process: then it is
// the worker's own.
func (s *Scheduler) Run(ctx context.Context, pj plan.Job, observer plan.Observer) error {
	if err := check(pj); err != nil {
		return fmt.Errorf("internal error: the plan of job %s: %w", pj.ID, err)
	}
	j, err := s.begin(ctx, pj, observer)
	if err != nil {
		return err
	}
	err = j.attend(ctx)
	s.end(j, err)
	return err
}

func (s *Scheduler) begin(ctx context.Context, pj plan.Job, observer plan.Observer) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.serial++
	j := newJob(ctx, s, fmt.Sprintf("%s.%d", pj.ID, s.serial), pj, observer)
	s.jobs[j.name] = j
	s.order = append(s.order, j)
	s.metrics.jobs.Inc()
	s.announce()
	j.join(pj.Graph)
	j.log.Debug("job begins", "stages", len(j.stages), "choices", len(j.choices))
	s.assign()
	return j, nil
}

// end takes the job off and waits for what it has in this process.
func (s *Scheduler) end(j *job, err error) {
	s.mu.Lock()
	j.over = true
	delete(s.jobs, j.name)
	for i, other := range s.order {
		if other == j {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
	for _, e := range s.everyone() {
		if e.reserved != nil && e.reserved.stage.job == j {
			e.reserved = nil
		}
		if e.knows[j.name] {
			delete(e.knows, j.name)
			e.send(&control.Order{Order: &control.Order_Forget{Forget: &control.Forget{Job: j.name}}})
		}
	}
	s.metrics.jobs.Dec()
	s.announce()
	s.assign()
	s.mu.Unlock()
	j.cancel(err)
	j.members.Wait()
	j.localTasks.Wait()
	j.log.Debug("job ended", "error", err)
}

// announce wakes those who watch whether there are jobs.
func (s *Scheduler) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// everyone returns all executors, this process among them.
func (s *Scheduler) everyone() []*executor {
	all := make([]*executor, 0, len(s.executors)+1)
	for _, e := range s.executors {
		all = append(all, e)
	}
	if s.local != nil {
		all = append(all, s.local)
	}
	return all
}

// after calls f with the mutex held when d has passed, unless the scheduler is
// closed before.
func (s *Scheduler) after(d time.Duration, f func()) *time.Timer {
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.timers, timer)
		if s.closed {
			return
		}
		f()
		s.assign()
	})
	s.timers[timer] = struct{}{}
	return timer
}

func (s *Scheduler) stop(timer *time.Timer) {
	if timer != nil && timer.Stop() {
		delete(s.timers, timer)
	}
}

// Close ends all jobs, lets the executors go and waits for their streams.
func (s *Scheduler) Close() error {
	s.mu.Lock()
	s.closed = true
	for timer := range s.timers {
		timer.Stop()
	}
	for _, j := range s.jobs {
		j.fail(ErrClosed)
	}
	for _, e := range s.executors {
		e.close()
	}
	s.announce()
	s.mu.Unlock()
	s.streams.Wait()
	return nil
}
