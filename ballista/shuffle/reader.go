package shuffle

import (
	"context"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Reader reads a piece, in the order in which it was written. It is for one
// goroutine at a time.
type Reader interface {
	// Schema is that of all batches.
	Schema() *arrow.Schema
	// Next returns the next batch, which the caller releases, or io.EOF after
	// the last. The memory of a batch is not Go's: no value of it, not even a
	// string, may be used after its release. A *LostError says that the piece
	// must be made again, and that what was read of it so far is worth nothing.
	Next(ctx context.Context) (arrow.RecordBatch, error)
	// Close ends the reading. Batches that were returned stay valid until they
	// are released.
	Close() error
}

// localReader reads a piece of this process's own store.
type localReader struct {
	store  *Store
	output *output
	piece  piece
	key    Key
	self   string
	next   int
	err    error
}

func (r *localReader) Schema() *arrow.Schema { return r.output.layout.schema }

func (r *localReader) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	if r.next == len(r.piece.blocks) {
		return nil, io.EOF
	}
	b := r.piece.blocks[r.next]
	r.next++
	batch, err := r.read(b)
	if err != nil {
		r.store.counters.Lost.Add(1)
		r.err = newLost(r.key, r.self, err)
		return nil, r.err
	}
	r.store.counters.ReadLocal.Add(int64(b.length))
	return batch, nil
}

func (r *localReader) read(b block) (arrow.RecordBatch, error) {
	segment, data, err := r.output.hold(b)
	if err != nil {
		return nil, err
	}
	return decodeSegment(r.output.layout, segment, data, b.rows)
}

// decodeSegment decodes a block that lies in a segment, and takes over the
// caller's hold of the segment.
func decodeSegment(l *layout, s *segment, data []byte, rows int) (arrow.RecordBatch, error) {
	buffer := memory.NewBufferWithAllocator(data, s)
	defer buffer.Release()
	batch, err := l.decode(buffer)
	if err != nil {
		return nil, err
	}
	if batch.NumRows() != int64(rows) {
		batch.Release()
		return nil, corrupt("a block with %d rows in place of %d", batch.NumRows(), rows)
	}
	return batch, nil
}

func (r *localReader) Close() error {
	if r.err == nil {
		r.err = ErrClosed
	}
	return nil
}
