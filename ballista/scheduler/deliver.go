package scheduler

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

// Results brings what tasks streamed into this process.
type Results interface {
	// Collect reads a piece to its end, so that nothing can go wrong with it
	// any more, and returns its rows. An error that answers Lost with true
	// says that the piece must be made again.
	Collect(ctx context.Context, piece plan.Piece) (Rows, error)
}

// Rows are those of a piece that is here. The caller closes them.
type Rows interface {
	Schema() *arrow.Schema
	// Next returns the next batch, which the caller releases, or io.EOF.
	Next(ctx context.Context) (arrow.RecordBatch, error)
	Close() error
}

// delivery hands the results of one step over to the job's observer, one
// task's after the other. While one is handed over, the next is fetched; those
// behind it stay where they are.
type delivery struct {
	job   *job
	step  string
	queue []*task // guarded by the scheduler's mutex
	wake  chan struct{}
	ready chan parcel
}

// parcel is a task's result that is here.
type parcel struct {
	task *task
	rows *result
}

// deliver queues what a winner streamed in a step. The delivery starts from
// the job's events, so that the observer hears of the step's beginning first.
func (j *job) deliver(t *task, step string) {
	t.streams[step] = streamQueued
	j.undelivered++
	d := j.deliveries[step]
	if d == nil {
		d = &delivery{job: j, step: step, wake: make(chan struct{}, 1), ready: make(chan parcel)}
		j.deliveries[step] = d
		j.tell(func() error {
			j.members.Go(d.fetchAll)
			j.members.Go(d.handOver)
			return nil
		})
	}
	d.queue = append(d.queue, t)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// fetchAll brings results here until the job ends.
func (d *delivery) fetchAll() {
	defer close(d.ready)
	for {
		a, piece := d.next()
		if a == nil {
			select {
			case <-d.wake:
				continue
			case <-d.job.ctx.Done():
				return
			}
		}
		rows, err := d.fetch(a, piece)
		if !d.fetched(a, err) {
			continue
		}
		select {
		case d.ready <- parcel{a.task, rows}:
		case <-d.job.ctx.Done():
			_ = rows.rows.Close()
			return
		}
	}
}

// next takes the next task with a winner off the queue. It returns that, and
// where its result is at the moment.
func (d *delivery) next() (*attempt, plan.Piece) {
	s := d.job.s
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(d.queue) > 0 {
		t := d.queue[0]
		d.queue = d.queue[1:]
		if a := t.winner; a != nil {
			out := a.outputs[d.step]
			return a, plan.Piece{
				From: a.id, Step: d.step, Executor: a.executor.id, Address: a.executor.hello.FlightAddress, Rows: out.rows(), Bytes: out.bytes(),
			}
		}
		d.job.recall(t, d.step)
	}
	return nil, plan.Piece{}
}

// recall takes a result out of the delivery: its task runs again, and queues
// it again when it has won.
func (j *job) recall(t *task, step string) {
	t.streams[step] = streamPending
	j.undelivered--
}

func (d *delivery) fetch(a *attempt, piece plan.Piece) (*result, error) {
	out := a.outputs[d.step]
	r := &result{job: d.job, schema: out.schema, dropped: out.dropped, rows: none{}}
	if piece.Rows == 0 {
		return r, nil
	}
	rows, err := d.job.s.results.Collect(d.job.ctx, piece)
	if err == nil {
		r.rows = rows
		d.job.s.metrics.resultBytes.Add(float64(piece.Bytes))
	}
	return r, err
}

// fetched notes what became of a fetch, and reports whether the result is here.
func (d *delivery) fetched(a *attempt, err error) (here bool) {
	t, j := a.task, d.job
	j.lock(func() {
		var lost interface{ Lost() bool }
		switch {
		case err == nil:
			here = true
			t.streams[d.step] = streamKept
			if a.executor != j.s.local { // what is kept in this process is read where it is
				a.release()
			}
		case j.over || j.ctx.Err() != nil:
		case errors.As(err, &lost) && lost.Lost():
			j.recall(t, d.step)
			j.missing(a, d.step, err)
		default:
			j.fail(err)
		}
	})
	return here
}

// release has what an attempt wrote removed when nobody needs it any more.
func (a *attempt) release() {
	if t := a.task; t.winner == a && !t.needed() && !t.reading() {
		a.executor.send(discard(a.id))
	}
}

// reading reports whether a result is on its way from where the task left it.
func (t *task) reading() bool {
	for _, state := range t.streams {
		if state == streamKept && t.winner.executor == t.stage.job.s.local {
			return true
		}
	}
	return false
}

// missing has a result made again that could not be fetched.
func (j *job) missing(a *attempt, step string, err error) {
	t := a.task
	j.log.Warn("result is lost", "stage", t.stage.def.Name, "task", t.index, "executor", a.executor.id, "error", err)
	if t.winner != a {
		if t.winner != nil {
			j.deliver(t, step)
		}
		return
	}
	a.lost = true
	t.failedOn[a.executor.id] = true
	t.failures++
	if t.failures >= j.s.cfg.MaxAttempts {
		j.fail(a.fault(control.Outcome_RETRYABLE, &control.Ended{Message: err.Error()}))
		return
	}
	j.repair()
	j.s.delay(t)
}

// handOver lets the observer consume what is here, in turn.
func (d *delivery) handOver() {
	for p := range d.ready {
		err := d.job.observer.Stream(d.job.ctx, d.step, p.rows)
		err = errors.Join(err, p.rows.rows.Close())
		d.job.lock(func() {
			if err != nil {
				d.job.fail(err)
				return
			}
			p.task.streams[d.step] = streamDelivered
			if w := p.task.winner; w != nil && w.executor == d.job.s.local {
				w.release()
			}
			d.job.undelivered--
			d.job.poke()
		})
	}
}

// result is a task's result on its way to the observer.
type result struct {
	job     *job
	schema  *arrow.Schema
	dropped int64
	rows    Rows
}

// Schema implements plan.Stream.
func (r *result) Schema() *arrow.Schema { return r.schema }

// Next implements plan.Stream.
func (r *result) Next(ctx context.Context) (arrow.RecordBatch, error) {
	batch, err := r.rows.Next(ctx)
	if err == nil {
		r.job.s.metrics.resultRows.Add(float64(batch.NumRows()))
	}
	return batch, err
}

// Dropped implements plan.Stream: all of them were counted before.
func (r *result) Dropped() int64 { return r.dropped }

// none are the rows of an empty result.
type none struct{}

func (none) Schema() *arrow.Schema                           { return nil }
func (none) Next(context.Context) (arrow.RecordBatch, error) { return nil, io.EOF }
func (none) Close() error                                    { return nil }
