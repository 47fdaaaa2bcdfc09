package main

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"kallad/worker/blob/s3test"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// freePort returns a port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

// metricsOnceTold returns a scheduler's metrics once it knows that a caller has
// heard of a job's completion, which is after the caller knows it.
func metricsOnceTold(t *testing.T, s *scheduler) string {
	t.Helper()
	var text string
	require.Eventually(t, func() bool {
		_, text = get(t, s.url+"/metrics")
		return strings.Contains(text, `kalla_callback_deliveries_total{event="complete",outcome="acknowledged"}`)
	}, patience, 5*time.Millisecond)
	return text
}

func TestMetricsTellOfStagesSourcesAndMemory(t *testing.T) {
	t.Parallel()
	s := startScheduler(t, folder(t, joinOnReference))
	_, before := get(t, s.url+"/metrics")
	assert.Contains(t, before, "\nkalla_source_rows_read_total{kind=\"postgres\"} 0\n", "there from the start")
	require.Equal(t, 202, s.post(t, calling(listen(t), "zebra", joinOnReference)))
	s.awaitState(t, "zebra", "succeeded")
	text := metricsOnceTold(t, s)
	for _, line := range []string{
		`kalla_source_rows_read_total{kind="csv"} 6`,
		`kalla_source_partitions_read_total{kind="csv",outcome="done"} 2`,
		`kalla_runner_matches_total 2`,
		`kalla_runner_rows_total{outcome="matched",side="left"} 2`,
		`kalla_runner_rows_total{outcome="unmatched",side="right"} 1`,
		`kalla_runner_stage_seconds_count{stage="matching"} 1`,
		`kalla_runner_stage_seconds_count{stage="staging"} 1`,
		`kalla_runner_stage_seconds_count{stage="writing_results"} 1`,
		`kalla_engine_spilled_bytes 0`,
		`kalla_http_event_streams 0`,
	} {
		assert.Contains(t, text, "\n"+line+"\n")
	}
	for _, pattern := range []string{
		`kalla_source_bytes_read_total\{kind="csv"\} [1-9]`, `kalla_source_read_seconds_total\{kind="csv"\} \d`,
		`kalla_engine_memory_bytes \d`, `kalla_engine_memory_limit_bytes [1-9]`, `kalla_engine_sessions \d`,
		`process_resident_memory_bytes [1-9]`, `kalla_callback_deliveries_total\{event="complete",outcome="acknowledged"\}`,
	} {
		assert.Regexp(t, "(?m)^"+pattern, text)
	}
	assert.NotContains(t, text, "zebra", "no metric bears an id")
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			assert.Regexp(t, "^(kalla|go|process)_[a-z0-9_]+ ", name)
		}
	}
}

func TestTheDebugPortIsOffAndThenThisMachinesAlone(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	s := startScheduler(t, dir)
	code, _ := get(t, s.url+"/debug/pprof/")
	assert.Equal(t, 404, code, "never on the API's port")
	assert.NotContains(t, s.logs.String(), "also listening")

	port := freePort(t)
	s = startScheduler(t, dir, "--bind-host", "0.0.0.0", "--debug-port", port, "--staging-path", "other")
	s.logs.await(t, `msg="also listening" for=--debug-port address=127.0.0.1:`+port)
	code, text := get(t, "http://127.0.0.1:"+port+"/debug/pprof/goroutine?debug=1")
	assert.Equal(t, 200, code)
	assert.Contains(t, text, "goroutine profile:")
	code, _ = get(t, "http://127.0.0.1:"+port+"/api/jobs")
	assert.Equal(t, 404, code)

	o := kallad(t, dir, "scheduler", "--debug-port", port, "--http-port", "0", "--grpc-port", "0", "--staging-path", "third")
	assert.Equal(t, 2, o.code)
	assert.Contains(t, o.err, "listen (--debug-port)")
}

func TestAnExecutorShowsItsMetrics(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	s := startScheduler(t, dir, "--token", testToken, "--grpc-port", "0")
	address := schedulerAddress(t, s)
	port := freePort(t)
	e := command(t, dir, "executor", "--scheduler-url", address, "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
		"--slots", "1", "--memory-limit", "300MB", "--metrics-port", port, "--token", testToken)
	logs := &lines{}
	e.Stderr = logs
	require.NoError(t, e.Start())
	t.Cleanup(func() { _ = e.Process.Kill(); _ = e.Wait() })
	logs.await(t, "msg=connected")
	url := "http://127.0.0.1:" + port + "/metrics"
	code, text := get(t, url)
	assert.Equal(t, 401, code, text)
	code, text = get(t, url, "Authorization", "Bearer "+testToken)
	assert.Equal(t, 200, code)
	for _, name := range []string{"kalla_executor_tasks_running 0", "kalla_source_rows_read_total", "kalla_engine_memory_limit_bytes", "kalla_build_info", "process_resident_memory_bytes"} {
		assert.Contains(t, text, name)
	}
}

func TestEvidenceOnS3IsShown(t *testing.T) {
	t.Parallel()
	bucket := s3Server.Bucket(t)
	keys, err := s3test.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	s := startSchedulerWith(t, folder(t, joinOnReference), []string{
		"AWS_ENDPOINT_URL=" + bucket.Endpoint, "AWS_ALLOW_HTTP=true", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
	}, "--output-root", bucket.URI("out"))
	job := calling(listen(t), "far", joinOnReference)
	job.OutputPath = bucket.URI("out/far")
	require.Equal(t, 202, s.post(t, job))
	s.awaitState(t, "far", "succeeded")
	code, text := get(t, s.url+"/api/jobs/far/evidence/unmatched_left?limit=5")
	require.Equal(t, 200, code, text)
	assert.Contains(t, text, `"total_rows":1`)
	assert.Contains(t, text, `"INV-003"`)
	assert.Contains(t, text, `"10.00"`)
}
