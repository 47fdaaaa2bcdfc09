package parquet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/worker/blob"
	"kallad/worker/source"
)

// batches streams one partition. The mutex lets Close of the source come in
// while a reader is in Next.
type batches struct {
	src     *Source
	plan    *scanPlan
	maxRows int64
	onClose func()
	ctx     context.Context // the stream's own, which end ends
	cancel  context.CancelCauseFunc

	mu       sync.Mutex
	segments []segment
	file     *footer // of the open object
	obj      blob.Object
	group    groupReader
	err      error // sticky
}

// groupReader decodes the wanted columns of one row group.
type groupReader interface {
	// read decodes up to n rows; io.EOF after the last.
	read(n int64) (arrow.RecordBatch, error)
	close()
}

// Read implements source.Source.
func (s *Source) Read(ctx context.Context, scan source.Scan, p source.Partition) (source.Batches, error) {
	var share payload
	if err := json.Unmarshal(p.Payload, &share); err != nil {
		return nil, fmt.Errorf("read partition %d: %w", p.Index, err)
	}
	b := &batches{src: s, maxRows: int64(scan.Rows()), segments: share.Segments}
	if len(share.Segments) > 0 {
		first, err := s.footer(ctx, share.Segments[0].File)
		if err != nil {
			return nil, err
		}
		if b.plan, err = s.plan(first.columns, scan); err != nil {
			return nil, err
		}
	}
	if err := s.adopt(ctx, b); err != nil {
		return nil, err
	}
	return b, nil
}

// Next implements source.Batches.
func (b *batches) Next(ctx context.Context) (arrow.RecordBatch, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if b.err != nil {
			return nil, b.err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if b.ctx.Err() != nil {
			return nil, b.fail(ctx, context.Cause(b.ctx))
		}
		batch, err := b.decode(ctx)
		if err == nil && batch != nil {
			batch, err = b.finish(ctx, batch)
		}
		if err != nil {
			return nil, b.fail(ctx, err)
		}
		if batch != nil {
			return batch, nil
		}
	}
}

// fail keeps what ends the stream. The end of the caller's own ctx does not.
func (b *batches) fail(ctx context.Context, err error) error {
	if stopped(ctx, err) {
		return err
	}
	if b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	b.err = err
	if closeErr := b.closeFile(); closeErr != nil {
		b.err = errors.Join(err, closeErr)
	}
	return b.err
}

// decode returns the next rows of the open row group, nil when it had none
// left.
func (b *batches) decode(ctx context.Context) (arrow.RecordBatch, error) {
	if b.group == nil {
		if err := b.openGroup(ctx); err != nil {
			return nil, err
		}
	}
	batch, err := b.group.read(b.maxRows)
	if errors.Is(err, io.EOF) {
		b.closeGroup()
		return nil, nil
	}
	return batch, err
}

// openGroup opens the next row group; io.EOF after the last.
func (b *batches) openGroup(ctx context.Context) error {
	for len(b.segments) > 0 && len(b.segments[0].Groups) == 0 {
		b.segments = b.segments[1:]
		if err := b.closeFile(); err != nil {
			return err
		}
	}
	if len(b.segments) == 0 {
		return io.EOF
	}
	s := &b.segments[0]
	if b.obj == nil {
		if err := b.openFile(ctx, s.File); err != nil {
			return err
		}
	}
	group := s.Groups[0]
	if group < 0 || group >= b.file.meta.NumRowGroups() {
		return fmt.Errorf("read %s: it has no row group %d", s.File.URI, group)
	}
	var err error
	b.group, err = b.newGroupReader(group)
	if err != nil {
		return err
	}
	s.Groups = s.Groups[1:]
	return nil
}

func (b *batches) openFile(ctx context.Context, id fileID) error {
	file, err := b.src.footer(ctx, id)
	if err != nil {
		return err
	}
	obj, err := b.src.store.OpenVersion(b.ctx, id.URI, id.Version)
	if err != nil {
		return readError(id.URI, err)
	}
	b.file, b.obj = file, obj
	return nil
}

func (b *batches) newGroupReader(group int) (groupReader, error) {
	if len(b.plan.read) == 0 {
		return &counter{schema: b.plan.schema, left: b.file.rows(group)}, nil
	}
	r, err := newColumnsReader(b.ctx, b.src, b.plan, b.file, b.obj, group)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (b *batches) closeGroup() {
	if b.group != nil {
		b.group.close()
		b.group = nil
	}
}

func (b *batches) closeFile() error {
	b.closeGroup()
	if b.obj == nil {
		return nil
	}
	err := b.obj.Close()
	b.obj = nil
	if err != nil {
		return readError(b.file.id.URI, err)
	}
	return nil
}

// finish filters a decoded batch, which it consumes, and picks the wanted
// columns. The result is nil when no row is left.
func (b *batches) finish(ctx context.Context, batch arrow.RecordBatch) (arrow.RecordBatch, error) {
	if b.plan.filter == nil {
		return batch, nil
	}
	kept, err := b.plan.filter.Apply(ctx, batch)
	batch.Release()
	if err != nil {
		return nil, err
	}
	defer kept.Release()
	if kept.NumRows() == 0 {
		return nil, nil
	}
	return array.NewRecordBatch(b.plan.out, kept.Columns()[:b.plan.wanted], kept.NumRows()), nil
}

// Close implements source.Batches.
func (b *batches) Close() error { return b.end(errClosed) }

// end stops the stream for the given reason, from any goroutine.
func (b *batches) end(reason error) error {
	b.cancel(reason)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.onClose != nil {
		b.onClose()
		b.onClose = nil
	}
	err := b.closeFile()
	if b.err == nil || errors.Is(b.err, io.EOF) {
		b.err = reason
	}
	return err
}

// counter gives the rows of a row group of which no column is wanted.
type counter struct {
	schema *arrow.Schema
	left   int64
}

func (c *counter) read(n int64) (arrow.RecordBatch, error) {
	if c.left == 0 {
		return nil, io.EOF
	}
	n = min(n, c.left)
	c.left -= n
	return array.NewRecordBatch(c.schema, nil, n), nil
}

func (c *counter) close() {}
