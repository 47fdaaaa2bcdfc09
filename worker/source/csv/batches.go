package csv

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/worker/blob"
	"kallad/worker/source/filter"
)

// errClosed is the end of a stream that was closed.
var errClosed = errors.New("the stream is closed")

// batches streams one partition. The mutex lets Close of the source come in
// while a reader is in Next.
type batches struct {
	store   blob.Store
	cfg     Config
	payload *payload
	maxRows int
	onClose func()

	// read is the schema of the columns that are decoded, fields where they
	// are in the file, decode their decoders; filter works on read's batches.
	read   *arrow.Schema
	fields []int
	filter *filter.Predicate
	// out picks the wanted columns from the decoded ones.
	out      *arrow.Schema
	pick     []int
	ctx      context.Context // the stream's own, which close ends
	cancel   context.CancelCauseFunc
	decoders []decoder

	mu      sync.Mutex
	next    int // the segment after the open one
	current *segment
	obj     blob.Object
	feed    *feed
	scanner *scanner
	err     error // sticky
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
			return nil, b.fail(context.Cause(b.ctx))
		}
		batch, err := b.decodeBatch(ctx)
		if err == nil && batch != nil {
			batch, err = b.finish(ctx, batch)
		}
		if err != nil {
			return nil, b.fail(err)
		}
		if batch != nil {
			return batch, nil
		}
	}
}

// fail ends the stream: rows of a batch that was begun are gone, so that going
// on would lose them.
func (b *batches) fail(err error) error {
	if b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	b.err = err
	if closeErr := b.closeSegment(); closeErr != nil {
		b.err = errors.Join(err, closeErr)
	}
	return b.err
}

// decodeBatch decodes up to maxRows rows, or fewer when their text is long.
// The batch is nil when there was none before the end of a segment.
func (b *batches) decodeBatch(ctx context.Context) (arrow.RecordBatch, error) {
	if b.feed == nil {
		if err := b.openSegment(ctx); err != nil {
			return nil, err
		}
	}
	for _, d := range b.decoders {
		d.reserve(b.maxRows)
	}
	rows, err := b.fill(ctx)
	if err != nil || rows == 0 {
		for _, d := range b.decoders {
			d.release()
		}
		if err != nil {
			return nil, err
		}
		return nil, b.closeSegment()
	}
	columns := make([]arrow.Array, len(b.decoders))
	for i, d := range b.decoders {
		columns[i] = d.finish()
	}
	batch := array.NewRecordBatch(b.read, columns, int64(rows))
	for _, c := range columns {
		c.Release()
	}
	return batch, nil
}

// fill decodes rows of the open segment until the batch is full or the
// segment ends, and returns how many.
func (b *batches) fill(ctx context.Context) (int, error) {
	rows, size := 0, 0
	f := b.feed
	for rows < b.maxRows && size < b.cfg.BatchBytes {
		final := f.final && b.current.toFileEnd()
		next, bad := b.scanner.scan(f.buf, f.pos, f.n, final, b.maxRows-rows)
		if b.scanner.rows > 0 {
			if err := b.decodeRows(ctx); err != nil {
				return rows, err
			}
			rows += b.scanner.rows
			size += next - f.pos
		}
		if bad != nil {
			return rows, b.faultError(ctx, bad)
		}
		f.pos = next
		if rows == b.maxRows || (f.final && f.pos == f.n) {
			break
		}
		if f.final && !final {
			return rows, b.borderError(ctx)
		}
		if f.final {
			continue
		}
		if err := b.more(ctx); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// decodeRows decodes what the scanner found.
func (b *batches) decodeRows(ctx context.Context) error {
	stride := len(b.fields)
	for i, d := range b.decoders {
		if row := d.decode(b.feed.buf, b.scanner.spans[i:], stride); row >= 0 {
			return b.valueError(ctx, i, b.scanner.spans[i+row*stride])
		}
	}
	return nil
}

// more reads on in the segment and checks at its end that it came whole.
func (b *batches) more(ctx context.Context) error {
	if err := b.feed.more(ctx); err != nil {
		return readError(b.current.File.URI, err)
	}
	if b.feed.final {
		return b.checkLength()
	}
	return nil
}

// checkLength refuses a segment that ended before its bytes did.
func (b *batches) checkLength() error {
	end := b.current.End
	if end < 0 && !b.current.File.streamed() {
		end = b.current.File.Size
	}
	if got := b.feed.base + int64(b.feed.n); end >= 0 && got != end {
		return readError(b.current.File.URI, &lengthError{got: got, want: end})
	}
	return nil
}

// openSegment opens the next segment; io.EOF after the last.
func (b *batches) openSegment(ctx context.Context) error {
	if b.next == len(b.payload.Segments) {
		return io.EOF
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s := &b.payload.Segments[b.next]
	b.next++
	obj, err := b.store.OpenVersion(b.ctx, s.File.URI, s.File.Version)
	if err != nil {
		return readError(s.File.URI, err)
	}
	feed, err := openFeed(b.ctx, obj, &s.File, s.Start, s.End, b.cfg.BlockBytes)
	if err != nil {
		return errors.Join(readError(s.File.URI, err), obj.Close())
	}
	b.current, b.obj, b.feed = s, obj, feed
	b.scanner = newScanner(&b.payload.Dialect, s.File.Newline, len(b.payload.Columns), b.fields)
	b.decoders = b.decoders[:0]
	for _, at := range b.fields {
		b.decoders = append(b.decoders, newDecoder(b.payload.Columns[at], &b.payload.Dialect, s.File.Encoding, b.cfg.Allocator))
	}
	return nil
}

// closeSegment closes what openSegment opened.
func (b *batches) closeSegment() error {
	if b.feed == nil {
		return nil
	}
	err := errors.Join(b.feed.close(), b.obj.Close())
	b.feed, b.obj = nil, nil
	if err != nil {
		return readError(b.current.File.URI, err)
	}
	return nil
}

// finish filters a decoded batch, which it consumes, and picks the wanted
// columns. The result is nil when no row is left.
func (b *batches) finish(ctx context.Context, batch arrow.RecordBatch) (arrow.RecordBatch, error) {
	if b.filter != nil {
		kept, err := b.filter.Apply(ctx, batch)
		batch.Release()
		if err != nil {
			return nil, err
		}
		batch = kept
	}
	defer batch.Release()
	if batch.NumRows() == 0 {
		return nil, nil
	}
	columns := make([]arrow.Array, len(b.pick))
	for i, at := range b.pick {
		columns[i] = batch.Column(at)
	}
	return array.NewRecordBatch(b.out, columns, batch.NumRows()), nil
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
	err := b.closeSegment()
	if b.err == nil || errors.Is(b.err, io.EOF) {
		b.err = reason
	}
	return err
}
