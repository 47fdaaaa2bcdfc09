package executor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"kallad/ballista/plan"
)

func (r *run) take(ctx context.Context, step plan.Step) error {
	switch step.Kind {
	case plan.StepRun:
		return r.watched(step.Name, func() error { return r.session.Exec(ctx, step.SQL) })
	case plan.StepCount:
		sql := step.SQL
		if d := step.Distinct; d != nil && r.distinct[d.Table].Proven() {
			sql = d.SQL
		}
		values, err := r.session.Int64(ctx, sql)
		if err != nil {
			return err
		}
		return r.observer.Counts(step.Name, values)
	case plan.StepStream:
		return r.stream(ctx, step, func(rows plan.Stream) error { return r.observer.Stream(ctx, step.Name, rows) })
	case plan.StepKeep:
		return r.kept.finish()
	case plan.StepWrite:
		return r.stream(ctx, step, func(rows plan.Stream) error { return r.observer.Write(ctx, step, rows) })
	}
	return fmt.Errorf("unknown kind %q", step.Kind)
}

func (r *run) stream(ctx context.Context, step plan.Step, consume func(plan.Stream) error) error {
	query := r.session.Query
	if step.Marked {
		query = r.session.QueryMarked
	}
	rows, err := query(ctx, step.SQL)
	if err != nil {
		return err
	}
	defer rows.Close()
	return consume(rows)
}

// watchEvery is how often a long statement's progress is asked for.
const watchEvery = 200 * time.Millisecond

// watched runs a statement and tells the observer how far it is.
func (r *run) watched(step string, statement func() error) error {
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
				if share, ok := r.session.Progress(); ok {
					r.observer.Advance(step, share)
				}
			}
		}
	})
	err := statement()
	close(done)
	watcher.Wait()
	return err
}
