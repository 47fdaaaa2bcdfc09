package cell

import (
	"bufio"
	"context"
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
	"kallad/worker/trace"
)

// Binder parses and binds SQL over tables without running it.
type Binder interface {
	plan.Binder
	CreateEmpty(ctx context.Context, table string, schema *arrow.Schema) error
	Describe(ctx context.Context, sql string) (*arrow.Schema, error)
	Bound(ctx context.Context, sql string) (json.RawMessage, error)
	Close() error
}

// Host is what a cell's process is made of.
type Host struct {
	Bind func() (Binder, error)
	Run  func(ctx context.Context, job plan.Job, observer plan.Observer) error
	// Held is what the engine's sessions hold now. Unit: bytes.
	Held func() (memory, spilled int64)
	// Close ends what the host keeps for requests to come.
	Close func() error
	// Resident is what the process holds now, in bytes; 0 when unknown.
	Resident func() int64
}

// Serve answers requests until there are no more: in is closed when the other
// process ends, whatever ended it. open makes the host of the configuration
// that comes first; what sources read is counted by the meter that it gets.
func Serve(in io.Reader, out io.Writer, open func(config []byte, meter Meter) (Host, error)) error {
	s := &server{in: bufio.NewReaderSize(in, frameBuffer), out: newFrames(out)}
	kind, content, err := readFrame(s.in, &s.buf)
	if err != nil || kind != frameConfig {
		return fmt.Errorf("read the configuration of a cell: %w", err)
	}
	if s.host, err = open(content, meter{s.out}); err != nil {
		return err
	}
	for {
		kind, content, err := readFrame(s.in, &s.buf)
		if errors.Is(err, io.EOF) {
			return s.host.Close()
		}
		if err != nil {
			return err
		}
		switch kind {
		case frameJob:
			err = s.job(content)
		case frameBind:
			err = s.bind()
		case frameCancel: // the job had ended
		default:
			err = fmt.Errorf("a cell was sent a frame that it does not know (%c)", kind)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

type server struct {
	in   *bufio.Reader
	out  *frames
	buf  []byte
	host Host
}

// job runs a job. Meanwhile it listens for its cancellation: when the other
// end is gone, Serve's caller ends the process.
func (s *server) job(content []byte) error {
	var request jobRequest
	if err := json.Unmarshal(content, &request); err != nil {
		return fmt.Errorf("read a job: %w", err)
	}
	job := request.Job
	job.Locations = map[string]plan.Secret{}
	for source, location := range request.Locations {
		job.Locations[source] = plan.Secret(location)
	}
	ctx, cancel := context.WithCancel(trace.Continue(context.Background(), request.Trace))
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var telling sync.WaitGroup
		running, finish := context.WithCancel(ctx)
		telling.Go(func() { s.tellHeld(running) })
		err := s.host.Run(ctx, job, &reporter{out: s.out})
		// Nothing may follow the result: the next answer would be mistaken.
		finish()
		telling.Wait()
		r := resultOf(err)
		r.Resident = s.host.Resident()
		done <- s.out.writeJSON(frameResult, r)
	}()
	heard := make(chan error, 1)
	go func() {
		_, err := s.in.Peek(1)
		heard <- err
	}()
	select {
	case err := <-done:
		// The next request, or the end, is heard by whoever reads it.
		return errors.Join(err, <-heard)
	case err := <-heard:
		if err != nil {
			return err
		}
		cancel()
		return <-done
	}
}

// heldEvery is how often a cell tells what its engine holds.
const heldEvery = time.Second

func (s *server) tellHeld(ctx context.Context) {
	tick := time.NewTicker(heldEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			memory, spilled := s.host.Held()
			(&reporter{out: s.out}).tell(event{Kind: eventHeld, Rows: memory, Bytes: spilled})
		}
	}
}

// meter counts what a cell reads of sources, outside of it.
type meter struct{ out *frames }

func (m meter) ObserveBatch(kind string, rows, bytes int64, took time.Duration) {
	(&reporter{out: m.out}).tell(event{Kind: eventBatch, Name: kind, Rows: rows, Bytes: bytes, Took: int64(took)})
}

func (m meter) ObserveRead(kind string, ok bool) {
	(&reporter{out: m.out}).tell(event{Kind: eventRead, Name: kind, OK: ok})
}

// bind answers calls until it is told to leave.
func (s *server) bind() error {
	binder, err := s.host.Bind()
	if err := s.out.writeJSON(frameResult, resultOf(err)); err != nil {
		return err
	}
	if err != nil {
		return nil
	}
	defer binder.Close()
	for {
		kind, content, err := readFrame(s.in, &s.buf)
		if err != nil {
			return err
		}
		switch kind {
		case frameCancel: // of a call that had ended
			continue
		case frameLeave:
			return s.out.writeJSON(frameResult, result{Resident: s.host.Resident()})
		}
		var call bindCall
		if err := json.Unmarshal(content, &call); kind != frameCall || err != nil {
			return fmt.Errorf("read a call of a binder: %w", err)
		}
		if err := s.out.writeJSON(frameResult, answer(binder, call)); err != nil {
			return err
		}
	}
}

// The methods of a Binder.
const (
	methodParse       = "parse"
	methodFormat      = "format"
	methodCreateEmpty = "create_empty"
	methodDescribe    = "describe"
	methodBound       = "bound"
	methodColumns     = "columns"
)

func answer(b Binder, call bindCall) bindAnswer {
	var a bindAnswer
	var err error
	ctx := context.Background() // a call that takes too long ends with its process
	switch call.Method {
	case methodParse:
		a.Parsed, err = b.Parse(ctx, call.SQL)
	case methodFormat:
		a.SQL, err = b.Format(ctx, call.Parsed)
	case methodCreateEmpty:
		err = b.CreateEmpty(ctx, call.Table, call.Schema.Schema)
	case methodDescribe:
		a.Schema.Schema, err = b.Describe(ctx, call.SQL)
	case methodBound:
		a.Parsed, err = b.Bound(ctx, call.SQL)
	case methodColumns:
		a.Names, a.Types, err = b.Columns(ctx, call.SQL)
	default:
		err = fmt.Errorf("internal error: unknown method %q", call.Method)
	}
	a.result = resultOf(err)
	return a
}

// reporter is the observer of a job in its cell.
type reporter struct {
	out     *frames
	streams atomic.Uint32
}

// tell drops errors: the pipe is broken only if nobody is there to be told.
func (r *reporter) tell(e event) { _ = r.out.writeJSON(frameEvent, e) }

func (r *reporter) Rows(source string, rows int) {
	r.tell(event{Kind: eventRows, Name: source, Rows: int64(rows)})
}

func (r *reporter) Loaded(source string, rows int64) {
	r.tell(event{Kind: eventLoaded, Name: source, Rows: rows})
}

func (r *reporter) Begin(step string) { r.tell(event{Kind: eventBegin, Name: step}) }

func (r *reporter) Advance(step string, share float64) {
	r.tell(event{Kind: eventAdvance, Name: step, Share: share})
}

func (r *reporter) Counts(step string, values []int64) error {
	return r.out.writeJSON(frameEvent, event{Kind: eventCounts, Name: step, Counts: values})
}

func (r *reporter) Stages(status []plan.StageStatus) {
	r.tell(event{Kind: eventStages, Stages: status})
}

// Stream sends a step's rows as they come; the pipe holds it up when nobody
// takes them.
func (r *reporter) Stream(ctx context.Context, step string, rows plan.Stream) error {
	id := r.streams.Add(1)
	if err := r.out.writeJSON(frameEvent, event{Kind: eventStream, Stream: id, Name: step}); err != nil {
		return err
	}
	out := dataFrames{r.out, id}
	data := bufio.NewWriterSize(out, frameBuffer)
	w := ipc.NewWriter(data, ipc.WithSchema(rows.Schema()))
	flush := func() error { return errors.Join(data.Flush(), out.flush()) }
	told := int64(0)
	for {
		batch, err := rows.Next(ctx)
		if dropped := rows.Dropped(); dropped != told {
			told = dropped
			r.tell(event{Kind: eventDropped, Stream: id, Rows: told})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		err = w.Write(batch)
		batch.Release()
		if err := errors.Join(err, flush()); err != nil {
			return err
		}
	}
	if err := errors.Join(w.Close(), flush()); err != nil {
		return err
	}
	return r.out.writeJSON(frameEvent, event{Kind: eventEnd, Stream: id, Rows: told})
}
