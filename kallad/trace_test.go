package main

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"kallad/worker/recon"
)

// spans is a collector: it takes spans over HTTP and gRPC.
type spans struct {
	collector.UnimplementedTraceServiceServer
	url  string
	grpc string

	mu  sync.Mutex
	got []span
}

// span is a span with the name of the service that it came from.
type span struct {
	*otlp.Span
	service string
}

func (s span) attr(name string) string {
	for _, kv := range s.Attributes {
		if kv.Key == name {
			text, _ := json.Marshal(kv.Value)
			return string(text)
		}
	}
	return ""
}

func collect(t *testing.T) *spans {
	t.Helper()
	s := &spans{}
	server := httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(server.Close)
	s.url = server.URL
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	rpc := grpc.NewServer()
	collector.RegisterTraceServiceServer(rpc, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = rpc.Serve(listener)
	}()
	t.Cleanup(func() { rpc.Stop(); <-done })
	s.grpc = "http://" + listener.Addr().String()
	return s
}

func (s *spans) take(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	text, err := io.ReadAll(body)
	var req collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(text, &req) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.keep(&req)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Export implements the collector's gRPC service.
func (s *spans) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.keep(req)
	return &collector.ExportTraceServiceResponse{}, nil
}

func (s *spans) keep(req *collector.ExportTraceServiceRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range req.ResourceSpans {
		service := ""
		for _, kv := range rs.Resource.Attributes {
			if kv.Key == "service.name" {
				service = kv.Value.GetStringValue()
			}
		}
		for _, ss := range rs.ScopeSpans {
			for _, sp := range ss.Spans {
				s.got = append(s.got, span{sp, service})
			}
		}
	}
}

// await waits until spans of all these names have come and returns the spans
// of a trace.
func (s *spans) await(t *testing.T, trace string, names ...string) []span {
	t.Helper()
	var in []span
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		in = nil
		have := map[string]bool{}
		for _, sp := range s.got {
			if hex.EncodeToString(sp.TraceId) == trace {
				in = append(in, sp)
				have[sp.Name] = true
			}
		}
		for _, name := range names {
			if !have[name] {
				return false
			}
		}
		return true
	}, patience, 10*time.Millisecond, "%v", names)
	return in
}

// paths are the names of a trace's spans, each after those that it is part of.
func paths(in []span) []string {
	byID := map[string]span{}
	for _, sp := range in {
		byID[string(sp.SpanId)] = sp
	}
	var out []string
	for _, sp := range in {
		path := sp.Name
		for up, ok := byID[string(sp.ParentSpanId)]; ok; up, ok = byID[string(up.ParentSpanId)] {
			path = up.Name + " > " + path
		}
		out = append(out, path)
	}
	return out
}

const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	callersSpan  = "b7ad6b7169203331"
)

// postTraced posts a job as part of a trace of the caller's.
func (s *scheduler) postTraced(t *testing.T, job recon.Job) {
	t.Helper()
	text, err := json.Marshal(job)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/jobs", strings.NewReader(string(text)))
	require.NoError(t, err)
	req.Header.Set("traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	req.Header.Set("X-Request-Id", "from-the-caller")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 202, resp.StatusCode)
	require.Equal(t, "from-the-caller", resp.Header.Get("X-Request-Id"))
}

// heard are the traceparent headers of a job's callbacks, by path.
func heard(t *testing.T) (url string, headers func() map[string]string) {
	var mu sync.Mutex
	got := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] = r.Header.Get("traceparent")
	}))
	t.Cleanup(server.Close)
	return server.URL, func() map[string]string {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func TestAJobIsOneTrace(t *testing.T) {
	t.Parallel()
	c := collect(t)
	url, headers := heard(t)
	s := startScheduler(t, folder(t, joinOnReference), "--otlp-endpoint", c.url)
	job := jobOver("traced", joinOnReference)
	job.CallbackURL = url
	s.postTraced(t, job)
	got := c.await(t, callersTrace, "callback complete", "POST /api/jobs", "job")
	assert.Subset(t, paths(got), []string{
		"POST /api/jobs",
		"POST /api/jobs > job",
		"POST /api/jobs > job > queue",
		"POST /api/jobs > job > describe",
		"POST /api/jobs > job > plan",
		"POST /api/jobs > job > split",
		"POST /api/jobs > job > run",
		"POST /api/jobs > job > run > task",
		"POST /api/jobs > job > run > task > load left_src",
		"POST /api/jobs > job > run > task > load right_src",
		"POST /api/jobs > job > run > task > step match",
		"POST /api/jobs > job > publish",
		"POST /api/jobs > job > callback complete",
	})
	for _, sp := range got {
		assert.Equal(t, "kallad-scheduler", sp.service)
		assert.LessOrEqual(t, sp.StartTimeUnixNano, sp.EndTimeUnixNano, sp.Name)
		switch sp.Name {
		case "POST /api/jobs":
			assert.Equal(t, callersSpan, hex.EncodeToString(sp.ParentSpanId))
			assert.Contains(t, sp.attr("http.response.status_code"), "202")
			assert.Contains(t, sp.attr("request_id"), "from-the-caller")
		case "job":
			assert.Contains(t, sp.attr("matched"), "2")
			assert.Contains(t, sp.attr("run_id"), "traced")
		case "callback complete":
			assert.Equal(t, "00-"+callersTrace+"-"+hex.EncodeToString(sp.SpanId)+"-01", headers()["/complete"], "the caller can go on with it")
		}
	}
	assert.Contains(t, headers()["/progress"], "00-"+callersTrace+"-")
	accepted := regexp.MustCompile(`msg="job accepted".*`).FindString(s.logs.String())
	assert.Contains(t, accepted, "request_id=from-the-caller trace_id="+callersTrace)
	ended := regexp.MustCompile(`msg="job ended".*`).FindString(s.logs.String())
	assert.Contains(t, ended, "request_id=from-the-caller trace_id="+callersTrace, "the job's lines are found by its request")
}

func TestATraceGoesOnInExecutors(t *testing.T) {
	t.Parallel()
	c := collect(t)
	dir := folder(t, joinOnReference)
	s := startScheduler(t, dir, "--otlp-endpoint", c.grpc, "--otlp-protocol", "grpc", "--grpc-port", "0")
	port := regexp.MustCompile(`msg="listening for executors" address=(\S+)`).FindStringSubmatch(s.logs.await(t, "listening for executors"))[1]
	e := command(t, dir, "executor", "--scheduler-url", port, "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0", "--slots", "1", "--memory-limit", "300MB")
	e.Env = append(e.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_SERVICE_NAME=my-executor", "OTEL_BSP_SCHEDULE_DELAY=50")
	logs := &lines{}
	e.Stderr = logs
	require.NoError(t, e.Start())
	t.Cleanup(func() { _ = e.Process.Kill(); _ = e.Wait() })
	logs.await(t, "msg=connected")
	job := jobOver("far", joinOnReference)
	job.CallbackURL = listen(t).URL
	s.postTraced(t, job)
	got := c.await(t, callersTrace, "callback complete", "POST /api/jobs", "job", "task")
	var there []string
	for i, path := range paths(got) {
		if got[i].service == "my-executor" {
			there = append(there, path)
		}
	}
	assert.Contains(t, there, "POST /api/jobs > job > run > task")
	assert.Contains(t, strings.Join(there, "\n"), "POST /api/jobs > job > run > task > load left_src")
}

func TestFailuresAreTracedWithoutSecrets(t *testing.T) {
	t.Parallel()
	c := collect(t)
	s := startScheduler(t, folder(t, joinOnReference), "--otlp-endpoint", c.url)
	job := jobOver("bad", joinOnReference)
	job.CallbackURL = listen(t).URL
	job.Sources[0].URI = "postgres://app:hunter2sesame@127.0.0.1:1/erp?table=invoices"
	s.postTraced(t, job)
	got := c.await(t, callersTrace, "callback error", "job")
	for _, sp := range got {
		text, err := json.Marshal(sp.Span)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "hunter2sesame")
		if sp.Name == "job" {
			assert.Equal(t, otlp.Status_STATUS_CODE_ERROR, sp.Status.Code)
			assert.Contains(t, sp.Status.Message, "127.0.0.1:1")
		}
	}
}

func TestARunIsTraced(t *testing.T) {
	t.Parallel()
	c := collect(t)
	dir := folder(t, joinOnReference)
	cmd := command(t, dir, "run", "job.json")
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url)
	require.Equal(t, 0, finish(t, cmd).code)
	c.mu.Lock()
	assert.Contains(t, paths(c.got), "kallad run > run > task > step match")
	c.mu.Unlock()

	o := kallad(t, dir, "run", "--otlp-endpoint", "localhost:4317", "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "--otlp-endpoint: \"localhost:4317\": want an http or https URL")
}

// A collector that is away must not hold up or fail anything.
func TestNobodyWaitsForTheCollector(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	began := time.Now()
	o := kallad(t, dir, "run", "--otlp-endpoint", "http://127.0.0.1:1", "job.json")
	require.Equal(t, 0, o.code, o.err)
	require.Less(t, time.Since(began), 15*time.Second)
}
