//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	sched "kallad/ballista/scheduler"
	"kallad/worker/auth/authtest"
	"kallad/worker/recon"
)

// The faults of a cluster, each on real processes. Jobs are held in the phase
// that a fault is to hit by a source that does not go on: a gate.

// started runs a job in the background.
type started struct {
	*witness
	done   chan error
	cancel context.CancelFunc
}

func (c *testCluster) begin(t *testing.T, job plan.Job) *started {
	ctx, cancel := context.WithCancel(t.Context())
	s := &started{witness: newWitness(), done: make(chan error, 1), cancel: cancel}
	go func() { s.done <- c.Run(ctx, job, s.witness) }()
	return s
}

func (s *started) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(patience):
		t.Fatal("the job does not end")
		return nil
	}
}

// await waits until the stages are as a test wants them.
func (w *witness) await(t *testing.T, what string, holds func([]plan.StageStatus) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return holds(w.stages)
	}, patience, 2*time.Millisecond, what)
}

// attempts returns the attempts of a stage that are in a state.
func attempts(stages []plan.StageStatus, id int, state plan.StageState) []plan.TaskStatus {
	for _, st := range stages {
		if st.ID == id {
			return slices.DeleteFunc(slices.Clone(st.Attempts), func(a plan.TaskStatus) bool { return a.State != state })
		}
	}
	return nil
}

// awaitRunning waits for an attempt of a stage that has read rows, and returns
// where it runs.
func (w *witness) awaitRunning(t *testing.T, stage int) string {
	t.Helper()
	var where string
	w.await(t, "a task under way", func(stages []plan.StageStatus) bool {
		for _, a := range attempts(stages, stage, plan.StageRunning) {
			if a.RowsIn > 0 {
				where = a.Executor
				return true
			}
		}
		return false
	})
	return where
}

// trio is a cluster of executors and what proves that nothing is left.
type trio struct {
	*testCluster
	executors []*testExecutor
}

// newTrio starts a cluster for a test that no other runs beside. At the test's
// end nothing of it may run on in this process.
func newTrio(t *testing.T, executors int, adapt func(*sched.Config), args ...string) *trio {
	t.Cleanup(func() { noGoroutines(t) })
	c := &trio{testCluster: newTestCluster(t, adapt)}
	for range executors {
		c.executors = append(c.executors, c.executor(t, args...))
	}
	return c
}

func (c *trio) byID(id string) *testExecutor {
	return c.executors[slices.IndexFunc(c.executors, func(e *testExecutor) bool { return e.id == id })]
}

func (e *testExecutor) kill(t *testing.T) {
	require.NoError(t, e.cmd.Process.Kill())
	_ = e.cmd.Wait()
}

// clean proves that no executor that lives holds a slot, an output, a goroutine
// of a task or an open file, and that no file is left of those.
func (c *trio) clean(t *testing.T) {
	t.Helper()
	for _, e := range c.scheduler.Executors() {
		if e.State == sched.ExecutorLost {
			continue
		}
		conn, err := grpc.NewClient(e.ControlAddress, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		defer conn.Close()
		var status *control.StatusResponse
		require.Eventually(t, func() bool {
			status, err = control.NewExecutorClient(conn).Status(t.Context(), &control.StatusRequest{})
			return err == nil && status.Running == 0 && status.OutputMemoryBytes == 0 && status.OutputDiskBytes == 0
		}, patience, 5*time.Millisecond, "%v %v", status, err)
		require.Empty(t, spilled(t, c.byID(e.ID).temp), "files of outputs")
		c.byID(e.ID).holdsNothing(t)
	}
	require.Eventually(t, func() bool {
		memory, disk := c.store.Usage()
		return memory+disk == 0
	}, patience, 5*time.Millisecond, "the scheduler still keeps something")
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(c.scheduler.Executors(), func(e sched.ExecutorStatus) bool { return e.Running > 0 })
	}, patience, 5*time.Millisecond, "a slot is still taken")
}

// spilled lists the files in a temporary folder that hold data.
func spilled(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(leftover(t, dir), func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || info.IsDir() || info.Size() == 0
	})
}

// noGoroutines proves that nothing of the cluster runs in this process.
func noGoroutines(t *testing.T) {
	t.Helper()
	var text string
	require.Eventually(t, func() bool {
		buf := make([]byte, 4<<20)
		text = string(buf[:runtime.Stack(buf, true)])
		return !strings.Contains(text, "kallad/ballista/scheduler.") && !strings.Contains(text, "kallad/ballista/shuffle.")
	}, patience, 10*time.Millisecond, text)
}

// gatedStages is twoStages over a gate: the source is read as it is written on.
func (c *testCluster) gatedStages(t *testing.T, id string, g *gate) plan.Job {
	job := c.twoStages(t, id, g.uri, 4)
	job.Graph.Stages[0].Inputs[0].Streamed = true
	return job
}

func TestClusterKilledInScan(t *testing.T) {
	const rows = 40_000
	g := newGate(t, rows)
	c := newTrio(t, 2, nil)
	job := c.twoStages(t, "scan", g.uri, 4) // tables are filled before the first step
	s := c.begin(t, job)
	c.byID(s.awaitRunning(t, 1)).kill(t)
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	c.clean(t)
}

func TestClusterKilledInShuffleWrite(t *testing.T) {
	const rows = 40_000
	g := newGate(t, rows)
	c := newTrio(t, 2, nil)
	s := c.begin(t, c.gatedStages(t, "write", g))
	c.byID(s.awaitRunning(t, 1)).kill(t)
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	c.clean(t)
}

// threeStages has a last stage that first reads a gate, of which it counts
// nothing, and then what the others wrote.
func (c *testCluster) threeStages(t *testing.T, id string, nums recon.URI, g *gate) plan.Job {
	job := c.twoStages(t, id, nums, 4)
	in, scan := c.scan(t, "gate", g.uri, 1)
	in.Spread, in.Again = plan.SpreadAll, true
	job.Scans[in.ScanKey()] = scan
	job.Locations["gate"] = plan.Secret(g.uri.Reveal())
	last := &job.Graph.Stages[1]
	last.Inputs = append([]plan.StageInput{in}, last.Inputs...)
	return job
}

// held runs such a job until all of the first stage is done and the second
// waits at the gate.
func (c *testCluster) held(t *testing.T, rows int) (*started, *gate) {
	g := newGate(t, 10)
	s := c.begin(t, c.threeStages(t, "held", recon.URI(c.numbers(t, "nums", rows)), g))
	s.await(t, "the second stage", func(stages []plan.StageStatus) bool {
		return len(attempts(stages, 2, plan.StageRunning)) == 4
	})
	return s, g
}

func TestClusterKilledBeforeShuffleRead(t *testing.T) {
	const rows = 100_000
	c := newTrio(t, 2, nil)
	s, g := c.held(t, rows)
	c.executors[0].kill(t) // it runs readers and has what others are to read
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	c.clean(t)
}

// lateRows counts the numbers of a source, and fetches the rows of some that
// each task of the scan has kept. The fetch first reads a gate, of which it
// counts nothing.
func (c *testCluster) lateRows(t *testing.T, nums recon.URI, g *gate) plan.Job {
	job := c.threeStages(t, "late", nums, g)
	in := job.Graph.Stages[0].Inputs[0]
	in.Columns, in.Whole, in.Streamed = []string{"n"}, in.Columns, true
	gate := job.Graph.Stages[1].Inputs[0]
	job.Graph.Stages = []plan.Stage{
		{ID: 1, Name: "scan nums", Tasks: 4, Inputs: []plan.StageInput{in}, Steps: []plan.Step{
			{Name: "scatter", Kind: plan.StepWrite, Partitions: 4, SQL: "SELECT CAST(n % 4 AS INTEGER), n, kallad_task() AS task FROM nums"},
			{Name: "whole", Kind: plan.StepKeep},
		}},
		{ID: 2, Name: "match", Tasks: 4, Inputs: []plan.StageInput{
			{Table: "part", From: &plan.Output{Stage: 1, Step: "scatter"}, Spread: plan.SpreadAligned},
		}, Steps: []plan.Step{
			{Name: "count", Kind: plan.StepCount, SQL: "SELECT count(*) FROM part"},
			{Name: "wanted", Kind: plan.StepWrite, Partitions: 4, SQL: "SELECT task, n FROM part WHERE n % 10 = 7"},
		}},
		{ID: 3, Name: "fetch", Tasks: 4, Inputs: []plan.StageInput{
			gate,
			{Table: "wanted", From: &plan.Output{Stage: 2, Step: "wanted"}, Spread: plan.SpreadAligned},
			{Table: "nums", From: &plan.Output{Stage: 1, Step: "whole"}, Spread: plan.SpreadOwn, Streamed: true},
		}, Steps: []plan.Step{
			{Name: "rows", Kind: plan.StepStream, SQL: "SELECT s.n, s.k FROM nums AS s SEMI JOIN wanted AS w ON s.n IS NOT DISTINCT FROM w.n"},
		}},
	}
	return job
}

// Whole rows lie where they were read until it is known which of them are
// wanted. An executor that is killed before that takes its share with it.
func TestClusterKilledWithWholeRows(t *testing.T) {
	const rows = 100_000
	var want []string
	for n := 7; n < rows; n += 10 {
		want = append(want, fmt.Sprintf("%d,%d", n, n%1000))
	}
	slices.Sort(want)
	c := newTrio(t, 2, nil)
	nums := recon.URI(c.numbers(t, "nums", rows))
	for _, killed := range []bool{false, true} {
		g := newGate(t, 10)
		s := c.begin(t, c.lateRows(t, nums, g))
		s.await(t, "the fetch", func(stages []plan.StageStatus) bool {
			// Those that wait for their own rows' executor may be waiting still.
			return len(attempts(stages, 3, plan.StageRunning)) >= 2
		})
		if killed {
			c.executors[0].kill(t)
		}
		g.open(t)
		require.NoError(t, s.wait(t))
		slices.Sort(s.got)
		require.Equal(t, want, s.got)
		require.Equal(t, map[string]int64{"nums": rows}, s.loaded)
		require.Equal(t, map[string][]int64{"count": {rows}}, s.counts)
		if !killed {
			for _, a := range attempts(s.stages, 3, plan.StageDone) {
				for _, b := range attempts(s.stages, 1, plan.StageDone) {
					require.True(t, a.Task != b.Task || a.Executor == b.Executor, "task %d does not run where its rows lie", a.Task)
				}
			}
		}
		c.clean(t)
	}
}

func TestClusterKilledWithResults(t *testing.T) {
	const rows = 100_000
	c := newTrio(t, 2, nil)
	job := c.twoStages(t, "final", recon.URI(c.numbers(t, "nums", rows)), 8)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := newWitness()
	first, goOn := make(chan struct{}), make(chan struct{})
	w.onStream = func(nth int) {
		if nth == 1 {
			close(first)
			<-goOn
		}
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, job, w) }()
	<-first
	w.await(t, "all results", func(stages []plan.StageStatus) bool { return len(attempts(stages, 2, plan.StageDone)) == 8 })
	c.executors[0].kill(t) // most results are still where they were made
	close(goOn)
	require.NoError(t, <-done)
	w.check(t, rows)
	c.clean(t)
}

func TestClusterStoppedExecutorReturns(t *testing.T) {
	const rows = 100_000
	c := newTrio(t, 2, func(cfg *sched.Config) { cfg.Timeout = 500 * time.Millisecond })
	s, g := c.held(t, rows)
	stopped := c.executors[0]
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGSTOP))
	c.logs.await(t, "executor lost")
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	require.NoError(t, stopped.cmd.Process.Signal(syscall.SIGCONT))
	stopped.logs.await(t, "resumed=false")
	require.Eventually(t, func() bool { return c.Places() == 4 }, patience, 5*time.Millisecond)
	c.clean(t)
	again := c.begin(t, c.twoStages(t, "again", recon.URI(filepath.Join(c.dir, "nums-*.csv")), 4))
	require.NoError(t, again.wait(t))
	again.check(t, rows)
	c.clean(t)
}

func TestClusterCorruptedOutput(t *testing.T) {
	const rows = 200_000
	c := newTrio(t, 2, nil, "--shuffle-memory", "1B")
	s, g := c.held(t, rows)
	damage(t, c.executors[0].temp)
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	require.Contains(t, c.logs.String(), "LOST_INPUT")
	c.clean(t)
}

// damage changes a byte in the middle of each file with outputs.
func damage(t *testing.T, dir string) {
	t.Helper()
	n := 0
	for _, path := range spilled(t, dir) {
		if !strings.Contains(path, "shuffle-") {
			continue
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		info, err := f.Stat()
		require.NoError(t, err)
		b := make([]byte, 1)
		_, err = f.ReadAt(b, info.Size()/2)
		require.NoError(t, err)
		b[0] ^= 0x40
		_, err = f.WriteAt(b, info.Size()/2)
		require.NoError(t, errors.Join(err, f.Close()))
		n++
	}
	require.Positive(t, n, "no file to damage in %s", dir)
}

func TestClusterLaunchThatFails(t *testing.T) {
	const rows = 50_000
	c := newTrio(t, 2, nil)
	broken := c.executors[0]
	require.NoError(t, os.RemoveAll(broken.temp)) // no session can be opened any more
	path := recon.URI(c.numbers(t, "nums", rows))
	for i := range 3 {
		s := c.begin(t, c.twoStages(t, fmt.Sprint("launch", i), path, 4))
		require.NoError(t, s.wait(t))
		s.check(t, rows)
	}
	require.Contains(t, c.logs.String(), "NOT_STARTED")
	require.Equal(t, 4, c.Places(), "an executor that cannot start a task is not lost")
	c.clean(t)
}

func TestClusterJoinedInMidJob(t *testing.T) {
	const rows = 40_000
	g := newGate(t, rows)
	c := newTrio(t, 1, nil)
	s := c.begin(t, c.gatedStages(t, "join", g))
	s.awaitRunning(t, 1)
	c.executors = append(c.executors, c.executor(t))
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	require.NotEmpty(t, slices.DeleteFunc(attempts(s.stages, 2, plan.StageDone), func(a plan.TaskStatus) bool {
		return a.Executor != c.executors[1].id
	}), "it got no task")
	c.clean(t)
}

func TestClusterAllGone(t *testing.T) {
	const rows = 100_000
	c := newTrio(t, 2, nil)
	s, g := c.held(t, rows)
	for _, e := range c.executors { // at once: nothing is to move from one to the other
		require.NoError(t, e.cmd.Process.Kill())
	}
	for _, e := range c.executors {
		_ = e.cmd.Wait()
	}
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	for _, a := range attempts(s.stages, 2, plan.StageDone) {
		require.Equal(t, plan.LocalExecutor, a.Executor)
	}
	for _, st := range s.stages {
		require.Equal(t, 4, st.Retries, "each of the 4 tasks of %s once more", st.Name)
	}
	c.clean(t)
}

func TestClusterCancelled(t *testing.T) {
	c := newTrio(t, 2, nil)
	s, _ := c.held(t, 100_000)
	s.cancel() // else it would wait at the gate for ever
	require.ErrorIs(t, s.wait(t), context.Canceled)
	c.clean(t)
}

func TestClusterUserErrorsAreToldOnce(t *testing.T) {
	c := newTrio(t, 2, nil)
	path := c.numbers(t, "nums", 20_000)
	job := c.twoStages(t, "typo", recon.URI(path), 4)
	job.Graph.Stages[1].Steps[1].SQL = "SELECT kk FROM part"
	err := c.begin(t, job).wait(t)
	var fault interface {
		error
		QueryFault() bool
	}
	require.ErrorAs(t, err, &fault)
	require.True(t, fault.QueryFault())
	require.Contains(t, fault.Error(), `"kk" not found`)
	require.Equal(t, 1, strings.Count(err.Error(), "not found"))

	write(t, c.dir, "odd.csv", "n,k\n1,2\nx,3\n")
	err = c.begin(t, c.twoStages(t, "types", recon.URI(filepath.Join(c.dir, "odd.csv?types=n:integer,k:integer")), 1)).wait(t)
	require.True(t, recon.IsInput(err), "%v", err)
	require.ErrorContains(t, err, "odd.csv")
	c.clean(t)
}

func TestClusterDrains(t *testing.T) {
	const rows = 100_000
	c := newTrio(t, 2, nil)
	s, g := c.held(t, rows)
	leaving := c.executors[0]
	require.NoError(t, leaving.cmd.Process.Signal(syscall.SIGTERM))
	c.logs.await(t, "executor drains")
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	require.NoError(t, leaving.cmd.Wait(), "it ends well")
	c.logs.await(t, "executor left")
	for _, st := range s.stages {
		require.Zero(t, st.Retries, "nothing was lost")
	}
	require.Empty(t, leftover(t, leaving.temp))
	c.clean(t)
}

func TestClusterDrainTimeout(t *testing.T) {
	const rows = 100_000
	c := newTrio(t, 2, nil, "--drain-timeout", "100ms")
	s, g := c.held(t, rows)
	leaving := c.executors[0]
	require.NoError(t, leaving.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, leaving.cmd.Wait(), "it ends well")
	g.open(t)
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	c.clean(t)
}

// TestClusterNetworkCut cuts two executors off from each other, while the
// scheduler reaches both.
func TestClusterNetworkCut(t *testing.T) {
	for name, still := range map[string]bool{"refused": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			const rows = 100_000
			c := newTrio(t, 0, nil)
			var proxies []*proxy
			for range 2 {
				p := newProxy(t)
				e := c.executor(t, "--external-host", p.address(), "--peer-timeout", "300ms")
				p.target = dataPort.FindStringSubmatch(e.logs.String())[1]
				c.executors, proxies = append(c.executors, e), append(proxies, p)
			}
			s, g := c.held(t, rows)
			for i, p := range proxies {
				p.cut(c.executors[1-i].cmd.Process.Pid, still)
			}
			g.open(t)
			require.NoError(t, s.wait(t))
			s.check(t, rows)
			require.Equal(t, 4, c.Places(), "nobody is lost")
			require.Contains(t, c.logs.String(), "executors do not reach each other")
			c.clean(t)
		})
	}
}

var dataPort = regexp.MustCompile(`msg="executor starts" .* data=(\S+)`)

// fullDisk starts an executor with a disk that is too small for what its
// tasks write.
func (c *trio) fullDisk(t *testing.T) {
	t.Helper()
	e := c.prepare(t, "--shuffle-memory", "1B")
	if !smallDisk(t, e.cmd, e.temp, "256k") {
		t.Log("no disk can be mounted on this machine: a limit stands in for it")
		e = c.prepare(t, "--shuffle-memory", "1B", "--max-spill", "256KiB")
	}
	e.start(t)
	c.executors = append(c.executors, e)
}

func TestClusterFullDisk(t *testing.T) {
	const rows = 400_000
	t.Run("on one", func(t *testing.T) {
		c := newTrio(t, 1, nil, "--shuffle-memory", "1B")
		c.fullDisk(t)
		s := c.begin(t, c.twoStages(t, "full", recon.URI(c.numbers(t, "nums", rows)), 4))
		require.NoError(t, s.wait(t))
		s.check(t, rows)
		require.Contains(t, c.logs.String(), "OUT_OF_DISK")
		require.Equal(t, 4, c.Places(), "nobody is lost")
		c.clean(t)
	})
	t.Run("everywhere", func(t *testing.T) {
		c := newTrio(t, 0, nil)
		c.fullDisk(t)
		err := c.begin(t, c.twoStages(t, "full", recon.URI(c.numbers(t, "nums", rows)), 4)).wait(t)
		require.ErrorContains(t, err, "cannot keep what a task writes")
		c.clean(t)
	})
}

func TestClusterOutlivesItsScheduler(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	dir := t.TempDir()
	start := func() *scheduler {
		_, port, _ := net.SplitHostPort(address)
		return startScheduler(t, dir, "--grpc-port", port, "--executor-heartbeat", "50ms")
	}
	// The executor is there first.
	e := &testExecutor{temp: t.TempDir(), logs: &lines{}}
	e.cmd = command(t, dir, "executor", "--scheduler-url", address, "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
		"--slots", "2", "--memory-limit", "600MB", "--temp-dir", e.temp)
	e.cmd.Stderr = e.logs
	require.NoError(t, e.cmd.Start())
	t.Cleanup(func() { _ = e.cmd.Process.Kill(); _ = e.cmd.Wait() })
	e.logs.await(t, "no scheduler; trying again")
	first := start()
	first.logs.await(t, "executor joined")
	e.logs.await(t, "msg=connected") // it may be told later than the scheduler says so
	_ = first.cmd.Process.Kill()
	_ = first.cmd.Wait()
	second := start()
	second.logs.await(t, "executor joined")
	require.Eventually(t, func() bool { return strings.Count(e.logs.String(), "resumed=false") == 2 }, patience, 5*time.Millisecond, e.logs)
}

func TestClusterAsksWhoCalls(t *testing.T) {
	ca := authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1")
	secured := []string{"--tls-cert", cert, "--tls-key", key, "--tls-ca", ca.File, "--token", "0123456789abcdef0123"}
	guard := &guardFlags{}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	guard.register(flags)
	require.NoError(t, flags.Parse(secured))
	opened, err := guard.open(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	c := newGuardedCluster(t, nil, opened)
	c.executor(t, secured...)
	c.executor(t, secured...)
	const rows = 20_000
	s := c.begin(t, c.twoStages(t, "secured", recon.URI(c.numbers(t, "nums", rows)), 4))
	require.NoError(t, s.wait(t))
	s.check(t, rows)
	for _, refused := range []struct {
		why  string
		args []string
	}{
		{"a bearer token is required", []string{"--tls-cert", cert, "--tls-key", key, "--tls-ca", ca.File}},
		{"the bearer token is not valid", []string{"--tls-cert", cert, "--tls-key", key, "--tls-ca", ca.File, "--token", "another0another0another0"}},
		{"error", []string{"--tls-ca", ca.File, "--tls-client-auth", "none", "--token", "0123456789abcdef0123"}},
		{"error", []string{"--token", "0123456789abcdef0123"}},
	} {
		e := &testExecutor{temp: t.TempDir(), logs: &lines{}}
		e.cmd = command(t, c.dir, append([]string{"executor", "--scheduler-url", c.listener.Addr().String(), "--bind-host", "127.0.0.1",
			"--flight-port", "0", "--grpc-port", "0", "--memory-limit", "600MB", "--temp-dir", e.temp}, refused.args...)...)
		e.cmd.Stderr = e.logs
		require.NoError(t, e.cmd.Start())
		text := e.logs.await(t, "no scheduler; trying again")
		_ = e.cmd.Process.Kill()
		_ = e.cmd.Wait()
		require.Contains(t, text, refused.why)
		require.NotContains(t, text, "msg=connected")
		require.NotContains(t, text, "0123456789abcdef0123")
	}
}
