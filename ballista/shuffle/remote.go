package shuffle

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	_ "github.com/apache/arrow-go/v18/arrow/extensions" // so that schemas come back with them
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// remoteReader reads a piece of another process. When the connection breaks
// it goes on with the block that is next: blocks do not change.
type remoteReader struct {
	client   *Client
	conn     *conn
	address  string
	executor string
	key      Key

	layout *layout
	stream flight.FlightService_DoGetClient
	own    context.Context // of the stream
	cancel context.CancelCauseFunc
	// begun says that the stream's schema has come.
	begun bool
	// got is what has arrived.
	got    trailer
	failed int // attempts in a row
	err    error
}

var errSilent = errors.New("it sends nothing")

func (r *remoteReader) Schema() *arrow.Schema { return r.layout.schema }

// open begins to read, up to the schema.
func (r *remoteReader) open(ctx context.Context) error {
	for r.layout == nil {
		if _, err := r.receive(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *remoteReader) Next(ctx context.Context) (arrow.RecordBatch, error) {
	for {
		message, err := r.receive(ctx)
		if err != nil {
			return nil, err
		}
		if message == nil {
			continue
		}
		batch, err := r.decode(message)
		if err != nil {
			return nil, r.lost(err)
		}
		return batch, nil
	}
}

// receive returns the next message with a block, or nil when it got further
// in another way, or io.EOF at the end of a piece that is complete.
func (r *remoteReader) receive(ctx context.Context) (*incoming, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	message, err := r.try(ctx)
	if err != nil {
		return nil, r.retry(ctx, err)
	}
	switch {
	case message.segment != nil && (len(message.metadata) != 4 || message.crc != binary.LittleEndian.Uint32(message.metadata)):
		message.drop()
		return nil, r.lost(corrupt("the checksum of message %d", r.got.blocks))
	case !r.begun:
		return nil, r.schema(message)
	case message.segment != nil:
		r.failed = 0
		return message, nil
	case !r.got.matches(message.metadata):
		return nil, r.lost(corrupt("%d blocks and %d rows came, and the end says otherwise", r.got.blocks, r.got.rows))
	}
	r.end(io.EOF)
	return nil, io.EOF
}

// try waits for one message, for as long as a peer may be silent.
func (r *remoteReader) try(ctx context.Context) (*incoming, error) {
	if r.stream == nil {
		r.own, r.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	}
	defer r.watch(ctx)()
	if r.stream == nil {
		ticket := r.key.String()
		if r.got.blocks > 0 {
			ticket += resumeMark + strconv.Itoa(r.got.blocks)
		}
		stream, err := r.conn.flight().DoGet(r.own, &flight.Ticket{Ticket: []byte(ticket)})
		if err != nil {
			return nil, r.cause(err)
		}
		r.stream = stream
	}
	message := &incoming{arena: r.client.local.arena}
	if err := r.stream.RecvMsg(message); err != nil {
		return nil, r.cause(err)
	}
	return message, nil
}

// watch cancels the stream when the peer is silent for too long or ctx ends,
// until it is stopped.
func (r *remoteReader) watch(ctx context.Context) (stop func()) {
	cancel := r.cancel
	silence := time.AfterFunc(r.client.cfg.Silence, func() {
		cancel(fmt.Errorf("%w for %s", errSilent, r.client.cfg.Silence))
	})
	ended := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return func() {
		silence.Stop()
		ended()
	}
}

// cause says why a stream failed, if it was us who ended it.
func (r *remoteReader) cause(err error) error {
	if own := context.Cause(r.own); own != nil {
		return own
	}
	return err
}

// schema takes the schema, which begins every stream.
func (r *remoteReader) schema(message *incoming) error {
	defer message.drop()
	if message.segment == nil || r.layout != nil && !bytes.Equal(r.layout.head, message.block) {
		return r.lost(corrupt("the schema"))
	}
	r.begun = true
	if r.layout != nil {
		return nil
	}
	schema, err := readSchema(message.block)
	if err == nil {
		r.layout, err = newLayout(schema)
	}
	if err != nil {
		return r.lost(corrupt("the schema: %v", err))
	}
	return nil
}

// readSchema reads a schema message.
func readSchema(message []byte) (_ *arrow.Schema, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	reader, err := ipc.NewReader(bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	defer reader.Release()
	return reader.Schema(), nil
}

// decode makes a batch of a block.
func (r *remoteReader) decode(m *incoming) (arrow.RecordBatch, error) {
	n, at := len(m.block), r.layout.rowsAt
	if n < at+8 {
		m.drop()
		return nil, corrupt("a block of %d bytes", n)
	}
	rows := int(binary.LittleEndian.Uint64(m.block[at:]))
	batch, err := decodeSegment(r.layout, m.segment, m.block, rows)
	if err != nil {
		return nil, err
	}
	r.got = trailer{r.got.blocks + 1, r.got.rows + int64(rows), addSum(r.got.sum, n, m.crc)}
	r.client.local.counters.ReadRemote.Add(int64(n))
	return batch, nil
}

// retry returns nil when it is worth asking again, after a pause.
func (r *remoteReader) retry(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		r.end(ctx.Err())
		return ctx.Err()
	}
	again := false
	switch code := status.Code(err); {
	case r.client.isClosed():
		r.end(ErrClosed)
		return ErrClosed
	case code == codes.Unauthenticated, code == codes.PermissionDenied:
		r.end(fmt.Errorf("read piece %s of executor %s at %s: %w", r.key, r.executor, r.address, err))
		return r.err
	case code == busy:
		again = true
	case errors.Is(err, io.EOF):
		err = corrupt("it ends too soon")
	case code == codes.Unavailable:
		r.failed++
		again = r.failed < r.client.cfg.Attempts
	}
	if !again {
		lost := newLost(r.key, r.executor, fmt.Errorf("at %s: %w", r.address, err))
		lost.Unreachable = status.Code(err) == codes.Unavailable || errors.Is(err, errSilent)
		return r.fail(lost)
	}
	r.client.local.counters.Retries.Add(1)
	r.drop()
	return r.pause(ctx)
}

// longestPause is the longest time between two attempts.
const longestPause = 5 * time.Second

func (r *remoteReader) pause(ctx context.Context) error {
	timer := time.NewTimer(min(r.client.cfg.Pause<<max(r.failed-1, 0), longestPause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		r.end(ctx.Err())
		return ctx.Err()
	}
}

func (r *remoteReader) lost(err error) error { return r.fail(newLost(r.key, r.executor, err)) }

func (r *remoteReader) fail(err *LostError) error {
	r.client.local.counters.Lost.Add(1)
	r.end(err)
	return err
}

// drop ends the stream.
func (r *remoteReader) drop() {
	if r.cancel != nil {
		r.cancel(ErrClosed)
		r.cancel, r.stream, r.begun = nil, nil, false
	}
}

// end ends the reading; Next returns err from now on.
func (r *remoteReader) end(err error) {
	r.drop()
	if r.err == nil {
		r.err = err
	}
}

func (r *remoteReader) Close() error {
	r.end(ErrClosed)
	if r.conn != nil {
		r.client.release(r.conn)
		r.conn = nil
	}
	return nil
}
