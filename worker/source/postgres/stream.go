package postgres

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// stream is one partition on its way: a SELECT with a binary result, whose
// messages are decoded as they come. It takes the connection over from the
// driver, because it reads the wire itself, and reads no further than the
// consumer has asked: that is all the back pressure there is.
//
// SELECT is used rather than COPY. The rows have the same form in both; SELECT
// takes parameters, and measured 5 % faster.
type stream struct {
	src     *Source
	load    *payload
	columns []column
	schema  *arrow.Schema
	vectors []vector
	// maxRows and maxBytes end a batch, maxField is the largest value.
	maxRows, maxBytes, maxField int

	conn *pgconn.HijackedConn
	wire *wire
	// rows and bytes are what the vectors hold.
	rows, bytes int
	// err is the reason why no more can be read; io.EOF at the end.
	err error
	// interrupted is set by another goroutine.
	interrupted atomic.Bool
	closed      bool
}

func newStream(s *Source, load *payload, columns []column, maxRows int) (*stream, error) {
	st := &stream{
		src: s, load: load, columns: columns, maxRows: maxRows,
		maxBytes: s.cfg.BatchBytes, maxField: s.cfg.MaxFieldBytes,
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		v, err := c.Type.newVector(s.cfg.Allocator, load.AnyBytes)
		if err != nil {
			return nil, fmt.Errorf("read table %s: column %q: %w", load.Label, c.Name, err)
		}
		st.vectors = append(st.vectors, v)
		fields[i] = arrow.Field{Name: c.Name, Type: c.Type.arrowType(), Nullable: true}
	}
	st.schema = arrow.NewSchema(fields, nil)
	return st, nil
}

// start sends the query on a connection that is in a transaction, and reads
// up to the description of its result. The end of the transaction is sent
// along, so that it follows the last row without another round trip.
func (st *stream) start(ctx context.Context, conn *pgx.Conn, q query) error {
	// The driver may still have a read of its own under way, after a slow write.
	if err := conn.PgConn().SyncConn(ctx); err != nil {
		hangUp(ctx, conn)
		return st.explain(ctx, err)
	}
	hijacked, err := conn.PgConn().Hijack()
	if err != nil {
		hangUp(ctx, conn)
		return st.explain(ctx, err)
	}
	st.conn, st.wire = hijacked, newWire(hijacked.Conn)
	message, err := q.encode(!st.load.Plain)
	if err != nil {
		return fmt.Errorf("read table %s: %w", st.load.Label, err)
	}
	defer st.watch(ctx)()
	if _, err := hijacked.Conn.Write(message); err != nil {
		return st.explain(ctx, err)
	}
	for {
		kind, body, err := st.message()
		if err != nil {
			return st.explain(ctx, err)
		}
		if kind == msgRowDescription {
			return st.checkDescription(body)
		}
		if kind == msgNoData && len(st.columns) == 0 {
			return nil
		}
	}
}

// encode writes the messages of the extended protocol, and a COMMIT for the
// end of a transaction.
func (q query) encode(commit bool) (buf []byte, err error) {
	params := make([][]byte, len(q.params))
	for i, p := range q.params {
		params[i] = []byte(p)
	}
	parts := []pgproto3.FrontendMessage{
		&pgproto3.Parse{Query: q.sql},
		&pgproto3.Bind{Parameters: params, ResultFormatCodes: []int16{1}},
		&pgproto3.Describe{ObjectType: 'P'},
		&pgproto3.Flush{}, // or the description waits for the first rows
		&pgproto3.Execute{},
		&pgproto3.Sync{},
	}
	if commit {
		parts = append(parts, &pgproto3.Query{String: "COMMIT"})
	}
	for _, m := range parts {
		if buf, err = m.Encode(buf); err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// checkDescription compares the result's types with those that the decoders
// were made for. They can differ only when nothing holds the table's form.
func (st *stream) checkDescription(body []byte) error {
	var d pgproto3.RowDescription
	if err := d.Decode(body); err != nil {
		return fmt.Errorf("read table %s: %w", st.load.Label, err)
	}
	if len(d.Fields) != len(st.columns) {
		return fmt.Errorf("read table %s: the server sends %d columns, not %d", st.load.Label, len(d.Fields), len(st.columns))
	}
	for i, f := range d.Fields {
		if c := st.columns[i]; c.OID != 0 && f.DataTypeOID != c.OID {
			return fmt.Errorf("read table %s: column %q is no longer of type %s", st.load.Label, c.Name, c.Decl)
		}
	}
	return nil
}

// Next implements source.Batches. A stream is over once ctx has been done.
func (st *stream) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if st.closed || st.interrupted.Load() {
		return nil, errClosed
	}
	if err := ctx.Err(); err != nil && st.err == nil {
		st.err = st.explain(ctx, err)
	}
	if st.err == nil {
		unwatch := st.watch(ctx)
		st.err = st.fill()
		unwatch()
		if st.err != nil && st.err != io.EOF {
			st.err = st.explain(ctx, st.err)
		}
	}
	if st.err != nil && (st.err != io.EOF || st.rows == 0) {
		return nil, st.err
	}
	return st.batch(), nil
}

// fill decodes rows until a batch is full; io.EOF after the last row.
func (st *stream) fill() error {
	for st.rows < st.maxRows && st.bytes < st.maxBytes {
		kind, length, err := st.wire.header()
		if err != nil {
			return err
		}
		if kind != msgDataRow {
			if err := st.other(kind, length); err != nil {
				return err
			}
			continue
		}
		if length <= bufferSize {
			body, err := st.wire.take(length)
			if err != nil {
				return err
			}
			if err := st.row(body); err != nil {
				return err
			}
		} else if err := st.longRow(length); err != nil {
			return err
		}
		st.rows++
		st.bytes += length
	}
	return nil
}

// batch hands over what the vectors hold.
func (st *stream) batch() arrow.RecordBatch {
	columns := make([]arrow.Array, len(st.vectors))
	for i, v := range st.vectors {
		columns[i] = v.finish()
	}
	batch := array.NewRecordBatch(st.schema, columns, int64(st.rows))
	for _, c := range columns {
		c.Release()
	}
	st.rows, st.bytes = 0, 0
	return batch
}

// watch makes reads of the connection fail as soon as ctx is done, until the
// function that it returns is called. A stream whose reads it made fail is
// over.
func (st *stream) watch(ctx context.Context) (unwatch func()) {
	stop := context.AfterFunc(ctx, func() { _ = st.conn.Conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if !stop() && ctx.Err() != nil && (st.err == nil || st.err == io.EOF) {
			st.err = context.Cause(ctx)
		}
	}
}

func (st *stream) explain(ctx context.Context, err error) error {
	if st.interrupted.Load() {
		return errClosed
	}
	return st.src.addr.explain(ctx, fmt.Sprintf("read table %s", st.load.Label), err)
}

// interrupt makes a running and any later Next fail. Any goroutine may call
// it.
func (st *stream) interrupt() {
	st.interrupted.Store(true)
	if st.conn != nil {
		_ = st.conn.Conn.SetDeadline(time.Unix(1, 0))
	}
}

// Close implements source.Batches. A query that still runs is cancelled, so
// that the server stops reading, too.
func (st *stream) Close() error {
	if st.closed {
		return nil
	}
	st.closed = true
	st.src.forget(st)
	for _, v := range st.vectors {
		v.release()
	}
	if st.conn != nil {
		st.disconnect()
	}
	return nil
}

func (st *stream) disconnect() {
	defer func() { _ = st.conn.Conn.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if st.err != io.EOF {
		if pg, err := pgconn.Construct(st.conn); err == nil {
			_ = pg.CancelRequest(ctx)
		}
		return
	}
	goodbye, _ := (&pgproto3.Terminate{}).Encode(nil)
	_ = st.conn.Conn.SetDeadline(time.Now().Add(closeTimeout))
	_, _ = st.conn.Conn.Write(goodbye)
}
