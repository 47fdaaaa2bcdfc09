package plantest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// sourceShares is into how many shares every source is split.
const sourceShares = 5

// content is what a task finds in an input.
func (r *run) content(ctx context.Context, s plan.Stage, in plan.StageInput, task int) (engine.Input, error) {
	if in.From == nil {
		return r.source(ctx, s, in, task)
	}
	o := r.outputs[*in.From]
	if o == nil {
		return engine.Input{}, fmt.Errorf("stage %d step %s has written nothing", in.From.Stage, in.From.Step)
	}
	var batches []arrow.RecordBatch
	for i, p := range o.partitions {
		if in.Spread == plan.SpreadOwn && i == task || in.Spread != plan.SpreadOwn && mine(in.Spread, i, s.Tasks, task) {
			batches = append(batches, p...)
		}
	}
	return inputOf(o.schema, batches), nil
}

// mine reports whether a task reads a partition.
func mine(spread plan.Spread, partition, tasks, task int) bool {
	return spread == plan.SpreadAll || partition%tasks == task
}

// source reads the shares of a table that are a task's.
func (r *run) source(ctx context.Context, s plan.Stage, in plan.StageInput, task int) (engine.Input, error) {
	schema, batches, err := r.shares(ctx, s, in, in.Columns, task)
	return inputOf(schema, batches), err
}

// shares are some columns of the shares of a table that are a task's.
func (r *run) shares(ctx context.Context, s plan.Stage, in plan.StageInput, names []string, task int) (*arrow.Schema, []arrow.RecordBatch, error) {
	columns := make([]string, len(names))
	for i, c := range names {
		columns[i] = engine.Quote(c)
	}
	sql := fmt.Sprintf("SELECT %s FROM %s", strings.Join(columns, ", "), engine.Quote(in.Source))
	schema, err := r.Sources.Describe(ctx, sql)
	if err != nil {
		return nil, nil, err
	}
	var batches []arrow.RecordBatch
	for share := range sourceShares {
		if !mine(in.Spread, share, s.Tasks, task) {
			continue
		}
		read, err := read(ctx, r.Sources, fmt.Sprintf("%s WHERE rowid %% %d = %d", sql, sourceShares, share))
		if err != nil {
			return nil, nil, err
		}
		batches = append(batches, read...)
	}
	return schema, batches, nil
}

// whole is what a task's StepKeep keeps: a partition for each task.
func (r *run) whole(ctx context.Context, s plan.Stage, task int) (*output, error) {
	in := s.Inputs[0]
	schema, batches, err := r.shares(ctx, s, in, in.Whole, task)
	o := &output{schema: schema, partitions: make([][]arrow.RecordBatch, s.Tasks)}
	o.partitions[task] = batches
	return o, err
}

func read(ctx context.Context, s *engine.Session, sql string) ([]arrow.RecordBatch, error) {
	rows, err := s.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []arrow.RecordBatch
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, batch)
	}
}

func inputOf(schema *arrow.Schema, batches []arrow.RecordBatch) engine.Input {
	return engine.Input{Schema: schema, Partitions: 1, Open: func(context.Context, int) (engine.Batches, error) {
		return &slice{batches: batches}, nil
	}}
}

// slice is batches that are in memory.
type slice struct{ batches []arrow.RecordBatch }

func (s *slice) Next(context.Context) (arrow.RecordBatch, error) {
	if len(s.batches) == 0 {
		return nil, io.EOF
	}
	next := s.batches[0]
	s.batches = s.batches[1:]
	next.Retain()
	return next, nil
}

func (s *slice) Close() error { return nil }
