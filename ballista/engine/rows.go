package engine

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// batchRows is about how many rows Rows.Next puts into one batch: several of
// DuckDB's vectors, so that what is paid per batch is paid rarely.
const batchRows = 8 * 2048

// Rows streams a result that is computed while it is read: what is not
// fetched is not held. Close it before the next statement of its session.
type Rows struct {
	session *Session
	res     duck.Result
	stmt    duck.PreparedStatement
	schema  *arrow.Schema
	columns []appender
	marked  bool
	dropped int64
	began   time.Time
	done    bool
	closed  bool
}

// Query starts one statement and returns its result as a stream.
func (s *Session) Query(ctx context.Context, sql string) (*Rows, error) {
	return s.query(ctx, sql, false)
}

// QueryMarked is Query for a statement whose first column is a boolean: rows
// where it is true are counted and left out, and so is the column.
func (s *Session) QueryMarked(ctx context.Context, sql string) (*Rows, error) {
	return s.query(ctx, sql, true)
}

func (s *Session) query(ctx context.Context, sql string, marked bool) (*Rows, error) {
	r := &Rows{session: s, marked: marked, began: time.Now()}
	// Threads of the engine begin to run the statement before ExecutePending is
	// called: from Prepare on, all of it can be interrupted.
	err := s.interruptible(ctx, func() error { return r.start(sql) })
	if err == nil {
		err = r.open()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// start runs the statement until its first rows are there, or its end.
func (r *Rows) start(sql string) error {
	if duck.Prepare(r.session.conn, sql, &r.stmt) == duck.StateError {
		return newError(duck.ErrorTypeInvalid, duck.PrepareError(r.stmt))
	}
	var pending duck.PendingResult
	defer duck.DestroyPending(&pending)
	if duck.PendingPreparedStreaming(r.stmt, &pending) == duck.StateError {
		return newError(duck.ErrorTypeInvalid, duck.PendingError(pending))
	}
	if duck.ExecutePending(pending, &r.res) == duck.StateError {
		return newError(duck.ResultErrorType(&r.res), duck.ResultError(&r.res))
	}
	return nil
}

func (r *Rows) open() error {
	first, n := 0, int(duck.ColumnCount(&r.res))
	if r.marked {
		first = 1
		if n == 0 || duck.ColumnType(&r.res, 0) != duck.TypeBoolean {
			return fmt.Errorf("the first column of a marked result is no boolean")
		}
	}
	var fields []arrow.Field
	for i := first; i < n; i++ {
		name := duck.ColumnName(&r.res, duck.IdxT(i))
		logical := duck.ColumnLogicalType(&r.res, duck.IdxT(i))
		col, err := newAppender(logical)
		duck.DestroyLogicalType(&logical)
		if err != nil {
			return &Error{Kind: KindQuery, Message: fmt.Sprintf("result column %q: %v", name, err)}
		}
		r.columns = append(r.columns, col)
		fields = append(fields, arrow.Field{Name: name, Type: col.dataType(), Nullable: true})
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

// Schema describes the result.
func (r *Rows) Schema() *arrow.Schema { return r.schema }

// Next returns the next batch, or io.EOF after the last. The receiver
// releases it.
func (r *Rows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	rows := 0
	err := r.session.interruptible(ctx, func() error {
		for !r.done && rows < batchRows {
			n, err := r.fetch()
			if err != nil {
				return err
			}
			rows += n
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return nil, io.EOF
	}
	arrays := make([]arrow.Array, len(r.columns))
	for i, col := range r.columns {
		arrays[i] = col.finish()
	}
	batch := array.NewRecordBatch(r.schema, arrays, int64(rows))
	for _, a := range arrays {
		a.Release()
	}
	return batch, nil
}

// fetch appends one of DuckDB's chunks to the columns.
func (r *Rows) fetch() (rows int, err error) {
	chunk := duck.FetchChunk(r.res)
	if chunk.Ptr == nil {
		return 0, r.ended()
	}
	defer duck.DestroyDataChunk(&chunk)
	size := int(duck.DataChunkGetSize(chunk))
	views := make([]view, int(duck.DataChunkGetColumnCount(chunk)))
	for i := range views {
		views[i] = look(duck.DataChunkGetVector(chunk, duck.IdxT(i)))
	}
	if !r.marked {
		return size, r.append(views, 0, size)
	}
	for from := 0; from < size; {
		var to int
		if from, to = unmarked(views[0], from, size); to > from {
			if err := r.append(views[1:], from, to-from); err != nil {
				return 0, err
			}
			rows += to - from
		}
		from = to
	}
	r.dropped += int64(size - rows)
	return rows, nil
}

// append copies a run of rows into the columns.
func (r *Rows) append(views []view, from, n int) error {
	for i, col := range r.columns {
		if err := col.append(views[i], from, n); err != nil {
			return &Error{Kind: KindQuery, Message: fmt.Sprintf("result column %q: %v", r.schema.Field(i).Name, err)}
		}
	}
	return nil
}

// unmarked finds the next run of rows whose mark is not true.
func unmarked(mark view, from, size int) (start, end int) {
	marks := unsafe.Slice((*bool)(mark.data), size)
	for start = from; start < size && marks[start] && mark.valid(start); {
		start++
	}
	for end = start; end < size && !(marks[end] && mark.valid(end)); {
		end++
	}
	return start, end
}

// Dropped is the number of marked rows so far.
func (r *Rows) Dropped() int64 { return r.dropped }

// drain runs the statement to its end and drops what it still returns.
func (r *Rows) drain(ctx context.Context) error {
	return r.session.interruptible(ctx, func() error {
		for !r.done {
			chunk := duck.FetchChunk(r.res)
			if chunk.Ptr == nil {
				return r.ended()
			}
			duck.DestroyDataChunk(&chunk)
		}
		return nil
	})
}

// ended notes the end of the stream and returns the error that ended it.
// Fetching once more would be an error of its own.
func (r *Rows) ended() error {
	r.done = true
	if message := duck.ResultError(&r.res); message != "" {
		return newError(duck.ResultErrorType(&r.res), message)
	}
	return nil
}

// Close ends the statement, also in mid-stream.
func (r *Rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if !r.done {
		// Threads may be at work for rows that nobody will fetch. The next
		// statement, or the session's end, waits for them. DuckDB keeps the
		// flag until they have ended.
		duck.Interrupt(r.session.conn)
	}
	duck.DestroyResult(&r.res)
	duck.DestroyPrepare(&r.stmt)
	if time.Since(r.began) > trimAfter {
		trim()
	}
	return nil
}

// interruptible runs f, which calls into DuckDB, and interrupts the session's
// statement when ctx ends first. It returns ctx's error in that case.
func (s *Session) interruptible(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Add(1)
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer wg.Done()
		s.interruptUntil(finished)
	})
	err := f()
	close(finished)
	if stop() {
		wg.Done()
	}
	wg.Wait()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
