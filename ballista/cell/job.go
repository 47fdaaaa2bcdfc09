package cell

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"kallad/ballista/plan"
)

// jobReader tells an observer what a cell says of a job. Streams that are open
// at the same time share the pipe: the slowest of those who take them holds up
// the others, and the cell.
type jobReader struct {
	pool     *Pool
	cell     *process
	observer plan.Observer
	streams  map[uint32]*inbound
}

// inbound is a stream that the observer takes.
type inbound struct {
	data    *io.PipeWriter
	dropped atomic.Int64
	taken   sync.WaitGroup
	err     error // of who takes it, once taken
}

// errJobEnded is a stream that its job's end has cut off.
var errJobEnded = errors.New("the job ended")

// run reads until the job has ended. An error is the observer's or the
// connection's; how the job ended is in the result.
func (j *jobReader) run(ctx context.Context) (result, error) {
	r, err := j.read(ctx)
	if err == nil && !r.Failed && len(j.streams) > 0 {
		err = &pipeError{errors.New("a job succeeded in the middle of a stream")}
	}
	// What else is still open was cut off by the job's end, which says why.
	for _, s := range j.streams {
		_ = s.data.CloseWithError(errJobEnded)
		s.taken.Wait()
	}
	return r, err
}

func (j *jobReader) read(ctx context.Context) (result, error) {
	for {
		kind, content, err := j.cell.read()
		if err != nil {
			return result{}, err
		}
		switch kind {
		case frameData:
			err = j.feed(content)
		case frameEvent:
			var e event
			if err = json.Unmarshal(content, &e); err != nil {
				return result{}, &pipeError{err}
			}
			err = j.tell(ctx, e)
		case frameResult:
			var r result
			if err := json.Unmarshal(content, &r); err != nil {
				return result{}, &pipeError{err}
			}
			return r, nil
		default:
			err = &pipeError{fmt.Errorf("a frame of kind %c in a job", kind)}
		}
		if err != nil {
			return result{}, err
		}
	}
}

func (j *jobReader) tell(ctx context.Context, e event) error {
	switch e.Kind {
	case eventRows:
		j.observer.Rows(e.Name, int(e.Rows))
	case eventLoaded:
		j.observer.Loaded(e.Name, e.Rows)
	case eventBegin:
		j.observer.Begin(e.Name)
	case eventAdvance:
		j.observer.Advance(e.Name, e.Share)
	case eventCounts:
		return j.observer.Counts(e.Name, e.Counts)
	case eventStages:
		j.observer.Stages(e.Stages)
	case eventBatch:
		j.pool.cfg.Meter.ObserveBatch(e.Name, e.Rows, e.Bytes, time.Duration(e.Took))
	case eventRead:
		j.pool.cfg.Meter.ObserveRead(e.Name, e.OK)
	case eventHeld:
		j.pool.holds(j.cell, Held{Memory: e.Rows, Spilled: e.Bytes})
	case eventStream:
		j.open(ctx, e.Stream, e.Name)
	case eventDropped, eventEnd:
		return j.end(e)
	}
	return nil
}

// open hands the rows of a stream to the observer as they come.
func (j *jobReader) open(ctx context.Context, id uint32, step string) {
	data, w := io.Pipe()
	s := &inbound{data: w}
	j.streams[id] = s
	s.taken.Go(func() {
		s.err = j.take(ctx, step, data, s)
		_ = data.CloseWithError(s.err)
	})
}

func (j *jobReader) take(ctx context.Context, step string, data io.Reader, s *inbound) error {
	r, err := ipc.NewReader(data)
	if err != nil {
		return err
	}
	defer r.Release()
	if err := j.observer.Stream(ctx, step, &streamRows{reader: r, from: s}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, data) // what follows the last batch
	return err
}

// feed passes on bytes of a stream. Whoever takes it may have failed.
func (j *jobReader) feed(content []byte) error {
	if len(content) < 4 {
		return &pipeError{errors.New("a frame of data without a number")}
	}
	s := j.streams[binary.LittleEndian.Uint32(content)]
	if s == nil {
		return &pipeError{errors.New("data of a stream that is not open")}
	}
	if _, err := s.data.Write(content[4:]); err != nil {
		s.taken.Wait()
		return s.err
	}
	return nil
}

// end notes the marked rows of a stream; at its end it waits until all rows
// are taken, as whoever streams them would.
func (j *jobReader) end(e event) error {
	s := j.streams[e.Stream]
	if s == nil {
		return &pipeError{errors.New("the end of a stream that is not open")}
	}
	s.dropped.Store(e.Rows)
	if e.Kind != eventEnd {
		return nil
	}
	_ = s.data.Close()
	s.taken.Wait()
	delete(j.streams, e.Stream)
	return s.err
}

// streamRows is a stream out of a cell.
type streamRows struct {
	reader *ipc.Reader
	from   *inbound
}

var _ plan.Stream = (*streamRows)(nil)

func (s *streamRows) Schema() *arrow.Schema { return s.reader.Schema() }

func (s *streamRows) Dropped() int64 { return s.from.dropped.Load() }

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
