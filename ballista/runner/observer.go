package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"kallad/ballista/plan"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// observer turns what a task tells into progress and evidence.
type observer struct {
	run *run

	mu     sync.Mutex
	loaded map[string]int64
	counts counts
	files  map[string]*evidence.File
	// dropped is how many matched rows the streams of the unmatched left out.
	dropped map[string]int64
}

// counts is the row of stepCount.
type counts struct {
	matches int64
	sides   [2]sideCounts
}

type sideCounts struct{ duplicates, nulls int64 }

func newObserver(r *run) *observer {
	return &observer{run: r, loaded: map[string]int64{}, files: map[string]*evidence.File{}, dropped: map[string]int64{}}
}

var (
	_ plan.TaskObserver = (*observer)(nil)
	_ plan.Observer     = (*observer)(nil)
)

// Rows implements plan.Observer.
func (o *observer) Rows(table string, rows int) { o.run.progress.read(table, rows) }

// Loaded implements plan.Observer.
func (o *observer) Loaded(table string, rows int64) {
	o.mu.Lock()
	o.loaded[table] = rows
	o.mu.Unlock()
	o.run.progress.loaded(table, rows)
}

// Begin implements plan.Observer.
func (o *observer) Begin(step string) {
	o.run.progress.step(step)
	switch step {
	case stepMatch:
		o.run.progress.enter(recon.StageMatching)
	case stepMatched:
		o.run.progress.enter(recon.StageWritingResults)
	}
}

// Advance implements plan.Observer.
func (o *observer) Advance(_ string, share float64) { o.run.progress.matching(share) }

// Counts implements plan.Observer.
func (o *observer) Counts(step string, v []int64) error {
	if len(v) != 5 {
		return fmt.Errorf("step %s: %d counts, want 5", step, len(v))
	}
	o.mu.Lock()
	o.counts.matches = v[0]
	for side := range o.counts.sides {
		o.counts.sides[side] = sideCounts{duplicates: v[1+side*2], nulls: v[2+side*2]}
	}
	// The unmatched rows are found by looking at all rows.
	toPass := v[0]
	for _, t := range o.run.tables[:2] {
		toPass += o.loaded[t.alias]
	}
	o.mu.Unlock()
	o.run.progress.matched(v[0], toPass)
	return nil
}

// Stream implements plan.Observer. Encoding a batch goes on while the engine
// computes the next.
func (o *observer) Stream(ctx context.Context, step string, rows plan.Stream) error {
	file, err := o.start(ctx, step, rows.Schema())
	if err != nil {
		return err
	}
	batches := make(chan arrow.RecordBatch, 1)
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		return o.forward(both, rows, batches)
	})
	group.Go(func() error { return o.write(both, file, batches) })
	err = group.Wait()
	for batch := range batches {
		batch.Release()
	}
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.dropped[step] = rows.Dropped()
	o.mu.Unlock()
	return file.Close(ctx)
}

// Write implements plan.TaskObserver. A job's only task has nobody to write for.
func (o *observer) Write(_ context.Context, step plan.Step, _ plan.Stream) error {
	return fmt.Errorf("step %s writes for no stage", step.Name)
}

func (o *observer) start(ctx context.Context, step string, schema *arrow.Schema) (file *evidence.File, err error) {
	switch step {
	case stepMatched:
		file, err = o.run.evidence.Matched(ctx, schema)
	case stepUnmatchedLeft:
		file, err = o.run.evidence.Unmatched(ctx, evidence.Left, schema)
	case stepUnmatchedRight:
		file, err = o.run.evidence.Unmatched(ctx, evidence.Right, schema)
	default:
		err = fmt.Errorf("step %s streams nothing that is evidence", step)
	}
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	o.files[step] = file
	o.mu.Unlock()
	return file, nil
}

func (o *observer) forward(ctx context.Context, rows plan.Stream, batches chan<- arrow.RecordBatch) error {
	dropped := int64(0)
	for {
		batch, err := rows.Next(ctx)
		o.run.progress.passed(rows.Dropped() - dropped)
		dropped = rows.Dropped()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			batch.Release()
			return context.Cause(ctx)
		}
	}
}

func (o *observer) write(ctx context.Context, file *evidence.File, batches <-chan arrow.RecordBatch) error {
	for batch := range batches {
		n := batch.NumRows()
		err := file.Write(ctx, batch)
		batch.Release()
		if err != nil {
			return err
		}
		o.run.progress.wrote(n)
	}
	return nil
}
