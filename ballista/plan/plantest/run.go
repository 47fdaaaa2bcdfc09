// Package plantest runs graphs the plain way, in one process and one stage
// after the other, makes random queries over random tables, and compares what
// comes out of graphs with what one session says. It is for tests alone.
package plantest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// Interpreter runs graphs. It is for one goroutine.
type Interpreter struct {
	// Sources is the session that has the tables which graphs read.
	Sources *engine.Session
	// Session is where tasks run, one after the other. It must have no tables
	// of its own.
	Session *engine.Session
	// Choose decides choices; without it their conditions do.
	Choose func(plan.Choice) (then bool)
	// Twice runs every task a second time that writes what several tasks
	// read, and fails if that writes other rows: a scheduler may have to run
	// it again when some have read the first rows.
	Twice bool
}

// run is one graph on its way.
type run struct {
	*Interpreter
	graph   plan.Graph
	outputs map[plan.Output]*output
	counts  map[int]map[string]int64
	result  *Result
}

// output is what the tasks of a stage wrote in a step.
type output struct {
	schema     *arrow.Schema
	partitions [][]arrow.RecordBatch
	bytes      int64
}

// Run runs a graph.
func (i *Interpreter) Run(ctx context.Context, g plan.Graph) (*Result, error) {
	r := &run{
		Interpreter: i, graph: g, outputs: map[plan.Output]*output{}, counts: map[int]map[string]int64{},
		result: NewResult(),
	}
	err := r.run(ctx, g)
	for _, o := range r.outputs {
		o.release()
	}
	return r.result, err
}

func (o *output) release() {
	for _, p := range o.partitions {
		for _, b := range p {
			b.Release()
		}
	}
}

func (r *run) run(ctx context.Context, g plan.Graph) error {
	for _, s := range g.Stages {
		for task := range s.Tasks {
			if err := r.task(ctx, s, task); err != nil {
				return fmt.Errorf("stage %d, task %d: %w", s.ID, task, err)
			}
		}
	}
	for _, c := range g.Choices {
		branch := c.Else
		if r.chosen(c) {
			branch = c.Then
		}
		if err := r.run(ctx, branch); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) chosen(c plan.Choice) bool {
	if r.Choose != nil {
		return r.Choose(c)
	}
	if c.If.Write != "" {
		o := r.outputs[plan.Output{Stage: c.If.Stage, Step: c.If.Write}]
		return o == nil || o.bytes <= c.If.Limit
	}
	return r.counts[c.If.Stage][c.If.Count] <= c.If.Limit
}

// task runs one task.
func (r *run) task(ctx context.Context, s plan.Stage, task int) error {
	written, err := r.attempt(ctx, s, task, true)
	if err != nil {
		return err
	}
	if r.Twice && r.shared(s.ID) {
		again, err := r.attempt(ctx, s, task, false)
		if err == nil {
			err = sameWritten(written, again)
		}
		for _, o := range again {
			o.release()
		}
		if err != nil {
			return fmt.Errorf("run again: %w", err)
		}
	}
	for step, o := range written {
		r.keep(plan.Output{Stage: s.ID, Step: step}, o)
	}
	return nil
}

// shared reports whether several tasks read what a stage writes.
func (r *run) shared(id int) bool {
	for _, s := range r.graph.AllStages() {
		for _, in := range s.Inputs {
			if in.From != nil && in.From.Stage == id && s.Tasks > 1 {
				return true
			}
		}
	}
	return false
}

func (r *run) keep(at plan.Output, o *output) {
	all := r.outputs[at]
	if all == nil {
		r.outputs[at] = o
		return
	}
	all.bytes += o.bytes
	for i, p := range o.partitions {
		all.partitions[i] = append(all.partitions[i], p...)
	}
}

func sameWritten(a, b map[string]*output) error {
	for step, o := range a {
		for i := range o.partitions {
			first, second := sorted(o.partitions[i]), sorted(b[step].partitions[i])
			if !slices.Equal(first, second) {
				return fmt.Errorf("step %s, partition %d: it wrote\n%s\nand then\n%s", step, i, strings.Join(first, "\n"), strings.Join(second, "\n"))
			}
		}
	}
	return nil
}

// attempt runs a task once. Of one that does not count, only what it writes is
// of interest.
func (r *run) attempt(ctx context.Context, s plan.Stage, task int, counts bool) (written map[string]*output, err error) {
	// What the task makes of tables is gone with the transaction.
	if err := r.Session.Exec(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Session.Exec(ctx, "ROLLBACK")) }()
	if err := r.Session.Exec(ctx, fmt.Sprintf("CREATE MACRO %s() AS CAST(%d AS INTEGER)", plan.TaskFunction, task)); err != nil {
		return nil, err
	}
	var streams []*engine.Stream
	defer func() {
		for _, st := range streams {
			st.Close()
		}
	}()
	for _, in := range s.Inputs {
		content, err := r.content(ctx, s, in, task)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", in.Table, err)
		}
		if in.Streamed {
			st, err := r.Session.CreateStream(ctx, in.Table, content)
			if err != nil {
				return nil, err
			}
			streams = append(streams, st)
			continue
		}
		if _, err := r.Session.CreateTable(ctx, in.Table, content); err != nil {
			return nil, err
		}
	}
	written = map[string]*output{}
	for _, step := range s.Steps {
		if err := r.step(ctx, s, task, step, counts, written); err != nil {
			for _, st := range streams {
				err = errors.Join(err, st.Err())
			}
			return written, fmt.Errorf("step %s: %w", step.Name, err)
		}
	}
	return written, nil
}

func (r *run) step(ctx context.Context, s plan.Stage, task int, step plan.Step, counts bool, written map[string]*output) error {
	switch step.Kind {
	case plan.StepRun:
		return r.Session.Exec(ctx, step.SQL)
	case plan.StepCount:
		values, err := r.Session.Int64(ctx, step.SQL)
		if err != nil || !counts {
			return err
		}
		if r.counts[s.ID] == nil {
			r.counts[s.ID] = map[string]int64{}
		}
		r.counts[s.ID][step.Name] += values[0]
		r.result.Count(step.Name, values)
		return nil
	case plan.StepStream:
		if !counts {
			return nil
		}
		return r.stream(ctx, step)
	case plan.StepKeep:
		o, err := r.whole(ctx, s, task)
		written[step.Name] = o
		return err
	case plan.StepWrite:
		o, err := r.write(ctx, step)
		written[step.Name] = o
		return err
	}
	return fmt.Errorf("unknown kind %q", step.Kind)
}

func (r *run) stream(ctx context.Context, step plan.Step) error {
	query := r.Session.Query
	if step.Marked {
		query = r.Session.QueryMarked
	}
	rows, err := query(ctx, step.SQL)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := r.result.Describe(step.Name, rows.Schema()); err != nil {
		return err
	}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			r.result.Dropped[step.Name] += rows.Dropped()
			return nil
		}
		if err != nil {
			return err
		}
		r.result.Add(step.Name, batch)
		batch.Release()
	}
}

// write scatters a step's rows by their first column.
func (r *run) write(ctx context.Context, step plan.Step) (*output, error) {
	rows, err := r.Session.Query(ctx, step.SQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	o := &output{schema: rows.Schema(), partitions: make([][]arrow.RecordBatch, step.Partitions)}
	if step.Partitions > 1 {
		o.schema = arrow.NewSchema(rows.Schema().Fields()[1:], nil)
	}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return o, nil
		}
		if err != nil {
			return o, err
		}
		err = o.scatter(batch, step.Partitions)
		batch.Release()
		if err != nil {
			return o, err
		}
	}
}

func (o *output) scatter(batch arrow.RecordBatch, partitions int) error {
	for _, c := range batch.Columns() {
		o.bytes += int64(c.Data().SizeInBytes())
	}
	if partitions == 1 {
		batch.Retain()
		o.partitions[0] = append(o.partitions[0], batch)
		return nil
	}
	places, ok := batch.Column(0).(*array.Int32)
	if !ok || places.NullN() > 0 {
		return fmt.Errorf("the partition numbers are no integers, or null: %s", batch.Column(0).DataType())
	}
	bare := array.NewRecordBatch(o.schema, batch.Columns()[1:], batch.NumRows())
	defer bare.Release()
	for i := range int(batch.NumRows()) {
		p := int(places.Value(i))
		if p < 0 || p >= partitions {
			return fmt.Errorf("row %d goes to partition %d of %d", i, p, partitions)
		}
		o.partitions[p] = append(o.partitions[p], bare.NewSlice(int64(i), int64(i)+1))
	}
	return nil
}
