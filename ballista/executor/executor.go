// Package executor runs a task: it reads the task's inputs from their sources
// into an engine session, takes the steps, and hands out what they return.
//
// It knows nothing of reconciliation, and nothing of who sent the task.
package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// Executor runs tasks, each in a session of its own. It may run several at
// once.
type Executor struct {
	sessions *engine.Pool
	registry *source.Registry
}

// New returns an executor that takes its sessions from the pool, which stays
// the caller's.
func New(sessions *engine.Pool, registry *source.Registry) *Executor {
	return &Executor{sessions: sessions, registry: registry}
}

// Run runs one task to its end. locations says where each of its sources is.
// On return nothing of the task is left behind, whatever the outcome.
func (e *Executor) Run(ctx context.Context, task plan.Task, locations map[string]recon.URI, observer plan.TaskObserver) error {
	session, err := e.sessions.Open()
	if err != nil {
		return err
	}
	err = e.run(ctx, session, task, locations, observer)
	if closeErr := session.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (e *Executor) run(ctx context.Context, s *engine.Session, task plan.Task, locations map[string]recon.URI, observer plan.TaskObserver) error {
	for _, in := range task.Inputs {
		rows, err := e.load(ctx, s, in, locations[in.Source], observer)
		if err != nil {
			return err
		}
		observer.Loaded(in.Source, rows)
	}
	for _, step := range task.Steps {
		observer.Begin(step.Name)
		if err := take(ctx, s, step, observer); err != nil {
			return fmt.Errorf("step %s: %w", step.Name, err)
		}
	}
	return nil
}

// load reads all partitions of an input into its table.
func (e *Executor) load(ctx context.Context, s *engine.Session, in plan.Input, location recon.URI, observer plan.TaskObserver) (int64, error) {
	var scan source.Scan
	if err := json.Unmarshal(in.Scan, &scan); err != nil {
		return 0, fmt.Errorf("read the scan of table %q: %w", in.Table, err)
	}
	partitions := make([]source.Partition, len(in.Partitions))
	for i, raw := range in.Partitions {
		if err := json.Unmarshal(raw, &partitions[i]); err != nil {
			return 0, fmt.Errorf("read partition %d of table %q: %w", i, in.Table, err)
		}
	}
	src, err := e.registry.Open(ctx, location)
	if err != nil {
		return 0, fmt.Errorf("open source %q: %w", in.Source, err)
	}
	rows, err := s.CreateTable(ctx, in.Table, engine.Input{
		Schema: in.Schema.Schema, Partitions: len(partitions),
		Open: func(ctx context.Context, i int) (engine.Batches, error) {
			return src.Read(ctx, scan, partitions[i])
		},
		OnRows: func(_, rows int) { observer.Rows(in.Source, rows) },
	})
	if closeErr := src.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close source: %w", closeErr)
	}
	if err != nil {
		return 0, fmt.Errorf("source %q: %w", in.Source, err)
	}
	return rows, nil
}

func take(ctx context.Context, s *engine.Session, step plan.Step, observer plan.TaskObserver) error {
	switch step.Kind {
	case plan.StepRun:
		return watched(s, step.Name, observer, func() error { return s.Exec(ctx, step.SQL) })
	case plan.StepCount:
		values, err := s.Int64(ctx, step.SQL)
		if err != nil {
			return err
		}
		return observer.Counts(step.Name, values)
	case plan.StepStream:
		query := s.Query
		if step.Marked {
			query = s.QueryMarked
		}
		rows, err := query(ctx, step.SQL)
		if err != nil {
			return err
		}
		defer rows.Close()
		return observer.Stream(ctx, step.Name, rows)
	}
	return fmt.Errorf("unknown kind %q", step.Kind)
}

// watchEvery is how often a long statement's progress is asked for.
const watchEvery = 200 * time.Millisecond

// watched runs a statement and tells the observer how far it is.
func watched(s *engine.Session, step string, observer plan.TaskObserver, statement func() error) error {
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if share, ok := s.Progress(); ok {
					observer.Advance(step, share)
				}
			}
		}
	})
	err := statement()
	close(done)
	watcher.Wait()
	return err
}
