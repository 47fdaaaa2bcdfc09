package scheduler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/ballista/shuffle"
)

// Collector is the Results of a process with a store of its own.
type Collector struct {
	client *shuffle.Client
	store  *shuffle.Store
	memory int64
	serial atomic.Int64
}

// NewCollector returns a collector that keeps up to memory bytes of a result
// as it is, and puts longer ones into the store. Both stay the caller's.
func NewCollector(client *shuffle.Client, store *shuffle.Store, memory int64) *Collector {
	return &Collector{client: client, store: store, memory: memory}
}

// lostResult is a result that must be made again.
type lostResult struct{ err error }

func (e *lostResult) Error() string { return e.err.Error() }
func (e *lostResult) Unwrap() error { return e.err }

// Lost answers the question of Results.
func (e *lostResult) Lost() bool { return true }

// Collect implements Results. What this process keeps already stays where it
// is.
func (c *Collector) Collect(ctx context.Context, piece plan.Piece) (Rows, error) {
	rows, err := c.collect(ctx, piece)
	var lost *shuffle.LostError
	if errors.As(err, &lost) {
		return nil, &lostResult{err}
	}
	return rows, err
}

func (c *Collector) collect(ctx context.Context, piece plan.Piece) (_ Rows, err error) {
	key := shuffle.Key{Job: piece.From.Job, Stage: piece.From.Stage, Task: piece.From.Task, Attempt: piece.From.Attempt, Step: piece.Step, Partition: piece.Partition}
	from, err := c.client.Open(ctx, piece.Address, piece.Executor, key)
	if err != nil || piece.Executor == plan.LocalExecutor {
		return from, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if piece.Bytes > c.memory {
		return c.spool(ctx, from, piece.From.Job)
	}
	rows := &held{schema: from.Schema()}
	for {
		batch, err := from.Next(ctx)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		rows.batches = append(rows.batches, batch)
	}
}

// spoolStage is the number of no stage: what is kept under it is on its way
// to an observer.
const spoolStage = 1 << 30

// spool moves a result that is too long for memory into the store.
func (c *Collector) spool(ctx context.Context, from shuffle.Reader, job string) (Rows, error) {
	key := shuffle.Key{Job: job, Stage: spoolStage, Task: int(c.serial.Add(1)), Step: "result"}
	w, err := c.store.Writer(key, from.Schema(), 1)
	if err != nil {
		return nil, fmt.Errorf("keep a result: %w", err)
	}
	defer w.Abort()
	for {
		batch, err := from.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		err = w.Write(ctx, batch)
		batch.Release()
		if err != nil {
			return nil, fmt.Errorf("keep a result: %w", err)
		}
	}
	if _, err := w.Commit(ctx); err != nil {
		return nil, fmt.Errorf("keep a result: %w", err)
	}
	rows, err := c.store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &spooled{Reader: rows, remove: func() error {
		return c.store.RemoveAttempt(key.Job, key.Stage, key.Task, key.Attempt)
	}}, nil
}

// held is a result in memory.
type held struct {
	schema  *arrow.Schema
	batches []arrow.RecordBatch
}

func (h *held) Schema() *arrow.Schema { return h.schema }

func (h *held) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(h.batches) == 0 {
		return nil, io.EOF
	}
	batch := h.batches[0]
	h.batches = h.batches[1:]
	return batch, nil
}

func (h *held) Close() error {
	for _, batch := range h.batches {
		batch.Release()
	}
	h.batches = nil
	return nil
}

// spooled is a result in the store, removed once it was read.
type spooled struct {
	shuffle.Reader
	remove func() error
}

func (s *spooled) Close() error { return errors.Join(s.Reader.Close(), s.remove()) }
