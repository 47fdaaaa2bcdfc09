package scheduler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/scheduler"
)

// The tests run in bubbles of testing/synctest: time is the bubble's, so that
// timeouts pass at once and nothing depends on how busy the machine is.
//
// Executors are stand-ins at the border that the scheduler has with them, the
// orders and reports of package control. Their tasks do arithmetic: a task
// that reads a source writes, for each of its partitions of it, the number of
// that partition into the partition of the output that it belongs to; one that
// reads pieces streams the numbers in them. So each number of the source must
// come out once.

var numbers = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

// world is a scheduler with its stand-ins.
type world struct {
	t *testing.T
	*scheduler.Scheduler
	log bytes.Buffer // safe: a handler writes one line at a time

	mu        sync.Mutex
	executors map[string]*standIn
	serial    int
	// behave says how an attempt goes: how long it takes and how it ends.
	behave func(e *standIn, task plan.Task) (time.Duration, *control.Ended)
	// cut says whether one executor does not reach another.
	cut func(from, to string) bool
	// damaged says whether a piece reads as damaged.
	damaged func(plan.Piece) bool
}

func newWorld(t *testing.T, adapt func(*scheduler.Config)) *world {
	cfg := scheduler.DefaultConfig()
	cfg.EngineVersion = "v1"
	if adapt != nil {
		adapt(&cfg)
	}
	require.NoError(t, cfg.Validate())
	w := &world{t: t, executors: map[string]*standIn{}}
	w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) { return 10 * time.Millisecond, nil }
	w.cut = func(string, string) bool { return false }
	w.damaged = func(plan.Piece) bool { return false }
	w.Scheduler = scheduler.New(cfg, w, scheduler.NewMetrics(prometheus.NewRegistry()), slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return w
}

// end proves that nothing is left.
func (w *world) end() {
	w.t.Helper()
	synctest.Wait()
	time.Sleep(time.Minute) // of the bubble: whatever is under way has ended
	require.Zero(w.t, w.Running(), "a slot is still taken")
	w.mu.Lock()
	all := slices.Collect(maps.Values(w.executors))
	w.mu.Unlock()
	for _, e := range all {
		e.mu.Lock()
		require.Empty(w.t, e.running, "executor %s still runs something", e.id)
		require.Empty(w.t, e.kept, "executor %s still keeps something", e.id)
		e.mu.Unlock()
		e.kill()
	}
	require.NoError(w.t, w.Close())
}

// standIn is an executor.
type standIn struct {
	world *world
	id    string
	hello *control.Hello

	mu        sync.Mutex
	orders    *control.Outbox[*control.Order]
	report    func(*control.Report)
	broke     func(error)
	scheduler string
	running   map[plan.TaskID]context.CancelFunc
	ended     map[plan.TaskID]*control.Ended
	kept      map[plan.TaskID]map[string]map[int][]int64
	frozen    chan struct{} // closed when it goes on; nil unless it stands still
	dead      bool
	left      bool
	most      int // attempts at once
	members   sync.WaitGroup
	obeying   sync.WaitGroup
}

func newStandIn(w *world, id string, slots int) *standIn {
	return &standIn{
		world: w, id: id, running: map[plan.TaskID]context.CancelFunc{}, ended: map[plan.TaskID]*control.Ended{},
		kept:  map[plan.TaskID]map[string]map[int][]int64{},
		hello: &control.Hello{Id: id, FlightAddress: id + ":1", Slots: int32(slots), MemoryBytes: 1 << 30, EngineVersion: "v1"},
	}
}

// join starts an executor.
func (w *world) join(slots int, adapt ...func(*control.Hello)) *standIn {
	w.mu.Lock()
	w.serial++
	id := fmt.Sprintf("executor-%d", w.serial)
	e := newStandIn(w, id, slots)
	for _, a := range adapt {
		a(e.hello)
	}
	w.executors[id] = e
	w.mu.Unlock()
	e.connect()
	return e
}

// connect opens a stream, once the one before has been worked off.
func (e *standIn) connect() {
	e.obeying.Wait()
	e.mu.Lock()
	orders := control.NewOutbox[*control.Order]()
	e.orders = orders
	hello := &control.Hello{
		Id: e.id, FlightAddress: e.hello.FlightAddress, Slots: e.hello.Slots, MemoryBytes: e.hello.MemoryBytes,
		EngineVersion: e.hello.EngineVersion, Scheduler: e.scheduler,
	}
	jobs := map[string]bool{}
	for id := range e.running {
		hello.Attempts = append(hello.Attempts, wire(id))
		jobs[id.Job] = true
	}
	for id := range e.ended {
		hello.Attempts = append(hello.Attempts, wire(id))
		jobs[id.Job] = true
	}
	for id := range e.kept {
		jobs[id.Job] = true
	}
	hello.Jobs = slices.Collect(maps.Keys(jobs))
	e.mu.Unlock()
	report, broke := e.world.Join(hello, orders)
	e.mu.Lock()
	e.report, e.broke = report, broke
	e.mu.Unlock()
	e.obeying.Go(func() { e.obey(orders) })
	e.members.Go(func() { e.beat(orders) })
}

func wire(id plan.TaskID) *control.TaskID {
	return &control.TaskID{Job: id.Job, Stage: int32(id.Stage), Task: int32(id.Task), Attempt: int32(id.Attempt)}
}

func unwire(id *control.TaskID) plan.TaskID {
	return plan.TaskID{Job: id.Job, Stage: int(id.Stage), Task: int(id.Task), Attempt: int(id.Attempt)}
}

func (e *standIn) obey(orders *control.Outbox[*control.Order]) {
	for {
		select {
		case <-orders.Done():
			return
		case <-orders.Ready():
		}
		for _, order := range orders.Take() {
			e.thaw()
			e.do(orders, order)
		}
	}
}

// thaw waits while the executor stands still.
func (e *standIn) thaw() {
	e.mu.Lock()
	frozen := e.frozen
	e.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

func (e *standIn) do(orders *control.Outbox[*control.Order], order *control.Order) {
	switch o := order.Order.(type) {
	case *control.Order_Welcome:
		e.mu.Lock()
		e.scheduler = o.Welcome.Scheduler
		if !o.Welcome.Resumed {
			for _, cancel := range e.running {
				cancel()
			}
			clear(e.running)
			clear(e.ended)
			clear(e.kept)
		}
		unsent := slices.Collect(maps.Values(e.ended))
		e.mu.Unlock()
		for _, ended := range unsent {
			e.tell(&control.Report{Report: &control.Report_Ended{Ended: ended}})
		}
	case *control.Order_Launch:
		e.launch(o.Launch)
	case *control.Order_Cancel:
		id := unwire(o.Cancel.Id)
		e.mu.Lock()
		cancel := e.running[id]
		if cancel == nil {
			delete(e.ended, id)
			delete(e.kept, id)
		}
		e.mu.Unlock()
		if cancel != nil {
			cancel()
		}
	case *control.Order_Acknowledge:
		e.mu.Lock()
		delete(e.ended, unwire(o.Acknowledge.Id))
		e.mu.Unlock()
	case *control.Order_Discard:
		e.mu.Lock()
		delete(e.ended, unwire(o.Discard.Id))
		delete(e.kept, unwire(o.Discard.Id))
		e.mu.Unlock()
	case *control.Order_Forget:
		e.forget(o.Forget.Job)
	case *control.Order_Leave:
		e.mu.Lock()
		e.left = true
		clear(e.kept)
		e.mu.Unlock()
		e.tell(&control.Report{Report: &control.Report_Goodbye{Goodbye: &control.Goodbye{}}})
		orders.Close()
	}
}

func (e *standIn) forget(job string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, cancel := range e.running {
		if id.Job == job {
			cancel()
		}
	}
	for id := range e.ended {
		if id.Job == job {
			delete(e.ended, id)
		}
	}
	for id := range e.kept {
		if id.Job == job {
			delete(e.kept, id)
		}
	}
}

func (e *standIn) tell(r *control.Report) {
	e.thaw()
	e.mu.Lock()
	report, dead := e.report, e.dead
	e.mu.Unlock()
	if report != nil && !dead {
		report(r)
	}
}

func (e *standIn) beat(orders *control.Outbox[*control.Order]) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-orders.Done():
			return
		case <-tick.C:
			beat := &control.Heartbeat{}
			e.mu.Lock()
			for id := range e.running {
				beat.Tasks = append(beat.Tasks, &control.Progress{Id: wire(id), Rows: map[string]int64{"src": 1}})
			}
			e.mu.Unlock()
			e.tell(&control.Report{Report: &control.Report_Heartbeat{Heartbeat: beat}})
		}
	}
}

func (e *standIn) launch(launch *control.Launch) {
	var task plan.Task
	require.NoError(e.world.t, json.Unmarshal(launch.Task, &task))
	ctx, cancel := context.WithCancel(context.Background())
	e.mu.Lock()
	if launch.Exclusive {
		assert.Empty(e.world.t, e.running, "an exclusive task beside others")
	}
	e.running[task.ID] = cancel
	e.most = max(e.most, len(e.running))
	assert.LessOrEqual(e.world.t, len(e.running), int(e.hello.Slots), "more tasks than slots on %s", e.id)
	e.mu.Unlock()
	e.members.Go(func() {
		defer cancel()
		took, ended := e.world.behave(e, task)
		select {
		case <-ctx.Done():
		case <-time.After(took):
		}
		e.thaw()
		if ctx.Err() != nil {
			ended = &control.Ended{Outcome: control.Outcome_CANCELLED}
		} else if ended == nil {
			ended = e.work(task)
		}
		ended.Id = wire(task.ID)
		e.finish(ctx, task.ID, ended)
	})
}

func (e *standIn) finish(ctx context.Context, id plan.TaskID, ended *control.Ended) {
	e.mu.Lock()
	_, known := e.running[id]
	delete(e.running, id)
	if !known || e.dead {
		delete(e.kept, id)
		e.mu.Unlock()
		return
	}
	if ctx.Err() != nil { // in the last moment
		ended = &control.Ended{Id: wire(id), Outcome: control.Outcome_CANCELLED}
	}
	if ended.Outcome != control.Outcome_DONE {
		delete(e.kept, id)
	}
	e.ended[id] = ended
	e.mu.Unlock()
	e.tell(&control.Report{Report: &control.Report_Ended{Ended: ended}})
}

// work does a task's arithmetic.
func (e *standIn) work(task plan.Task) *control.Ended {
	ended := &control.Ended{Outcome: control.Outcome_DONE, Loaded: map[string]int64{}, Progress: &control.Progress{Rows: map[string]int64{}}}
	var values []int64
	for _, in := range task.Inputs {
		for _, raw := range in.Partitions {
			var n int64
			require.NoError(e.world.t, json.Unmarshal(raw, &n))
			values = append(values, n)
			ended.Loaded["src"]++
			ended.Progress.Rows["src"]++
		}
		for _, piece := range in.Pieces {
			read, lost := e.world.read(e.id, piece)
			if lost != nil {
				return &control.Ended{Outcome: control.Outcome_LOST_INPUT, Message: "lost", Lost: lost}
			}
			values = append(values, read...)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept[task.ID] = map[string]map[int][]int64{}
	for _, step := range task.Steps {
		ended.Progress.Begun = append(ended.Progress.Begun, step.Name)
		if step.Kind == plan.StepCount {
			ended.Counts = append(ended.Counts, &control.Counts{Step: step.Name, Values: []int64{int64(len(values))}})
			continue
		}
		parts := map[int][]int64{}
		out := &control.Output{Step: step.Name, Schema: schemaMessage(e.world.t)}
		for _, n := range values {
			p := int(n) % max(1, step.Partitions)
			parts[p] = append(parts[p], n)
		}
		for p := range max(1, step.Partitions) {
			out.Written = append(out.Written, &control.Written{Partition: int32(p), Rows: int64(len(parts[p])), Bytes: int64(8 * len(parts[p]))})
		}
		e.kept[task.ID][step.Name] = parts
		ended.Outputs = append(ended.Outputs, out)
	}
	return ended
}

func schemaMessage(t *testing.T) []byte {
	text, err := json.Marshal(plan.Schema{Schema: numbers})
	require.NoError(t, err)
	var message []byte
	require.NoError(t, json.Unmarshal(text, &message))
	return message
}

// read reads a piece from one executor's place.
func (w *world) read(from string, piece plan.Piece) ([]int64, *control.Lost) {
	lost := &control.Lost{From: wire(piece.From), Step: piece.Step, Partition: int32(piece.Partition), Executor: piece.Executor}
	w.mu.Lock()
	holder := w.executors[piece.Executor]
	w.mu.Unlock()
	if from != holder.id && w.cut(from, holder.id) {
		lost.Unreachable = true
		return nil, lost
	}
	holder.thaw()
	holder.mu.Lock()
	defer holder.mu.Unlock()
	if holder.dead {
		lost.Unreachable = true
		return nil, lost
	}
	values, ok := holder.kept[piece.From][piece.Step][piece.Partition]
	if !ok || w.damaged(piece) {
		return nil, lost
	}
	return values, nil
}

// Collect implements scheduler.Results.
func (w *world) Collect(_ context.Context, piece plan.Piece) (scheduler.Rows, error) {
	values, lost := w.read("scheduler", piece)
	if lost != nil {
		return nil, lostPiece{}
	}
	return newRows(values), nil
}

func newRows(values []int64) *held {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	column := b.NewArray()
	return &held{batch: array.NewRecordBatch(numbers, []arrow.Array{column}, int64(len(values)))}
}

type lostPiece struct{}

func (lostPiece) Error() string { return "the piece is lost" }
func (lostPiece) Lost() bool    { return true }

type held struct{ batch arrow.RecordBatch }

func (h *held) Schema() *arrow.Schema { return numbers }
func (h *held) Close() error          { return nil }
func (h *held) Dropped() int64        { return 0 }
func (h *held) Next(context.Context) (arrow.RecordBatch, error) {
	if h.batch == nil {
		return nil, io.EOF
	}
	batch := h.batch
	h.batch = nil
	return batch, nil
}

// kill ends the executor as SIGKILL does.
func (e *standIn) kill() {
	e.mu.Lock()
	if e.dead {
		e.mu.Unlock()
		return
	}
	e.dead = true
	for _, cancel := range e.running {
		cancel()
	}
	clear(e.running)
	clear(e.ended)
	clear(e.kept)
	frozen := e.frozen
	e.frozen = nil
	orders, broke := e.orders, e.broke
	e.mu.Unlock()
	if frozen != nil {
		close(frozen)
	}
	if orders != nil { // else it is the scheduler's own
		broke(errors.New("reset by peer"))
		orders.Close()
	}
}

// stop makes it stand still, as SIGSTOP does; the returned function lets it go
// on.
func (e *standIn) stop() func() {
	frozen := make(chan struct{})
	e.mu.Lock()
	e.frozen = frozen
	e.mu.Unlock()
	return func() {
		e.mu.Lock()
		on := e.frozen == frozen
		if on {
			e.frozen = nil
		}
		closed := e.orders
		e.mu.Unlock()
		if !on {
			return
		}
		close(frozen)
		select {
		case <-closed.Done(): // it sees that its stream was closed meanwhile
			e.connect()
		default:
		}
	}
}

// reconnect breaks the stream and opens another after a while.
func (e *standIn) reconnect(after time.Duration) {
	e.mu.Lock()
	orders, broke := e.orders, e.broke
	e.report = nil
	e.mu.Unlock()
	orders.Close()
	broke(errors.New("broken pipe"))
	time.Sleep(after)
	e.mu.Lock()
	dead := e.dead
	e.mu.Unlock()
	if !dead {
		e.connect()
	}
}

// observer notes what a job's observer is told.
type observer struct {
	mu     sync.Mutex
	values []int64
	rows   int64
	loaded []int64
	counts [][]int64
	begun  []string
	stages []plan.StageStatus
	// slowly is how long each stream takes.
	slowly time.Duration
	active int
}

func (o *observer) Rows(_ string, rows int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows += int64(rows)
}

func (o *observer) Loaded(_ string, rows int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.loaded = append(o.loaded, rows)
}

func (o *observer) Begin(step string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun = append(o.begun, step)
}

func (o *observer) Advance(string, float64) {}

func (o *observer) Counts(_ string, values []int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts = append(o.counts, values)
	return nil
}

func (o *observer) Stages(status []plan.StageStatus) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stages = status
}

func (o *observer) Stream(ctx context.Context, _ string, rows plan.Stream) error {
	o.mu.Lock()
	o.active++
	if o.active > 1 {
		o.mu.Unlock()
		return errors.New("two streams of a step at once")
	}
	o.mu.Unlock()
	time.Sleep(o.slowly)
	defer func() {
		o.mu.Lock()
		o.active--
		o.mu.Unlock()
	}()
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		o.mu.Lock()
		o.values = append(o.values, batch.Column(0).(*array.Int64).Int64Values()...)
		o.mu.Unlock()
		batch.Release()
	}
}

// chain is a job of a source with n partitions, read by tasks, passed through
// stages of tasks each, and streamed by the last.
func chain(id string, n, stages, tasks int) plan.Job {
	in := plan.StageInput{Table: "src", Source: "src", Columns: []string{"n"}, Spread: plan.SpreadSplit}
	scan := plan.Scan{Source: "src", Schema: plan.Schema{Schema: numbers}}
	for i := range n {
		scan.Partitions = append(scan.Partitions, plan.Partition{Raw: json.RawMessage(fmt.Sprint(i)), Rows: -1, Bytes: -1})
	}
	job := plan.Job{ID: id, Scans: map[string]plan.Scan{in.ScanKey(): scan}, Locations: map[string]plan.Secret{"src": "nowhere"}}
	for s := range stages {
		st := plan.Stage{ID: s, Name: fmt.Sprint("stage ", s), Tasks: tasks}
		if s == 0 {
			st.Inputs = []plan.StageInput{in}
		} else {
			spread := plan.SpreadAligned
			if s%2 == 0 {
				spread = plan.SpreadSplit
			}
			st.Inputs = []plan.StageInput{{Table: "in", From: &plan.Output{Stage: s - 1, Step: fmt.Sprint("write", s-1)}, Spread: spread}}
		}
		if s == stages-1 {
			st.Steps = []plan.Step{{Name: "count", Kind: plan.StepCount}, {Name: "out", Kind: plan.StepStream}}
		} else {
			st.Steps = []plan.Step{{Name: fmt.Sprint("write", s), Kind: plan.StepWrite, Partitions: 2 * tasks}}
		}
		job.Graph.Stages = append(job.Graph.Stages, st)
	}
	return job
}

// check proves that a chain's observer was told everything once.
func (o *observer) check(t *testing.T, n int) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.values)
	want := make([]int64, n)
	for i := range want {
		want[i] = int64(i)
	}
	require.Equal(t, want, o.values)
	require.EqualValues(t, n, o.rows)
	require.Equal(t, []int64{int64(n)}, o.loaded)
	require.Equal(t, [][]int64{{int64(n)}}, o.counts)
	for _, st := range o.stages {
		require.Equal(t, plan.StageDone, st.State, st.Name)
		require.Equal(t, st.Tasks, st.Done)
		require.Zero(t, st.Running)
	}
}
