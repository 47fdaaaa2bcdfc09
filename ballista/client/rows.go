package client

import (
	"context"
	"errors"
	"io"
	"maps"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
)

// Rows is the result of a query on its way. It is for one goroutine, except
// for Progress, which any may call.
type Rows struct {
	cancel context.CancelCauseFunc
	// schema is closed over by known.
	schema  *arrow.Schema
	known   chan struct{}
	once    sync.Once
	batches chan arrow.RecordBatch
	done    chan struct{}
	err     error // once done is closed

	mu       sync.Mutex
	progress Progress
}

// Progress is how far a query is.
type Progress struct {
	// Rows were read so far, by source.
	Rows map[string]int64
	// Stages are where its stages are; empty for a query that one task of this
	// process does by itself.
	Stages []plan.StageStatus
}

// errClosed is the cause of a query whose rows were closed before their end.
var errClosed = errors.New("the rows were closed")

// start runs the query in the background, into rows.
func start(ctx context.Context, run func(ctx context.Context, r *Rows) error) *Rows {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &Rows{
		cancel: cancel, known: make(chan struct{}), done: make(chan struct{}),
		// One waits while the next is computed.
		batches:  make(chan arrow.RecordBatch, 1),
		progress: Progress{Rows: map[string]int64{}},
	}
	go func() {
		defer close(r.done)
		defer cancel(nil)
		r.err = run(ctx, r)
	}()
	return r
}

// describe makes the schema known. All streams of a query have the same.
func (r *Rows) describe(schema *arrow.Schema) {
	r.once.Do(func() {
		r.schema = schema
		close(r.known)
	})
}

// put hands a batch over, and waits until it is taken.
func (r *Rows) put(ctx context.Context, batch arrow.RecordBatch) error {
	select {
	case r.batches <- batch:
		return nil
	case <-ctx.Done():
		batch.Release()
		return context.Cause(ctx)
	}
}

// Schema returns the schema of the rows, as soon as it is known.
func (r *Rows) Schema(ctx context.Context) (*arrow.Schema, error) {
	select {
	case <-r.known:
		return r.schema, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-r.done:
	}
	select {
	case <-r.known:
		return r.schema, nil
	default:
	}
	if r.err == nil {
		return nil, errors.New("internal error: the query returned nothing, not even its columns")
	}
	return nil, r.err
}

// Next returns the next batch, which the caller releases, or io.EOF after the
// last. Batches that came before an error are no part of a result.
func (r *Rows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	select {
	case batch := <-r.batches:
		return batch, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-r.done:
	}
	select {
	case batch := <-r.batches:
		return batch, nil
	default:
	}
	if r.err != nil {
		return nil, r.err
	}
	return nil, io.EOF
}

// Progress returns how far the query is.
func (r *Rows) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Progress{Rows: maps.Clone(r.progress.Rows), Stages: r.progress.Stages}
}

// Cancel ends the query. Next then returns an error.
func (r *Rows) Cancel() { r.cancel(context.Canceled) }

// Close ends the query, if it has not ended, and waits until nothing of it is
// left here. It returns the error that the query ended with, if it ended by
// itself. It may be called more than once.
func (r *Rows) Close() error {
	r.cancel(errClosed)
	for {
		select {
		case batch := <-r.batches:
			batch.Release()
		case <-r.done:
			for {
				select {
				case batch := <-r.batches:
					batch.Release()
				default:
					if errors.Is(r.err, errClosed) {
						return nil
					}
					return r.err
				}
			}
		}
	}
}
