package cell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/ballista/cell"
	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/scheduler"
	"kallad/ballista/shuffle"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// TestMain lets the test binary be a cell, or a process that has one.
func TestMain(m *testing.M) {
	switch os.Getenv("CELL_TEST_MAIN") {
	case "cell":
		if err := cell.Serve(os.Stdin, os.NewFile(cell.OutputFile, "answers"), newHost); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	case "owner":
		own()
	}
	goleak.VerifyTestMain(m)
}

// memory bounds a cell of these tests.
const memory = 1 << 30

func newHost(config []byte, _ cell.Meter) (cell.Host, error) {
	if err := cell.Confine(memory); err != nil {
		return cell.Host{}, err
	}
	sessions := engine.NewPool(engine.Config{MemoryLimit: 64 << 20, MaxSpill: 64 << 20, Threads: 2, TempDir: string(config)}, engine.AheadAlways)
	run, end, err := newScheduler(sessions, string(config))
	if err != nil {
		return cell.Host{}, err
	}
	return cell.Host{
		Bind:     func() (cell.Binder, error) { return sessions.Open() },
		Run:      run,
		Held:     func() (int64, int64) { return 0, 0 },
		Close:    func() error { return errors.Join(end(), sessions.Close()) },
		Resident: func() int64 { return 1 },
	}, nil
}

// newScheduler runs jobs in this process.
func newScheduler(sessions *engine.Pool, dir string) (run func(context.Context, plan.Job, plan.Observer) error, end func() error, err error) {
	log := slog.New(slog.DiscardHandler)
	pieces, err := shuffle.NewStore(shuffle.Config{Dir: dir}, log)
	if err != nil {
		return nil, nil, err
	}
	client := shuffle.NewClient(shuffle.ClientConfig{}, plan.LocalExecutor, pieces)
	registry := prometheus.NewRegistry()
	s := scheduler.New(scheduler.DefaultConfig(), scheduler.NewCollector(client, pieces, 1<<20), scheduler.NewMetrics(registry), log)
	var worker *executor.Worker
	s.AddLocal(&control.Hello{Slots: 2, Threads: 2}, func(report func(*control.Report)) scheduler.Worker {
		core := executor.New(executor.Pooled(sessions), source.NewRegistry(), executor.NewPieces(client, ""))
		worker = executor.NewWorker(core, pieces, executor.NewMetrics(registry), log, report)
		return worker
	})
	return s.Run, func() error {
		err := s.Close()
		worker.Close()
		return errors.Join(err, client.Close(), pieces.Close())
	}, nil
}

func config(dir string) cell.Config {
	return cell.Config{
		Command: func() *exec.Cmd {
			self, err := os.Executable()
			if err != nil {
				panic(err)
			}
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), "CELL_TEST_MAIN=cell")
			return cmd
		},
		Settings: []byte(dir),
		Grace:    200 * time.Millisecond,
	}
}

// pool returns cells that the test ends, and the folder for what they spill.
func pool(t *testing.T, adapt func(*cell.Config)) (*cell.Pool, string) {
	t.Helper()
	dir := t.TempDir()
	cfg := config(dir)
	cfg.Ended = func() {
		_, err := engine.SweepSpill(dir)
		require.NoError(t, errors.Join(err, shuffle.Sweep(dir)))
	}
	if adapt != nil {
		adapt(&cfg)
	}
	p := cell.NewPool(cfg, slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(func() {
		require.NoError(t, p.Close())
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, "nothing spilled is left")
	})
	return p, dir
}

// notes is an observer that writes down what it is told.
type notes struct {
	mu      sync.Mutex
	text    bytes.Buffer
	batches int
	onBatch func() error
	dropped int64
	stages  []plan.StageStatus
}

func (n *notes) note(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintf(&n.text, format+"\n", args...)
}

func (n *notes) Rows(string, int)                    {}
func (n *notes) Loaded(source string, rows int64)    { n.note("loaded %s %d", source, rows) }
func (n *notes) Begin(step string)                   { n.note("begin %s", step) }
func (n *notes) Advance(string, float64)             {}
func (n *notes) Counts(step string, v []int64) error { n.note("counts %s %v", step, v); return nil }
func (n *notes) Stages(status []plan.StageStatus) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stages = status
}

func (n *notes) Stream(ctx context.Context, step string, rows plan.Stream) error {
	n.note("stream %s %s", step, rows.Schema())
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			n.dropped = rows.Dropped()
			n.note("dropped %d", n.dropped)
			return nil
		}
		if err != nil {
			return fmt.Errorf("take a batch: %w", err)
		}
		n.batches++
		for i := range int(batch.NumRows()) {
			for _, col := range batch.Columns() {
				n.note("%s", col.ValueStr(i))
			}
		}
		batch.Release()
		if n.onBatch != nil {
			if err := n.onBatch(); err != nil {
				return err
			}
		}
	}
}

// steps is a job of one task.
func steps(sql ...string) plan.Job {
	stage := plan.Stage{Name: "all", Tasks: 1}
	for i, s := range sql {
		kind, text, _ := strings.Cut(s, ": ")
		stage.Steps = append(stage.Steps, plan.Step{Name: "step-" + strconv.Itoa(i), Kind: plan.StepKind(kind), SQL: text, Marked: strings.Contains(text, "AS mark")})
	}
	return plan.Job{ID: "j", Graph: plan.Graph{Stages: []plan.Stage{stage}}}
}

// everyKind has a value of each kind, edge values among them, and nulls.
const everyKind = `run: CREATE TABLE t AS SELECT i % 2 = 0 AS b, i::TINYINT AS i8, -i AS i64, 18446744073709551615::UBIGINT AS u64, i / 3.0::DOUBLE AS f64,
	(-99999999999999999999999999999999999.999)::DECIMAL(38,3) AS d38, CASE WHEN i % 3 = 0 THEN NULL ELSE repeat('äx', i % 20) END AS txt, encode('b' || i) AS blob,
	DATE '0001-01-01' + i::INT AS day, 'infinity'::DATE AS inf, TIMESTAMP '1969-12-31 23:59:59.999999' + to_seconds(i) AS ts, TIMESTAMPTZ '2024-01-01 00:00:01.5+02' AS tstz,
	INTERVAL (i) MONTH AS iv, 'ffffffff-8000-4000-8000-0123456789ab'::UUID AS id, [i, NULL] AS l, {'a': i, 'b': [i]} AS s, MAP {'k': i} AS m
	FROM range(100) r(i)`

func TestAJobInACellIsTheJob(t *testing.T) {
	t.Parallel()
	p, dir := pool(t, nil)
	job := steps(everyKind,
		"count: SELECT count(*), sum(i64)::BIGINT FROM t",
		"stream: SELECT * FROM t ORDER BY i64",
		"stream: SELECT i64 % 2 = 0 AS mark, i64, repeat('x', 100) AS pad FROM (SELECT -i AS i64 FROM range(100000) r(i)) ORDER BY i64",
		"stream: SELECT 1 AS none WHERE false")
	sessions := engine.NewPool(engine.Config{MemoryLimit: 64 << 20, Threads: 2, TempDir: dir}, engine.AheadFirst)
	here, there := &notes{}, &notes{}
	run, end, err := newScheduler(sessions, dir)
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), job, here))
	require.NoError(t, errors.Join(end(), sessions.Close()))
	require.NoError(t, p.Run(t.Context(), job, there))
	require.Equal(t, here.text.String(), there.text.String())
	require.Greater(t, there.batches, 3)
}

// spread is a job of several tasks: one writes, others read it and stream side
// by side.
func spread(rows int, second string) plan.Job {
	written := plan.Stage{ID: 0, Name: "write", Tasks: 1, Steps: []plan.Step{{
		Name: "write1", Kind: plan.StepWrite, Partitions: 4,
		SQL: fmt.Sprintf("SELECT CAST(i %% 4 AS INTEGER), i, repeat('x', 50) AS pad FROM range(%d) r(i)", rows),
	}}}
	read := plan.Stage{ID: 1, Name: "read", Tasks: 4,
		Inputs: []plan.StageInput{{Table: "t", From: &plan.Output{Stage: 0, Step: "write1"}, Spread: plan.SpreadAligned}},
		Steps: []plan.Step{
			{Name: "n", Kind: plan.StepCount, SQL: "SELECT count(*) FROM t"},
			{Name: "even", Kind: plan.StepStream, Marked: true, SQL: "SELECT i % 2 = 1 AS mark, i FROM t"},
			{Name: "all", Kind: plan.StepStream, SQL: second},
		},
	}
	return plan.Job{ID: "spread", Graph: plan.Graph{Stages: []plan.Stage{written, read}}}
}

// tally adds up what streams bring, several at a time.
type tally struct {
	notes
	rows, marked map[string]int64
	fail         string // the step whose second batch is not taken
}

func (c *tally) Stream(ctx context.Context, step string, rows plan.Stream) error {
	for batches := 0; ; batches++ {
		batch, err := rows.Next(ctx)
		c.mu.Lock()
		if errors.Is(err, io.EOF) {
			c.marked[step] += rows.Dropped()
			c.mu.Unlock()
			return nil
		}
		if err == nil {
			c.rows[step] += batch.NumRows()
		}
		c.mu.Unlock()
		if err != nil {
			return err
		}
		batch.Release()
		if step == c.fail && batches > 0 {
			return errNotTaken
		}
	}
}

var errNotTaken = errors.New("the evidence takes no more")

func newTally(fail string) *tally {
	return &tally{rows: map[string]int64{}, marked: map[string]int64{}, fail: fail}
}

func TestAJobOfSeveralTasksInACell(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, nil)
	n := newTally("")
	require.NoError(t, p.Run(t.Context(), spread(400_000, "SELECT * FROM t"), n))
	require.Equal(t, map[string]int64{"even": 200_000, "all": 400_000}, n.rows)
	require.Equal(t, map[string]int64{"even": 200_000, "all": 0}, n.marked)
	require.Contains(t, n.text.String(), "counts n [400000]")
	require.Len(t, n.stages, 2)
	require.Equal(t, 4, n.stages[1].Done)

	for _, step := range []string{"even", "all"} {
		require.ErrorIs(t, p.Run(t.Context(), spread(2_000_000, "SELECT * FROM t"), newTally(step)), errNotTaken)
	}

	err := p.Run(t.Context(), spread(400_000, "SELECT CASE WHEN i = 300001 THEN error('as told') ELSE i END FROM t"), newTally(""))
	require.ErrorContains(t, err, "as told")
	var fault interface{ QueryFault() bool }
	require.ErrorAs(t, err, &fault)
	require.True(t, fault.QueryFault())
	require.NoError(t, p.Run(t.Context(), spread(4, "SELECT * FROM t"), newTally("")))
}

func TestErrorsOfACellAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, nil)
	err := p.Run(t.Context(), steps("run: SELECT error('as told')"), &notes{})
	require.ErrorContains(t, err, "as told")
	require.Equal(t, engine.KindQuery, engine.KindOf(err))

	n := &notes{}
	err = p.Run(t.Context(), steps("stream: SELECT CASE WHEN i = 90000 THEN error('late') ELSE i END FROM range(100000) r(i)"), n)
	require.ErrorContains(t, err, "late", "an error in mid-stream is the task's, not the stream's")
	require.Equal(t, engine.KindQuery, engine.KindOf(err))

	err = p.Run(t.Context(), steps("run: CREATE TABLE big AS SELECT md5(i::VARCHAR) AS m, i FROM range(100000000) r(i)"), &notes{})
	require.Contains(t, []engine.Kind{engine.KindMemory, engine.KindDisk}, engine.KindOf(err), "%v", err)

	job := steps("run: SELECT 1")
	in := plan.StageInput{Table: "t", Source: "s"}
	job.Graph.Stages[0].Inputs = []plan.StageInput{in}
	job.Scans = map[string]plan.Scan{in.ScanKey(): {Source: "s", Schema: plan.Schema{Schema: arrow.NewSchema(nil, nil)}, Raw: []byte("{}")}}
	job.Locations = map[string]plan.Secret{"s": "what.is?this=1"}
	err = p.Run(t.Context(), job, &notes{})
	require.True(t, recon.IsInput(err), "%v", err)

	full := errors.New("the disk of the evidence is full")
	n = &notes{onBatch: func() error { return full }}
	err = p.Run(t.Context(), steps("stream: SELECT * FROM range(10000000)"), n)
	require.ErrorIs(t, err, full)
	require.Equal(t, 1, n.batches)
	require.NoError(t, p.Run(t.Context(), steps("run: SELECT 1"), &notes{}))
}

func TestBindingInACell(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, nil)
	b, err := p.Bind()
	require.NoError(t, err)
	schema := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	require.NoError(t, b.CreateEmpty(t.Context(), "t", schema))
	parsed, err := b.Parse(t.Context(), "SELECT id FROM t")
	require.NoError(t, err)
	sql, err := b.Format(t.Context(), parsed)
	require.NoError(t, err)
	got, err := b.Describe(t.Context(), sql)
	require.NoError(t, err)
	require.True(t, schema.Equal(got), "%s", got)
	names, types, err := b.Columns(t.Context(), "SELECT id::HUGEINT AS h FROM t")
	require.NoError(t, err)
	require.Equal(t, []string{"h", "HUGEINT"}, append(names, types...))
	_, err = b.Describe(t.Context(), "SELECT nothing FROM t")
	require.ErrorContains(t, err, "nothing")
	require.Equal(t, engine.KindQuery, engine.KindOf(err))
	require.NoError(t, b.Close())

	again, err := p.Bind()
	require.NoError(t, err)
	_, err = again.Describe(t.Context(), "SELECT id FROM t")
	require.ErrorContains(t, err, "t does not exist", "nothing of one job is left for the next")
	require.NoError(t, again.Close())
}

// stuck is within one call of a function for longer than anybody waits.
const stuck = "run: SELECT levenshtein(repeat('a', 60000 + i::INT), repeat('b', 60000)) FROM range(2048) r(i)"

func TestWhatDoesNotStopIsEnded(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, nil)
	for name, sql := range map[string]string{
		"interruptible":     "run: SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range * b.range % 7 = 8",
		"not interruptible": stuck,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := p.Run(ctx, steps(sql), &notes{})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Less(t, time.Since(began), 20*time.Second)
		})
	}
	require.NoError(t, p.Run(t.Context(), steps("run: SELECT 1"), &notes{}), "the next one runs")
}

func TestBindingThatTakesTooLong(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, func(c *cell.Config) { c.BindTime = 3 * time.Second })
	b, err := p.Bind()
	require.NoError(t, err)
	_, err = b.Describe(t.Context(), "SELECT levenshtein(repeat('a', 600000), repeat('b', 600000))")
	var slow *cell.SlowError
	require.ErrorAs(t, err, &slow)
	_, err = b.Describe(t.Context(), "SELECT 1")
	require.ErrorAs(t, err, &slow, "it says so again")
	require.NoError(t, b.Close())
}

// overflow is a query that a stack overflow of DuckDB's ends the process over.
const overflow = `run: SELECT from_json('1', repeat('[', 60000) || '"INT"' || repeat(']', 60000))`

func TestACrashIsTheQuerysOwn(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, nil)
	err := p.Run(t.Context(), steps(overflow), &notes{})
	var dead *cell.DeadError
	require.ErrorAs(t, err, &dead)
	require.True(t, dead.QueryFault())
	require.NoError(t, p.Run(t.Context(), steps("run: SELECT 1"), &notes{}))
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, func(c *cell.Config) { c.Idle, c.MaxUses = 2, 3 })
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			if i%4 == 3 {
				if err := p.Run(t.Context(), steps(overflow), &notes{}); err == nil {
					t.Error("the process of this one must have ended")
				}
				return
			}
			n := &notes{}
			if err := p.Run(t.Context(), steps(fmt.Sprintf("count: SELECT count(*) + %d FROM range(100000)", i)), n); err != nil {
				t.Error(err)
			}
			if want := fmt.Sprintf("counts step-0 [%d]", 100000+i); !strings.Contains(n.text.String(), want) {
				t.Errorf("want %s, got %s", want, n.text.String())
			}
		})
	}
	group.Wait()
}

func TestAProcessThatSomebodyKilledIsReplaced(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var started []*exec.Cmd
	p, _ := pool(t, func(c *cell.Config) {
		command := c.Command
		c.Command = func() *exec.Cmd {
			cmd := command()
			mu.Lock()
			started = append(started, cmd)
			mu.Unlock()
			return cmd
		}
	})
	require.NoError(t, p.Run(t.Context(), steps("run: SELECT 1"), &notes{}))
	mu.Lock()
	for _, cmd := range started {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
	}
	mu.Unlock()
	require.Eventually(t, func() bool {
		return p.Run(t.Context(), steps("run: SELECT 1"), &notes{}) == nil
	}, 10*time.Second, time.Millisecond)
}

// own is a process that has a cell, which is busy with a query that does not
// stop.
func own() {
	cfg := config(os.Getenv("CELL_TEST_DIR"))
	command := cfg.Command
	cfg.Command = func() *exec.Cmd {
		cmd := command()
		cmd.Stderr = os.Stderr
		return cmd
	}
	p := cell.NewPool(cfg, slog.New(slog.DiscardHandler))
	n := &notes{}
	go func() { _ = p.Run(context.Background(), steps("count: SELECT 1::BIGINT", stuck), n) }()
	for range time.Tick(time.Millisecond) {
		n.mu.Lock()
		busy := strings.Contains(n.text.String(), "begin step-1")
		n.mu.Unlock()
		if busy {
			break
		}
	}
	fmt.Println("busy")
	select {}
}
