package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	sched "kallad/ballista/scheduler"
	"kallad/worker/auth"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// testCluster is a scheduler in the test's process with executors in
// processes of their own.
type testCluster struct {
	*cluster
	engines *engines
	dir     string
	logs    *lines
}

// quick are settings under which a lost executor is noticed soon.
func quick(cfg *sched.Config) {
	cfg.Heartbeat, cfg.Timeout = 50*time.Millisecond, 10*time.Second // nobody is silent for so long on a busy machine
	cfg.ReconnectGrace, cfg.LocalGrace = 300*time.Millisecond, 300*time.Millisecond
	cfg.RetryDelay = 5 * time.Millisecond
}

func newTestCluster(t *testing.T, adapt func(*sched.Config)) *testCluster {
	t.Helper()
	return newGuardedCluster(t, adapt, auth.Guard{})
}

func newGuardedCluster(t *testing.T, adapt func(*sched.Config), guard auth.Guard) *testCluster {
	t.Helper()
	dir := t.TempDir()
	c := &testCluster{dir: dir, logs: &lines{}}
	log := slog.New(slog.NewTextHandler(c.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	limits := &engineFlags{}
	limits.register(pflag.NewFlagSet("", pflag.ContinueOnError), true)
	limits.memoryLimit, limits.threads, limits.tempDir = 1<<30, 2, t.TempDir()
	var err error
	c.engines, err = limits.newEngines(dir, nil, 4, true, log)
	require.NoError(t, err)
	flags := &clusterFlags{}
	flags.register(pflag.NewFlagSet("", pflag.ContinueOnError))
	quick(&flags.cfg)
	if adapt != nil {
		adapt(&flags.cfg)
	}
	flags.grpcPort = 0
	c.cluster, err = flags.newCluster(c.engines, "127.0.0.1", guard, prometheus.NewRegistry(), func() int { return 0 }, log)
	require.NoError(t, err)
	require.NoError(t, c.start(t.Context()))
	t.Cleanup(func() {
		require.NoError(t, c.stop(context.Background()))
		require.NoError(t, c.engines.close())
		if t.Failed() {
			t.Log(c.logs.String())
		}
	})
	return c
}

// testExecutor is an executor process.
type testExecutor struct {
	cmd  *exec.Cmd
	id   string
	temp string
	logs *lines
}

var executorID = regexp.MustCompile(`msg="executor starts" executor=(\S+)`)

// executor starts an executor process and waits until it has joined.
func (c *testCluster) executor(t *testing.T, args ...string) *testExecutor {
	t.Helper()
	e := c.prepare(t, args...)
	e.start(t)
	return e
}

// prepare makes an executor process ready to start.
func (c *testCluster) prepare(t *testing.T, args ...string) *testExecutor {
	t.Helper()
	e := &testExecutor{temp: t.TempDir(), logs: &lines{}}
	args = append([]string{
		"executor", "--scheduler-url", c.listener.Addr().String(), "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
		"--slots", "2", "--threads", "2", "--memory-limit", "600MB", "--temp-dir", e.temp, "--log-level", "debug",
	}, args...)
	e.cmd = process(t.Context(), t, c.dir, args...)
	e.cmd.Stderr = e.logs
	return e
}

func (e *testExecutor) start(t *testing.T) {
	t.Helper()
	require.NoError(t, e.cmd.Start())
	t.Cleanup(func() {
		_ = e.cmd.Process.Kill()
		_ = e.cmd.Wait()
		if t.Failed() {
			t.Log(e.logs.String())
		}
	})
	e.id = executorID.FindStringSubmatch(e.logs.await(t, "executor starts"))[1]
	e.logs.await(t, "msg=connected")
}

// numbers writes CSV files with the numbers from 0 to rows-1 and their
// remainders, and returns the pattern of their names: a source that can be
// split however small it is.
func (c *testCluster) numbers(t *testing.T, name string, rows int) string {
	t.Helper()
	const files = 8
	for f := range files {
		var b strings.Builder
		b.WriteString("n,k\n")
		for i := f * rows / files; i < (f+1)*rows/files; i++ {
			fmt.Fprintf(&b, "%d,%d\n", i, i%1000)
		}
		write(t, c.dir, fmt.Sprintf("%s-%d.csv", name, f), b.String())
	}
	return filepath.Join(c.dir, name+"-*.csv")
}

// scan describes and splits a source, as whoever plans a job does.
func (c *testCluster) scan(t *testing.T, alias string, uri recon.URI, want int) (plan.StageInput, plan.Scan) {
	t.Helper()
	src, err := c.engines.stores.sources.Open(t.Context(), uri)
	require.NoError(t, err)
	t.Cleanup(func() { _ = src.Close() })
	about, err := src.Describe(t.Context())
	require.NoError(t, err)
	in := plan.StageInput{Table: alias, Source: alias, Spread: plan.SpreadSplit}
	for _, f := range about.Schema.Fields() {
		in.Columns = append(in.Columns, f.Name)
	}
	scan, err := splitInput(t.Context(), src, in, want)
	require.NoError(t, err)
	return in, scan
}

// splitInput splits what a stage reads of a source.
func splitInput(ctx context.Context, src source.Source, in plan.StageInput, want int) (plan.Scan, error) {
	about, err := src.Describe(ctx)
	if err != nil {
		return plan.Scan{}, err
	}
	scan := source.Scan{Columns: in.Reads()}
	partitions, err := src.Split(ctx, scan, want)
	if err != nil {
		return plan.Scan{}, err
	}
	fields := make([]arrow.Field, len(scan.Columns))
	for i, name := range scan.Columns {
		fields[i] = about.Schema.Field(about.Schema.FieldIndices(name)[0])
	}
	out := plan.Scan{Source: in.Source, Schema: plan.Schema{Schema: arrow.NewSchema(fields, nil)}}
	if out.Raw, err = json.Marshal(scan); err != nil {
		return out, err
	}
	for _, p := range partitions {
		raw, err := json.Marshal(p)
		if err != nil {
			return out, err
		}
		out.Partitions = append(out.Partitions, plan.Partition{Raw: raw, Rows: p.Rows, Bytes: p.Bytes, Once: p.Once})
	}
	return out, nil
}

// twoStages counts the numbers per remainder: scanned and scattered by tasks,
// grouped and streamed by others.
func (c *testCluster) twoStages(t *testing.T, id string, uri recon.URI, tasks int) plan.Job {
	t.Helper()
	in, scan := c.scan(t, "nums", uri, 2*tasks)
	return plan.Job{
		ID: id, Scans: map[string]plan.Scan{in.ScanKey(): scan}, Locations: map[string]plan.Secret{"nums": plan.Secret(uri.Reveal())},
		Graph: plan.Graph{Stages: []plan.Stage{
			{ID: 1, Name: "scan nums", Tasks: tasks, Inputs: []plan.StageInput{in}, Steps: []plan.Step{
				{Name: "scatter", Kind: plan.StepWrite, Partitions: tasks, SQL: fmt.Sprintf("SELECT CAST(hash(k) %% %d AS INTEGER), n, k FROM nums", tasks)},
			}},
			{ID: 2, Name: "group", Tasks: tasks, Inputs: []plan.StageInput{
				{Table: "part", From: &plan.Output{Stage: 1, Step: "scatter"}, Spread: plan.SpreadAligned},
			}, Steps: []plan.Step{
				{Name: "count", Kind: plan.StepCount, SQL: "SELECT count(*) FROM part"},
				{Name: "groups", Kind: plan.StepStream, SQL: "SELECT k, count(*) AS c, sum(n) AS s FROM part GROUP BY k"},
			}},
		}},
	}
}

// witness is an observer that keeps what it is told.
type witness struct {
	mu       sync.Mutex
	rows     map[string]int64
	loaded   map[string]int64
	counts   map[string][]int64
	begun    []string
	got      []string
	streams  map[string]int // under way, by step
	stages   []plan.StageStatus
	streamed int
	// onStream is called when a stream begins, with its number from 1.
	onStream func(nth int)
}

func newWitness() *witness {
	return &witness{rows: map[string]int64{}, loaded: map[string]int64{}, counts: map[string][]int64{}, streams: map[string]int{}}
}

func (w *witness) Rows(source string, rows int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rows[source] += int64(rows)
}

func (w *witness) Loaded(source string, rows int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, twice := w.loaded[source]; twice {
		panic("loaded twice: " + source)
	}
	w.loaded[source] = rows
}

func (w *witness) Begin(step string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = append(w.begun, step)
}
func (w *witness) Advance(string, float64) {}
func (w *witness) Counts(step string, values []int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts[step] != nil {
		return errors.New("counted twice: " + step)
	}
	w.counts[step] = values
	return nil
}

func (w *witness) Stages(status []plan.StageStatus) {
	w.mu.Lock()
	w.stages = status
	w.mu.Unlock()
}

func (w *witness) Stream(ctx context.Context, step string, rows plan.Stream) error {
	w.mu.Lock()
	w.streams[step]++
	w.streamed++
	alone, nth := w.streams[step] == 1, w.streamed
	w.mu.Unlock()
	if w.onStream != nil {
		w.onStream(nth)
	}
	if !alone {
		return errors.New("two streams of one step at a time")
	}
	defer func() {
		w.mu.Lock()
		w.streams[step]--
		w.mu.Unlock()
	}()
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var lines []string
		for i := range int(batch.NumRows()) {
			cells := make([]string, batch.NumCols())
			for c, col := range batch.Columns() {
				cells[c] = strings.Clone(col.ValueStr(i))
			}
			lines = append(lines, strings.Join(cells, ","))
		}
		batch.Release()
		w.mu.Lock()
		w.got = append(w.got, lines...)
		w.mu.Unlock()
	}
}

// groups is what twoStages must find.
func groups(rows int) []string {
	count, sum := map[int]int{}, map[int]int{}
	for i := range rows {
		count[i%1000]++
		sum[i%1000] += i
	}
	var out []string
	for k := range count {
		out = append(out, fmt.Sprintf("%d,%d,%d", k, count[k], sum[k]))
	}
	slices.Sort(out)
	return out
}

func (w *witness) check(t *testing.T, rows int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.got)
	require.Equal(t, groups(rows), w.got)
	require.Equal(t, map[string]int64{"nums": int64(rows)}, w.loaded)
	require.Equal(t, map[string]int64{"nums": int64(rows)}, w.rows)
	require.Equal(t, map[string][]int64{"count": {int64(rows)}}, w.counts)
	require.ElementsMatch(t, []string{"scatter", "count", "groups"}, w.begun)
}

func TestClusterRunsStages(t *testing.T) {
	t.Parallel()
	const rows = 200_000
	c := newTestCluster(t, nil)
	path := c.numbers(t, "nums", rows)
	c.executor(t)
	c.executor(t)
	require.Equal(t, 4, c.Places())
	for i := range 5 {
		w := newWitness()
		began := time.Now()
		require.NoError(t, c.Run(t.Context(), c.twoStages(t, fmt.Sprint("job", i), recon.URI(path), 4), w))
		t.Log(time.Since(began))
		w.check(t, rows)
	}
	w := newWitness()
	path = c.numbers(t, "few", 2000)
	job := c.twoStages(t, "few", recon.URI(path), 2)
	began := time.Now()
	require.NoError(t, c.Run(t.Context(), job, w))
	t.Log(time.Since(began))
	w.check(t, 2000)
}
