package api_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
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
	cancel error
	jobs   []recon.JobStatus

	mu     sync.Mutex
	filter recon.JobFilter
	asked  string
}

func (r *runner) Submit(_ context.Context, job *recon.Job) (recon.Submission, error) {
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
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Server = api.New(cfg, r, s.health, metrics.New(s.prom, cfg.Version), log)
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
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Close = true
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := answer{resp.StatusCode, resp.Header, string(data)}
	contract(t).check(t, method, path, a)
	return a
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
