package cell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"kallad/ballista/plan"
)

// taskReader tells an observer what a cell says of a task.
type taskReader struct {
	pool     *Pool
	cell     *process
	observer plan.TaskObserver
	// data is what is left of the last data frame.
	data    []byte
	dropped int64
	// streaming says that a stream has begun and not ended.
	streaming bool
	result    *result
}

// run reads until the task has ended. An error is the observer's or the
// connection's; how the task ended is in the result.
func (t *taskReader) run(ctx context.Context) (result, error) {
	for t.result == nil {
		e, err := t.next()
		if err != nil {
			return result{}, err
		}
		if e == nil {
			continue
		}
		if e.Kind == eventStream {
			err = t.stream(ctx, e.Name)
		} else {
			err = t.tell(*e)
		}
		if err != nil {
			return result{}, err
		}
	}
	return *t.result, nil
}

// next reads a frame: an event, or nil for data and for the result.
func (t *taskReader) next() (*event, error) {
	kind, content, err := t.cell.read()
	if err != nil {
		return nil, err
	}
	switch kind {
	case frameEvent:
		var e event
		if err := json.Unmarshal(content, &e); err != nil {
			return nil, &pipeError{err}
		}
		return &e, nil
	case frameData:
		t.data = content
		return nil, nil
	case frameResult:
		t.result = &result{}
		if err := json.Unmarshal(content, t.result); err != nil {
			return nil, &pipeError{err}
		}
		return nil, nil
	}
	return nil, &pipeError{fmt.Errorf("a frame of kind %c in a task", kind)}
}

func (t *taskReader) tell(e event) error {
	switch e.Kind {
	case eventRows:
		t.observer.Rows(e.Name, int(e.Rows))
	case eventLoaded:
		t.observer.Loaded(e.Name, e.Rows)
	case eventBegin:
		t.observer.Begin(e.Name)
	case eventAdvance:
		t.observer.Advance(e.Name, e.Share)
	case eventCounts:
		return t.observer.Counts(e.Name, e.Counts)
	case eventDropped:
		t.dropped = e.Rows
	case eventBatch:
		t.pool.cfg.Meter.ObserveBatch(e.Name, e.Rows, e.Bytes, time.Duration(e.Took))
	case eventRead:
		t.pool.cfg.Meter.ObserveRead(e.Name, e.OK)
	case eventHeld:
		t.pool.holds(t.cell, Held{Memory: e.Rows, Spilled: e.Bytes})
	case eventEnd:
		t.dropped, t.streaming = e.Rows, false
	}
	return nil
}

// errTaskEnded is a stream that its task's end has cut off.
var errTaskEnded = errors.New("the task ended")

// Read implements io.Reader over the data of a stream; events in between are
// told at once.
func (t *taskReader) Read(p []byte) (int, error) {
	for len(t.data) == 0 {
		if !t.streaming {
			return 0, io.EOF
		}
		e, err := t.next()
		if err != nil {
			return 0, err
		}
		if t.result != nil {
			return 0, errTaskEnded
		}
		if e != nil {
			if err := t.tell(*e); err != nil {
				return 0, err
			}
		}
	}
	n := copy(p, t.data)
	t.data = t.data[n:]
	return n, nil
}

// stream hands a step's rows to the observer.
func (t *taskReader) stream(ctx context.Context, step string) error {
	t.streaming, t.dropped = true, 0
	r, err := ipc.NewReader(t)
	if err != nil {
		return t.cut(err)
	}
	defer r.Release()
	rows := &streamRows{reader: r, task: t}
	if err := t.observer.Stream(ctx, step, rows); err != nil {
		return t.cut(err)
	}
	for t.streaming { // what follows the last batch
		if _, err := t.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
			return t.cut(err)
		}
	}
	return nil
}

// cut makes nothing of an error that only says that the task has ended: its
// result says why.
func (t *taskReader) cut(err error) error {
	if t.result != nil {
		return nil
	}
	return err
}

// streamRows is a stream out of a cell.
type streamRows struct {
	reader *ipc.Reader
	task   *taskReader
}

var _ plan.Stream = (*streamRows)(nil)

func (s *streamRows) Schema() *arrow.Schema { return s.reader.Schema() }

func (s *streamRows) Dropped() int64 { return s.task.dropped }

func (s *streamRows) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if !s.reader.Next() {
		if err := s.reader.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	batch := s.reader.RecordBatch()
	batch.Retain()
	return batch, nil
}
