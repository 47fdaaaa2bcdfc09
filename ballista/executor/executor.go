// Package executor runs a task: it makes the task's inputs tables of an engine
// session, takes the steps, and hands out what they return.
//
// It knows nothing of reconciliation, and nothing of who sent the task.
package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/attribute"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/worker/source"
	"kallad/worker/trace"
)

// Sessions has the sessions of tasks.
type Sessions interface {
	// Open returns the session of a task, in which nothing is.
	Open(ctx context.Context, task plan.Task) (*engine.Session, error)
	// Done takes the session back. sound says that the task came to its end, and
	// made nothing in it but tables and views.
	Done(ctx context.Context, task plan.Task, session *engine.Session, sound bool) error
}

// Pooled takes every task's session from one pool, which stays the caller's.
func Pooled(pool *engine.Pool) Sessions { return pooled{pool} }

type pooled struct{ pool *engine.Pool }

func (p pooled) Open(context.Context, plan.Task) (*engine.Session, error) { return p.pool.Open() }

func (p pooled) Done(_ context.Context, _ plan.Task, session *engine.Session, _ bool) error {
	return session.Close()
}

// Fetcher reads what other tasks wrote.
type Fetcher interface {
	// Fetch opens a piece. The executor closes it.
	Fetch(ctx context.Context, piece plan.Piece) (engine.Batches, error)
}

// Executor runs tasks, each in a session that it has for itself. It may run
// several at once.
type Executor struct {
	sessions Sessions
	registry *source.Registry
	fetcher  Fetcher
}

// New returns an executor. Without a fetcher it runs only tasks that read no
// pieces.
func New(sessions Sessions, registry *source.Registry, fetcher Fetcher) *Executor {
	return &Executor{sessions: sessions, registry: registry, fetcher: fetcher}
}

// Run runs one task to its end. locations says where each of its sources is.
// On return nothing of the task is left behind here, whatever the outcome;
// what the observer took is the observer's.
func (e *Executor) Run(ctx context.Context, task plan.Task, locations map[string]plan.Secret, observer plan.TaskObserver) error {
	ctx, span := trace.Start(ctx, "task", attribute.String("run_id", task.ID.Job), attribute.Int("stage", task.ID.Stage),
		attribute.Int("task", task.ID.Task), attribute.Int("attempt", task.ID.Attempt))
	session, err := e.sessions.Open(ctx, task)
	if err == nil {
		r := &run{Executor: e, session: session, locations: locations, observer: observer}
		err = r.do(ctx, task)
		err = errors.Join(err, r.close(ctx, task, err == nil))
	}
	span.End(err)
	return err
}

// run is one task on its way.
type run struct {
	*Executor
	session   *engine.Session
	locations map[string]plan.Secret
	observer  plan.TaskObserver
	streams   []stream
	// distinct are what steps want to know of the tables, by their names.
	distinct map[string]*engine.Distinct
	// kept are the whole rows of an input, nil unless the task keeps some.
	kept *kept
}

// stream is an input that the steps read themselves.
type stream struct {
	*engine.Stream
	input plan.Input
	from  *content
}

func (r *run) do(ctx context.Context, task plan.Task) error {
	if i := slices.IndexFunc(task.Steps, func(s plan.Step) bool { return s.Kind == plan.StepKeep }); i >= 0 {
		number := fmt.Sprintf("CREATE OR REPLACE MACRO %s() AS CAST(%d AS INTEGER)", plan.TaskFunction, task.ID.Task)
		if err := r.session.Exec(ctx, number); err != nil {
			return err
		}
		r.kept = keep(ctx, task.Steps[i], r.observer)
	}
	r.distinct = map[string]*engine.Distinct{}
	for _, step := range task.Steps {
		if d := step.Distinct; d != nil {
			r.distinct[d.Table] = engine.NewDistinct(d.Keys...)
		}
	}
	for _, in := range task.Inputs {
		admitting, span := trace.Start(ctx, "load "+in.Table, attribute.String("source", in.Source), attribute.Bool("streamed", in.Streamed))
		err := r.admit(admitting, in)
		span.End(err)
		if err != nil {
			return err
		}
	}
	for _, step := range task.Steps {
		r.observer.Begin(step.Name)
		taking, span := trace.Start(ctx, "step "+step.Name)
		err := r.take(taking, step)
		span.End(err)
		if err != nil {
			return r.failed(step, err)
		}
	}
	for _, s := range r.streams {
		if rows, complete := s.Rows(); complete && counted(s.input) {
			r.observer.Loaded(s.input.Source, rows)
		}
	}
	return nil
}

// failed is the error of a step: that of an input, if one ended it.
func (r *run) failed(step plan.Step, err error) error {
	for _, s := range r.streams {
		if cause := s.Err(); cause != nil {
			return inputError(s.input, cause)
		}
	}
	return fmt.Errorf("step %s: %w", step.Name, err)
}

// close gives the session back before it ends what its inputs read from.
func (r *run) close(ctx context.Context, task plan.Task, done bool) error {
	var errs []error
	r.kept.abort()
	for _, s := range r.streams {
		s.Close()
	}
	// Where rows are kept whole, there is a macro in it.
	errs = append(errs, r.sessions.Done(ctx, task, r.session, done && r.kept == nil))
	for _, s := range r.streams {
		errs = append(errs, s.from.close())
	}
	return errors.Join(errs...)
}
