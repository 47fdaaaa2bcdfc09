//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

// front is an address that leads to a daemon, whichever that is at the time,
// or to none.
type front struct {
	listener net.Listener
	carriers sync.WaitGroup

	mu sync.Mutex
	to string
}

func newFront(t *testing.T) *front {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &front{listener: l}
	f.carriers.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			f.carriers.Go(func() { f.carry(in) })
		}
	})
	t.Cleanup(func() {
		f.lead("")
		require.NoError(t, l.Close())
		f.carriers.Wait()
	})
	return f
}

func (f *front) lead(to string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = to
}

func (f *front) carry(in net.Conn) {
	defer in.Close()
	f.mu.Lock()
	to := f.to
	f.mu.Unlock()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(in, out)
		_ = in.Close()
	})
	_, _ = io.Copy(out, in)
	_ = out.Close()
	back.Wait()
}

// restarted is a daemon with executors that is killed while a job runs on them.
type restarted struct {
	*mortal
	front     *front
	executors []*testExecutor
	gate      *gate
	caller    *callbacks
}

// gatedRows are the rows of the left side; every tenth one has no partner.
const gatedRows = 40_000

func (r *restarted) executorAddress(t *testing.T) string {
	t.Helper()
	return executorAddress.FindStringSubmatch(r.logs.await(t, "listening for executors"))[1]
}

// killInMidJob returns with the daemon dead and the executors alive.
func killInMidJob(t *testing.T, args ...string) *restarted {
	t.Helper()
	dir := t.TempDir()
	var right strings.Builder
	for n := range gatedRows {
		if n%10 > 0 {
			fmt.Fprintln(&right, n)
		}
	}
	write(t, dir, "right.csv", "id\n"+right.String()+"none\n")
	r := &restarted{
		mortal: newMortal(t, dir, append([]string{"--executor-heartbeat", "50ms", "--memory-limit", "600MB", "--max-jobs", "2"}, args...)...),
		front:  newFront(t), gate: newGate(t, gatedRows), caller: listen(t),
	}
	r.begin(t)
	r.front.lead(r.executorAddress(t))
	for range 2 {
		e := &testExecutor{temp: t.TempDir(), logs: &lines{}}
		e.cmd = command(t, dir, "executor", "--scheduler-url", r.front.listener.Addr().String(), "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
			"--slots", "2", "--memory-limit", "300MB", "--temp-dir", e.temp)
		e.cmd.Stderr = e.logs
		e.start(t)
		r.executors = append(r.executors, e)
	}
	job := jobOver("again", "SELECT l.n, r.id FROM left_src l JOIN right_src r ON CAST(l.n AS VARCHAR) = r.id")
	job.Sources = []recon.Source{{Alias: "left_src", URI: r.gate.uri}, {Alias: "right_src", URI: "right.csv?types=id:text"}}
	job.PrimaryKeys = map[string][]string{"left_src": {"n"}, "right_src": {"id"}}
	job.CallbackURL = r.caller.URL + "/api/worker"
	r.post(t, job)
	var doc map[string]any
	require.Eventually(t, func() bool {
		_, doc = r.call("GET", "/api/jobs/again", "")
		return doc["rows_read"] != nil && doc["rows_read"] != 0.
	}, patience, 5*time.Millisecond, "%v", doc)
	require.Equal(t, "cluster", doc["engine_mode"])
	r.front.lead("")
	r.die(t)
	return r
}

// check proves that the job ended as it should, was told so once, and where its
// tasks ran.
func (r *restarted) check(t *testing.T, mode string, executors ...string) map[string]any {
	t.Helper()
	doc := r.await(t, "again", "succeeded")
	require.Equal(t, mode, doc["engine_mode"])
	require.EqualValues(t, 1, doc["restarts"])
	for _, stage := range doc["stages"].([]any) {
		for _, task := range stage.(map[string]any)["task_list"].([]any) {
			where, _ := task.(map[string]any)["executor"].(string)
			require.Contains(t, executors, where)
		}
	}
	require.Eventually(t, func() bool {
		_, doc = r.call("GET", "/api/jobs/again", "")
		return doc["callback"] == "acknowledged"
	}, patience, 5*time.Millisecond, "%v", doc)
	finals := slices.DeleteFunc(r.caller.notes(), func(n note) bool { return strings.HasSuffix(n.path, "/progress") })
	require.Len(t, finals, 1)
	counts := map[string]int{"matched": gatedRows / 10 * 9, "unmatched_left": gatedRows / 10, "unmatched_right": 1}
	for name, n := range counts {
		require.EqualValues(t, n, finals[0].body[name+"_count"])
		f, err := file.OpenParquetFile(filepath.Join(r.dir, "staging", "out", "again", name+".parquet"), false)
		require.NoError(t, err)
		require.EqualValues(t, n, f.NumRows(), name)
		require.NoError(t, f.Close())
	}
	for _, path := range leftover(t, filepath.Join(r.dir, "staging")) {
		require.NotContains(t, path, ".partial")
	}
	return doc
}

func TestJobsOfAKilledDaemonRunOnItsExecutors(t *testing.T) {
	t.Parallel()
	r := killInMidJob(t, "--local-grace", "1m")
	r.begin(t)
	r.logs.await(t, `msg="jobs wait for the executors that there were before the start" executors=2`)
	r.front.lead(r.executorAddress(t))
	r.logs.await(t, `msg="jobs start" executors=2`)
	r.gate.open(t)
	doc := r.check(t, "cluster", r.executors[0].id, r.executors[1].id)
	for _, e := range r.executors {
		if slices.Contains(doc["executors"].([]any), any(e.id)) {
			e.logs.await(t, `msg="job begins here" executor=`+e.id+" run_id=again")
			e.logs.await(t, `msg="job ended here" executor=`+e.id+" run_id=again")
		}
	}
}

func TestJobsOfAKilledDaemonDoNotWaitForEver(t *testing.T) {
	t.Parallel()
	r := killInMidJob(t, "--local-grace", "300ms")
	for _, e := range r.executors {
		e.kill(t)
	}
	r.gate.open(t)
	r.begin(t)
	r.logs.await(t, `msg="jobs start" executors=0 expected=2`)
	r.check(t, "local", "")
	require.Empty(t, journalFiles(t, r.mortal, "executors*"))
	r.die(t)
	r.begin(t)
	r.await(t, "again", "succeeded")
	require.NotContains(t, r.logs.String(), "jobs wait", "there were none any more")
}
