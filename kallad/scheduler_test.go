package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

// callbacks is a caller that notes what it is told.
type callbacks struct {
	*httptest.Server
	refuse func(path string, nth int) bool

	mu    sync.Mutex
	got   []note
	asked map[string]int
}

type note struct {
	path string
	body map[string]any
}

func listen(t *testing.T) *callbacks {
	c := &callbacks{asked: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(c.Close)
	return c
}

func (c *callbacks) take(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[r.URL.Path]++
	if c.refuse != nil && c.refuse(r.URL.Path, c.asked[r.URL.Path]) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	n := note{path: r.URL.Path}
	_ = json.Unmarshal(text, &n.body)
	c.got = append(c.got, n)
}

func (c *callbacks) notes() []note {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]note(nil), c.got...)
}

// final waits for a final callback and returns all notes up to it.
func (c *callbacks) final(t *testing.T) (last note, before []note) {
	t.Helper()
	require.Eventually(t, func() bool {
		all := c.notes()
		return len(all) > 0 && !strings.HasSuffix(all[len(all)-1].path, "/progress")
	}, patience, 5*time.Millisecond)
	all := c.notes()
	return all[len(all)-1], all[:len(all)-1]
}

// scheduler is a running daemon.
type scheduler struct {
	cmd  *exec.Cmd
	url  string
	dir  string
	logs *lines
	// token is shown to the daemon, if there is one.
	token string
}

var address = regexp.MustCompile(`msg=listening address=(\S+)`)

func startScheduler(t *testing.T, dir string, args ...string) *scheduler {
	t.Helper()
	return startSchedulerWith(t, dir, nil, args...)
}

// startSchedulerWith starts a daemon that sees further variables.
func startSchedulerWith(t *testing.T, dir string, env []string, args ...string) *scheduler {
	t.Helper()
	return startSchedulerFor(t, longestLife, dir, env, args...)
}

// startSchedulerFor starts a daemon that may live for longer.
func startSchedulerFor(t *testing.T, life time.Duration, dir string, env []string, args ...string) *scheduler {
	t.Helper()
	args = append([]string{"scheduler", "--http-port", "0", "--grpc-port", "0", "--bind-host", "127.0.0.1", "--callback-grace", "50ms", "--progress-interval", "0s"}, args...)
	s := &scheduler{cmd: commandFor(t, life, dir, args...), dir: dir, logs: &lines{}}
	s.cmd.Stderr = s.logs
	s.cmd.Env = append(s.cmd.Env, env...)
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() {
		cells := cellsOf(t, s.cmd.Process.Pid)
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		awaitEnd(t, cells) // they have files in the test's folders
		if t.Failed() {
			t.Log(s.logs.String())
		}
	})
	s.url = "http://" + address.FindStringSubmatch(s.logs.await(t, "msg=listening"))[1]
	return s
}

func (s *scheduler) call(t *testing.T, method, path, body string) (int, http.Header, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var doc map[string]any
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		require.NoError(t, json.Unmarshal(text, &doc), string(text))
	} else {
		doc = map[string]any{"text": string(text)}
	}
	return resp.StatusCode, resp.Header, doc
}

func (s *scheduler) post(t *testing.T, job recon.Job) int {
	t.Helper()
	text, err := json.Marshal(job)
	require.NoError(t, err)
	code, _, doc := s.call(t, "POST", "/api/jobs", string(text))
	t.Log(code, doc)
	return code
}

// awaitState waits until a job is in a state.
func (s *scheduler) awaitState(t *testing.T, runID, state string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.Eventually(t, func() bool {
		_, _, doc = s.call(t, "GET", "/api/jobs/"+runID, "")
		return doc["state"] == state
	}, patience, 5*time.Millisecond, "%v", doc)
	return doc
}

func calling(c *callbacks, runID, sql string) recon.Job {
	job := jobOver(runID, sql)
	job.CallbackURL = c.URL + "/api/worker"
	return job
}

func TestDaemonRunsAJob(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference))
	job := calling(c, "7c9e6679-7425-40de-944b-e07fc1f90ae7", joinOnReference)
	require.Equal(t, 202, s.post(t, job))
	last, before := c.final(t)
	require.Equal(t, "/api/worker/complete", last.path)
	require.Equal(t, job.RunID, last.body["run_id"])
	require.EqualValues(t, 2, last.body["matched_count"])
	require.EqualValues(t, 1, last.body["unmatched_left_count"])
	require.EqualValues(t, 1, last.body["unmatched_right_count"])
	require.Equal(t, map[string]any{
		"matched": job.OutputPath + "/matched.parquet", "unmatched_left": job.OutputPath + "/unmatched_left.parquet",
		"unmatched_right": job.OutputPath + "/unmatched_right.parquet"}, last.body["output_paths"])
	fraction := 0.0
	var stages []string
	for _, n := range before {
		require.Equal(t, "/api/worker/progress", n.path)
		require.GreaterOrEqual(t, n.body["progress"], fraction)
		fraction = n.body["progress"].(float64)
		stages = append(stages, n.body["stage"].(string))
	}
	require.Subset(t, stages, []string{"staging", "matching", "writing_results"})
	require.FileExists(t, filepath.Join(s.dir, "staging", job.OutputPath, "matched.parquet"))

	doc := s.awaitState(t, job.RunID, "succeeded")
	require.Equal(t, "local", doc["engine_mode"])
	_, _, doc = s.call(t, "GET", "/metrics", "")
	require.Contains(t, doc["text"], "kalla_runner_jobs_completed 1")
	code, _, _ := s.call(t, "GET", "/ready", "")
	require.Equal(t, 200, code)

	require.Equal(t, 202, s.post(t, job), "the same job once more")
	job.MatchSQL += " WHERE true"
	require.Equal(t, 409, s.post(t, job), "another job of that name")
	require.Len(t, c.notes(), len(before)+1, "nothing ran again")
}

func TestDaemonTellsWhatFailed(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference))
	job := calling(c, "fails", "SELECT l.amuont FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number")
	require.Equal(t, 202, s.post(t, job))
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/error", last.path)
	require.Contains(t, last.body["error"], "amuont")
	require.Contains(t, last.body["error"], `"amount"`)
	require.Equal(t, "validation", last.body["stage"])
	require.Empty(t, leftover(t, filepath.Join(s.dir, "staging")))
	s.awaitState(t, "fails", "failed")

	code, header, doc := s.call(t, "POST", "/api/jobs", `{"run_id": "x", "sources": [{"alias": "a"}]}`)
	require.Equal(t, 400, code)
	require.Equal(t, "application/problem+json", header.Get("Content-Type"))
	require.Greater(t, len(doc["errors"].([]any)), 3, "every wrong field is named")
}

func TestDaemonCancels(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference))
	require.Equal(t, 202, s.post(t, calling(c, "long", endless)))
	require.Eventually(t, func() bool {
		_, _, doc := s.call(t, "GET", "/api/jobs/long", "")
		return doc["stage"] == "matching"
	}, patience, 5*time.Millisecond)
	code, _, _ := s.call(t, "DELETE", "/api/jobs/long", "")
	require.Equal(t, 202, code)
	s.awaitState(t, "long", "cancelled")
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/error", last.path)
	require.Equal(t, "the job was cancelled", last.body["error"])
	require.Empty(t, leftover(t, filepath.Join(s.dir, "staging")))
	code, _, _ = s.call(t, "DELETE", "/api/jobs/long", "")
	require.Equal(t, 409, code)
	code, _, _ = s.call(t, "DELETE", "/api/jobs/unknown", "")
	require.Equal(t, 404, code)
}

func TestDaemonRefusesWhatItCannotHold(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference), "--max-jobs", "1", "--max-queue", "1")
	require.Equal(t, 202, s.post(t, calling(c, "one", endless)))
	s.awaitState(t, "one", "running")
	require.Equal(t, 202, s.post(t, calling(c, "two", joinOnReference)))
	text, err := json.Marshal(calling(c, "three", joinOnReference))
	require.NoError(t, err)
	code, header, _ := s.call(t, "POST", "/api/jobs", string(text))
	require.Equal(t, 503, code)
	require.NotEmpty(t, header.Get("Retry-After"))
	code, _, _ = s.call(t, "GET", "/ready", "")
	require.Equal(t, 503, code)
	_, _, doc := s.call(t, "GET", "/api/jobs/two", "")
	require.EqualValues(t, 1, doc["queue_position"])
	code, _, _ = s.call(t, "DELETE", "/api/jobs/one", "")
	require.Equal(t, 202, code)
	s.awaitState(t, "two", "succeeded")
}

func TestDaemonDrains(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference), "--drain-timeout", "200ms")
	require.Equal(t, 202, s.post(t, calling(c, "long", endless)))
	s.awaitState(t, "long", "running")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/error", last.path)
	require.Contains(t, last.body["error"], "shut down")
	require.NoError(t, s.cmd.Wait(), "a drained daemon exits with 0")
	require.Empty(t, leftover(t, filepath.Join(s.dir, "staging")))
}

func TestDaemonFinishesWhatRunsWhenItDrains(t *testing.T) {
	t.Parallel()
	c, g := listen(t), newGate(t, 10)
	s := startScheduler(t, folder(t, joinOnReference))
	held := g.hold(calling(c, "held", joinOnReference), "SELECT l.n, r.payment_id FROM left_src l JOIN right_src r ON l.n::VARCHAR = r.reference_number")
	require.Equal(t, 202, s.post(t, held))
	s.awaitState(t, "held", "running")
	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	s.logs.await(t, "shutting down")
	g.open(t)
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/complete", last.path)
	require.EqualValues(t, 10, last.body["unmatched_left_count"])
	require.NoError(t, s.cmd.Wait())
}

func TestDaemonRetriesTheFinalCallback(t *testing.T) {
	t.Parallel()
	c := listen(t)
	c.refuse = func(path string, nth int) bool { return strings.HasSuffix(path, "/complete") && nth == 1 }
	s := startScheduler(t, folder(t, joinOnReference))
	require.Equal(t, 202, s.post(t, calling(c, "again", joinOnReference)))
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/complete", last.path)
	require.Equal(t, 2, c.asked["/api/worker/complete"])
}

func TestDaemonSetsCredentialsAside(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference))
	job := calling(c, "secret", joinOnReference)
	job.Sources[0].URI = "postgres://app:hunter2sesame@127.0.0.1:1/erp?table=invoices"
	require.Equal(t, 202, s.post(t, job))
	last, _ := c.final(t)
	require.Contains(t, last.body["error"], "127.0.0.1:1")
	_, _, doc := s.call(t, "GET", "/api/jobs/secret", "")
	all, err := json.Marshal([]any{last.body, doc})
	require.NoError(t, err)
	require.NotContains(t, string(all)+s.logs.String(), "hunter2sesame")
}

func TestRunCallsBack(t *testing.T) {
	t.Parallel()
	c := listen(t)
	dir := folder(t, joinOnReference)
	writeJob(t, dir, "job.json", calling(c, "told", joinOnReference))
	o := kallad(t, dir, "run", "job.json")
	require.Equal(t, 0, o.code, o.err)
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/complete", last.path)

	c.Close()
	writeJob(t, dir, "job.json", calling(c, "untold", joinOnReference))
	o = kallad(t, dir, "run", "--callback-timeout", "100ms", "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.out, "matches: 2", "the job itself is done")
	require.Contains(t, o.err, "final callback was not acknowledged")
}
