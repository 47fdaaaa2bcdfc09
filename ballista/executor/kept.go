package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// kept is the rows of a source on their way to whoever keeps them whole, while
// the session gets some of their columns. They are consumed in a goroutine of
// their own, a batch at a time.
//
// A nil *kept is that of a task that keeps none.
type kept struct {
	step     plan.Step
	observer plan.TaskObserver
	ctx      context.Context
	cancel   context.CancelFunc
	schema   *arrow.Schema
	batches  chan arrow.RecordBatch
	consumer sync.WaitGroup
	// partitions is how many are to be read; read, guarded by mu, how many were.
	partitions int
	mu         sync.Mutex
	read       int
	// gone is closed when nobody takes batches any more, for the reason err.
	gone chan struct{}
	err  error
}

// keep returns the whole rows of a step. The caller calls abort in the end.
func keep(ctx context.Context, step plan.Step, observer plan.TaskObserver) *kept {
	k := &kept{step: step, observer: observer, batches: make(chan arrow.RecordBatch), gone: make(chan struct{})}
	k.ctx, k.cancel = context.WithCancel(ctx)
	return k
}

// input begins to keep the batches of an input, and returns the input with
// some of their columns.
func (k *kept) input(in engine.Input, columns []string) (engine.Input, error) {
	if k == nil || k.schema != nil {
		return in, fmt.Errorf("internal error: nobody keeps its whole rows")
	}
	places := make([]int, len(columns))
	fields := make([]arrow.Field, len(columns))
	for i, name := range columns {
		if places[i] = slices.IndexFunc(in.Schema.Fields(), func(f arrow.Field) bool { return f.Name == name }); places[i] < 0 {
			return in, fmt.Errorf("internal error: no column %q among those that are read", name)
		}
		fields[i] = in.Schema.Field(places[i])
	}
	k.schema, k.partitions = in.Schema, in.Partitions
	k.consumer.Go(func() {
		k.err = k.observer.Write(k.ctx, k.step, k)
		close(k.gone)
	})
	open := in.Open
	in.Schema = arrow.NewSchema(fields, nil)
	in.Open = func(ctx context.Context, i int) (engine.Batches, error) {
		batches, err := open(ctx, i)
		if err != nil {
			return nil, err
		}
		return &forked{Batches: batches, kept: k, schema: in.Schema, places: places}, nil
	}
	return in, nil
}

// take hands a batch over, which stays the caller's.
func (k *kept) take(ctx context.Context, batch arrow.RecordBatch) error {
	batch.Retain()
	select {
	case k.batches <- batch:
		return nil
	case <-k.gone:
		batch.Release()
		if k.err == nil {
			return fmt.Errorf("internal error: rows came after all were kept")
		}
		return k.err
	case <-ctx.Done():
		batch.Release()
		return context.Cause(ctx)
	}
}

// ended notes that a partition was read to its end.
func (k *kept) ended() {
	k.mu.Lock()
	k.read++
	k.mu.Unlock()
}

// finish waits until all rows are kept.
func (k *kept) finish() error {
	if k == nil || k.schema == nil {
		return errors.New("internal error: nothing was read that could be kept")
	}
	k.mu.Lock()
	read := k.read
	k.mu.Unlock()
	if read != k.partitions {
		return fmt.Errorf("internal error: %d of %d partitions were read when all rows were to be kept", read, k.partitions)
	}
	close(k.batches)
	k.consumer.Wait()
	return k.err
}

// abort ends the keeping, if it has not ended.
func (k *kept) abort() {
	if k == nil {
		return
	}
	k.cancel()
	k.consumer.Wait()
}

// Schema implements plan.Stream.
func (k *kept) Schema() *arrow.Schema { return k.schema }

// Next implements plan.Stream.
func (k *kept) Next(ctx context.Context) (arrow.RecordBatch, error) {
	select {
	case batch, ok := <-k.batches:
		if !ok {
			return nil, io.EOF
		}
		return batch, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Dropped implements plan.Stream.
func (k *kept) Dropped() int64 { return 0 }

// forked hands each batch to whoever keeps it, and on with some of its columns.
type forked struct {
	engine.Batches
	kept   *kept
	schema *arrow.Schema
	places []int
}

// Next implements engine.Batches.
func (f *forked) Next(ctx context.Context) (arrow.RecordBatch, error) {
	whole, err := f.Batches.Next(ctx)
	if errors.Is(err, io.EOF) {
		f.kept.ended()
	}
	if err != nil {
		return nil, err
	}
	defer whole.Release()
	if err := f.kept.take(ctx, whole); err != nil {
		return nil, err
	}
	columns := make([]arrow.Array, len(f.places))
	for i, at := range f.places {
		columns[i] = whole.Column(at)
	}
	return array.NewRecordBatch(f.schema, columns, whole.NumRows()), nil
}
