package executor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/shuffle"
)

// keeper is the observer of a task whose results are kept until somebody
// fetches them, and whose progress is asked for now and then.
type keeper struct {
	store *shuffle.Store
	id    plan.TaskID
	begun func()

	mu      sync.Mutex
	rows    map[string]int64
	loaded  map[string]int64
	steps   []string
	share   float64
	counts  []*control.Counts
	outputs []*control.Output
}

func newKeeper(store *shuffle.Store, task plan.Task, begun func()) *keeper {
	return &keeper{store: store, id: task.ID, begun: begun, rows: map[string]int64{}, loaded: map[string]int64{}}
}

// Rows implements plan.Course.
func (k *keeper) Rows(source string, rows int) {
	k.mu.Lock()
	k.rows[source] += int64(rows)
	k.mu.Unlock()
}

// Loaded implements plan.Course.
func (k *keeper) Loaded(source string, rows int64) {
	k.mu.Lock()
	k.loaded[source] += rows
	k.mu.Unlock()
}

// Begin implements plan.Course.
func (k *keeper) Begin(step string) {
	k.mu.Lock()
	k.steps, k.share = append(k.steps, step), 0
	k.mu.Unlock()
	k.begun()
}

// Advance implements plan.Course.
func (k *keeper) Advance(_ string, share float64) {
	k.mu.Lock()
	k.share = share
	k.mu.Unlock()
}

// Counts implements plan.Course.
func (k *keeper) Counts(step string, values []int64) error {
	k.mu.Lock()
	k.counts = append(k.counts, &control.Counts{Step: step, Values: values})
	k.mu.Unlock()
	return nil
}

// Stream implements plan.Course: the result waits here as an output of one
// partition.
func (k *keeper) Stream(ctx context.Context, step string, rows plan.Stream) error {
	return k.keep(ctx, step, rows, 1)
}

// Write implements plan.TaskObserver.
func (k *keeper) Write(ctx context.Context, step plan.Step, rows plan.Stream) error {
	return k.keep(ctx, step.Name, rows, max(1, step.Partitions))
}

func (k *keeper) keep(ctx context.Context, step string, rows plan.Stream, partitions int) error {
	key := shuffle.Key{Job: k.id.Job, Stage: k.id.Stage, Task: k.id.Task, Attempt: k.id.Attempt, Step: step}
	schema := rows.Schema()
	w, err := k.store.Writer(key, schema, partitions)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := copyRows(ctx, w, rows); err != nil {
		return err
	}
	written, err := w.Commit(ctx)
	if err != nil {
		return err
	}
	if partitions > 1 {
		schema = arrow.NewSchema(schema.Fields()[1:], nil)
	}
	out := &control.Output{Step: step, Dropped: rows.Dropped()}
	if out.Schema, err = schemaMessage(schema); err != nil {
		return err
	}
	for _, p := range written {
		out.Written = append(out.Written, &control.Written{Partition: int32(p.Partition), Rows: p.Rows, Bytes: p.Bytes, Spilled: p.Spilled})
	}
	k.mu.Lock()
	k.outputs = append(k.outputs, out)
	k.mu.Unlock()
	return nil
}

func copyRows(ctx context.Context, w *shuffle.Writer, rows plan.Stream) error {
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = w.Write(ctx, batch)
		batch.Release()
		if err != nil {
			return err
		}
	}
}

// progress is how far the task is.
func (k *keeper) progress() *control.Progress {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &control.Progress{Rows: maps.Clone(k.rows), Begun: slices.Clone(k.steps), Share: k.share}
}

// fill adds what the task did to the report of its end.
func (k *keeper) fill(ended *control.Ended) {
	ended.Progress = k.progress()
	ended.Progress.Id = ended.Id
	k.mu.Lock()
	defer k.mu.Unlock()
	ended.Loaded, ended.Counts = maps.Clone(k.loaded), k.counts
	if ended.Outcome == control.Outcome_DONE {
		ended.Outputs = k.outputs
	}
}

// schemaMessage is a schema in the form of Arrow's IPC streams.
func schemaMessage(schema *arrow.Schema) ([]byte, error) {
	var buf bytes.Buffer
	if err := ipc.NewWriter(&buf, ipc.WithSchema(schema)).Close(); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return buf.Bytes(), nil
}

func toWire(id plan.TaskID) *control.TaskID {
	return &control.TaskID{Job: id.Job, Stage: int32(id.Stage), Task: int32(id.Task), Attempt: int32(id.Attempt)}
}

func fromWire(id *control.TaskID) plan.TaskID {
	return plan.TaskID{Job: id.GetJob(), Stage: int(id.GetStage()), Task: int(id.GetTask()), Attempt: int(id.GetAttempt())}
}
