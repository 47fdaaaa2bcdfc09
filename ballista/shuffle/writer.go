package shuffle

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Limits of what a writer takes.
const (
	// MaxPartitions is the most partitions of one output.
	MaxPartitions = 1 << 16
	// MaxBlock is the largest block, which is one row then. Unit: bytes.
	MaxBlock = 256 << 20
	// A writer collects collectBytes or blockRows for each partition, within
	// its buffer, before it makes blocks: of that size on average, of at most
	// blockBytes or twice the rows otherwise. Only a single row makes one
	// larger than largeBlock. Unit: bytes, rows.
	collectBytes = 512 << 10
	blockRows    = 16 << 10
	blockBytes   = 1 << 20
	largeBlock   = 2 << 20
)

// Written is what an output has for one partition.
type Written struct {
	Partition int
	Rows      int64
	// Bytes is its size as it is kept, and Spilled how much of that is on
	// disk.
	Bytes   int64
	Spilled int64
}

// Writer writes one output. It is for one goroutine.
//
// It collects batches until there is enough for a block per partition, and
// then copies each value once, from the batches to where it stays.
type Writer struct {
	store      *Store
	output     *output
	partitions int
	router     router
	pieces     []piece
	collected  int
	ended      error
}

// keptSchema is what is kept of batches of a schema.
func keptSchema(schema *arrow.Schema, partitions int) (*arrow.Schema, error) {
	if partitions == 1 {
		return schema, nil
	}
	if schema.NumFields() == 0 || schema.Field(0).Type.ID() != arrow.INT32 {
		return nil, fmt.Errorf("the first column does not say the partition: %s", schema)
	}
	meta := schema.Metadata()
	return arrow.NewSchema(schema.Fields()[1:], &meta), nil
}

func newWriter(s *Store, o *output, partitions int) *Writer {
	return &Writer{store: s, output: o, partitions: partitions, pieces: make([]piece, partitions), router: router{partitions: partitions}}
}

// Write takes the rows of a batch. It may keep a reference to the batch until
// Commit or Abort. It does not release it.
//
// A *FullError says that the store has no room left, ErrRemoved that the job
// was removed meanwhile.
func (w *Writer) Write(ctx context.Context, batch arrow.RecordBatch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.ended != nil {
		return w.ended
	}
	if err := w.write(batch); err != nil {
		return w.fail(err)
	}
	return nil
}

func (w *Writer) write(batch arrow.RecordBatch) error {
	if err := w.check(batch); err != nil {
		return err
	}
	if batch.NumRows() == 0 {
		return nil
	}
	if err := w.router.add(batch); err != nil {
		return err
	}
	for i, c := range batch.Columns()[w.first():] {
		w.collected += w.output.layout.fields[i].sizeOf(c.Data(), 0, c.Len())
	}
	if w.collected >= min(int(w.store.cfg.WriteBuffer), w.partitions*collectBytes) || w.router.rows >= w.partitions*blockRows {
		return w.flush()
	}
	return nil
}

// first is the number of the first column that is kept.
func (w *Writer) first() int {
	if w.partitions == 1 {
		return 0
	}
	return 1
}

func (w *Writer) check(batch arrow.RecordBatch) error {
	columns := batch.Columns()[min(w.first(), int(batch.NumCols())):]
	fields := w.output.layout.fields
	if len(columns) != len(fields) {
		return fmt.Errorf("internal error: a batch of %d columns in place of %d", len(columns), len(fields))
	}
	for i, c := range columns {
		if !arrow.TypeEqual(c.DataType(), fields[i].typ) {
			return fmt.Errorf("internal error: column %q is %s in place of %s",
				w.output.layout.schema.Field(i).Name, c.DataType(), fields[i].typ)
		}
	}
	return nil
}

// flush makes blocks of what was collected.
func (w *Writer) flush() error {
	defer func() {
		w.router.reset()
		w.collected = 0
	}()
	f := flush{
		layout: w.output.layout, output: w.output, router: &w.router, first: w.first(),
		budget: max(int(w.store.cfg.WriteBuffer), largeBlock), counters: &w.store.counters,
	}
	return f.run(w.collected, w.pieces)
}

// Commit publishes what was written: every partition at once, or nothing. It
// returns them all, also those without rows.
func (w *Writer) Commit(ctx context.Context) ([]Written, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if w.ended != nil {
		return nil, w.ended
	}
	if err := w.flush(); err != nil {
		return nil, w.fail(err)
	}
	if err := w.output.commit(w.pieces); err != nil {
		return nil, w.fail(err)
	}
	w.end(ErrClosed)
	written := make([]Written, w.partitions)
	for i, p := range w.pieces {
		written[i] = Written{Partition: i, Rows: p.rows, Bytes: p.bytes, Spilled: p.spilled}
	}
	return written, nil
}

// Abort removes what was written, unless it is committed. It may be called
// any number of times.
func (w *Writer) Abort() {
	if w.ended != nil {
		return
	}
	w.end(ErrClosed)
	if err := w.store.forget(w.output); err != nil {
		w.store.log.Warn("what a task had written is not removed", "output", w.output.name, "error", err)
	}
}

// fail gives everything back at once, so that others find room.
func (w *Writer) fail(err error) error {
	err = fmt.Errorf("write %s: %w", w.output.name, err)
	w.end(err)
	return errors.Join(err, w.store.forget(w.output))
}

func (w *Writer) end(why error) {
	w.ended = why
	w.router.reset()
}
