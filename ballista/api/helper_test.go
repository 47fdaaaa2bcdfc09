package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/ballista/api"
	"kallad/worker/health"
	"kallad/worker/metrics"
	"kallad/worker/recon"
	"kallad/worker/trace"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The clock of fasthttp's Date header, for the process' whole life.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		// The cleaner of a stopped server's pool, which ends when it next wakes,
		// within 10 s.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
	)
}

const goodJob = `{
  "run_id": "5f0c2f9e-6f8e-4c0e-9a40-3f3a5a0b7a11",
  "callback_url": "http://app:3000/api/worker",
  "match_sql": "SELECT l.id, r.id FROM l JOIN r ON l.id = r.id",
  "sources": [
    {"alias": "l", "uri": "l.csv", "filters": [{"column": "amount", "op": "between", "value": [1, 2]}]},
    {"alias": "r", "uri": "postgres://user:s3cret@host/db?table=payments"}
  ],
  "output_path": "runs/1",
  "primary_keys": {"l": ["id"], "r": ["id"]}
}`

const goodRun = "5f0c2f9e-6f8e-4c0e-9a40-3f3a5a0b7a11"

// runner is a runner that answers as the test says and remembers what it was
// asked.
type runner struct {
	submit func(job *recon.Job) (recon.Submission, error)
	// submitting, if set, is told with what a job comes.
	submitting func(ctx context.Context)
	cancel     error
	jobs       []recon.JobStatus

	executors []recon.ExecutorStatus
	rows      func(ctx context.Context, path string, limit int) (*recon.EvidenceRows, error)

	mu      sync.Mutex
	filter  recon.JobFilter
	asked   string
	watches []*watch
}

// watch is an open watch of the runner.
type watch struct {
	runID   string
	wake    chan struct{}
	changed []string
	stopped bool
}

// put makes status the job's own and tells its watches.
func (r *runner) put(status recon.JobStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs = slices.DeleteFunc(r.jobs, func(j recon.JobStatus) bool { return j.RunID == status.RunID })
	r.jobs = append(r.jobs, status)
	r.tell(status.RunID)
}

// forget drops a job and tells its watches.
func (r *runner) forget(runID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs = slices.DeleteFunc(r.jobs, func(j recon.JobStatus) bool { return j.RunID == runID })
	r.tell(runID)
}

func (r *runner) tell(runID string) {
	for _, w := range r.watches {
		if w.runID == "" || w.runID == runID {
			w.changed = append(w.changed, runID)
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
	}
}

func (r *runner) Watch(runID string) recon.Watch {
	w := &watch{runID: runID, wake: make(chan struct{}, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watches = append(r.watches, w)
	return recon.Watch{Changed: w.wake, Take: func() []string {
		r.mu.Lock()
		defer r.mu.Unlock()
		taken := w.changed
		w.changed = nil
		return taken
	}, Stop: func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.stopped = true
	}}
}

// watching is the number of watches that are not stopped.
func (r *runner) watching() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, w := range r.watches {
		if !w.stopped {
			n++
		}
	}
	return n
}

func (r *runner) Rows(ctx context.Context, path string, limit int) (*recon.EvidenceRows, error) {
	return r.rows(ctx, path, limit)
}

func (r *runner) Executors() []recon.ExecutorStatus { return r.executors }

func (r *runner) Load() recon.Load {
	return recon.Load{RunningJobs: 1, MaxJobs: 4, QueuedJobs: 2, MaxQueue: 100}
}

func (r *runner) Submit(ctx context.Context, job *recon.Job) (recon.Submission, error) {
	if r.submitting != nil {
		r.submitting(ctx)
	}
	if r.submit != nil {
		return r.submit(job)
	}
	return recon.Submission{Status: recon.JobStatus{RunID: job.RunID, State: recon.StateQueued}}, nil
}

func (r *runner) Jobs(filter recon.JobFilter) []recon.JobStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.filter = filter
	return r.jobs
}

func (r *runner) Job(runID string) (recon.JobStatus, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = runID
	for _, j := range r.jobs {
		if j.RunID == runID {
			return j, true
		}
	}
	return recon.JobStatus{}, false
}

func (r *runner) Cancel(_ context.Context, runID string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = runID
	return r.cancel
}

// site is a running server with what it stands on.
type site struct {
	*api.Server
	runner *runner
	health *health.State
	prom   *prometheus.Registry
	log    *lines
	url    string
}

// breakMetrics registers a collector that cannot be read.
func (s *site) breakMetrics() {
	desc := prometheus.NewDesc("broken", "Always.", nil, nil)
	s.prom.MustRegister(prometheus.CollectorFunc(func(ch chan<- prometheus.Metric) {
		ch <- prometheus.NewInvalidMetric(desc, errSecretInside)
	}))
}

// lines keeps what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// parts are those of a server of which nothing but its answers is looked at.
func parts(r *runner) api.Parts {
	return api.Parts{
		Runner: r, Cluster: r, Evidence: r, Health: &health.State{},
		Metrics: metrics.New(prometheus.NewRegistry(), ""), Log: slog.New(slog.DiscardHandler),
	}
}

func testConfig() api.Config {
	cfg := api.DefaultConfig()
	cfg.Address = "127.0.0.1:0"
	cfg.Version = "1.2.3"
	return cfg
}

func serve(t *testing.T, r *runner) *site { return serveWith(t, testConfig(), r) }

func serveWith(t *testing.T, cfg api.Config, r *runner) *site {
	t.Helper()
	require.NoError(t, cfg.Validate())
	s := &site{runner: r, health: &health.State{}, prom: prometheus.NewRegistry(), log: &lines{}}
	log := slog.New(trace.Logged(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s.Server = api.New(cfg, api.Parts{Runner: r, Cluster: r, Evidence: r, Health: s.health, Metrics: metrics.New(s.prom, cfg.Version), Log: log})
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
	})
	s.url = "http://" + s.Addr().String()
	return s
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request on a connection of its own and holds the answer
// against the OpenAPI document.
func (s *site) call(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	a := s.send(t, method, path, body, header...)
	contract(t).check(t, method, path, a)
	return a
}

// fetch gets a file of the page, which the document does not describe.
func (s *site) fetch(t *testing.T, path string) answer {
	t.Helper()
	return s.send(t, "GET", path, "")
}

func (s *site) send(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Close = true
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	in := io.Reader(resp.Body)
	if path == "/api/events" && resp.StatusCode == http.StatusOK && method == "GET" {
		in = &until{Reader: bufio.NewReader(in), line: "event: jobs"}
	}
	data, err := io.ReadAll(in)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(data)}
}

// until reads an endless answer up to the event that has a line.
type until struct {
	*bufio.Reader
	line  string
	found bool
}

func (u *until) Read(p []byte) (int, error) {
	text, err := u.ReadString('\n')
	if u.found && text == "\n" {
		return 0, io.EOF
	}
	u.found = u.found || text == u.line+"\n"
	return copy(p, text), err
}

// post posts a job, as curl would.
func (s *site) post(t *testing.T, body string) answer {
	t.Helper()
	return s.call(t, "POST", "/api/jobs", body, "Content-Type", "application/x-www-form-urlencoded")
}

func finished() recon.JobStatus {
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	n := int64(3)
	return recon.JobStatus{
		RunID: goodRun, State: recon.StateSucceeded, Stage: recon.StageWritingResults, Progress: 1,
		MatchedCount: &n, TotalLeft: &n, TotalRight: &n,
		SubmittedAt: at, StartedAt: &at, FinishedAt: &at, EngineMode: "local",
		Result: &recon.Result{
			RunID: goodRun, MatchedCount: 3, EngineMode: "local", StartedAt: at, FinishedAt: at,
			OutputPaths:  recon.OutputPaths{Matched: "a", UnmatchedLeft: "b", UnmatchedRight: "c"},
			Left:         recon.SideCounts{Alias: "l", Rows: 3, MatchedRows: 3},
			Right:        recon.SideCounts{Alias: "r", Rows: 3, MatchedRows: 3},
			StageSeconds: map[recon.Stage]float64{recon.StageStaging: 0.5},
			Notes:        []string{"l was read in one part"},
		},
		Stages: []recon.StageStatus{{
			ID: 0, Name: "scan l", Kind: recon.StageScan, State: recon.WorkSucceeded, Reason: "both sides are joined on id",
			Tasks: 2, TasksDone: 2, Retries: 1, Volume: recon.Volume{RowsIn: 3, RowsOut: 3, BytesIn: 40, BytesOut: 30, SpillBytes: 1},
			StartedAt: &at, FinishedAt: &at,
			TaskList: []recon.TaskStatus{{
				Stage: 0, Partition: 1, Attempt: 2, Executor: "e1", State: recon.WorkFailed, StartedAt: &at, FinishedAt: &at, Error: "lost",
				Steps: []recon.StepStatus{{Name: "load l", Rows: 3, StartedAt: at, FinishedAt: &at}},
			}},
		}},
		Executors: []string{"e1"},
	}
}

func executor() recon.ExecutorStatus {
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	return recon.ExecutorStatus{
		ID: "e1", FlightAddress: "10.0.0.1:50051", GRPCAddress: "10.0.0.1:50052", Version: "1", State: recon.ExecutorActive,
		Slots: 4, RunningTasks: 1, MemoryBytes: 1 << 28, MemoryLimitBytes: 1 << 30, JoinedAt: at, LastHeartbeatAt: at,
	}
}

func failed() recon.JobStatus {
	return recon.JobStatus{RunID: "nightly:7", State: recon.StateFailed, Stage: recon.StageStaging, Progress: 0.1,
		SubmittedAt: time.Now(), Error: "no such table", ErrorStage: recon.StageStaging}
}

func queued() recon.JobStatus {
	return recon.JobStatus{RunID: "next", State: recon.StateQueued, QueuePosition: 1, SubmittedAt: time.Now()}
}

func refusing(err error) *runner {
	return &runner{submit: func(*recon.Job) (recon.Submission, error) { return recon.Submission{}, err }}
}

var errSecretInside = fmt.Errorf("open /var/lib/kallad/secret: permission denied")
