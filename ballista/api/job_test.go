package api_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

func decoded(t *testing.T, a answer) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &v))
	return v
}

func TestPostGivesTheRunnerTheJob(t *testing.T) {
	t.Parallel()
	var got *recon.Job
	s := serve(t, &runner{submit: func(job *recon.Job) (recon.Submission, error) {
		got = job
		return recon.Submission{Status: recon.JobStatus{RunID: job.RunID, State: recon.StateQueued}}, nil
	}})
	a := s.post(t, goodJob)
	assert.Equal(t, 202, a.status)
	assert.Equal(t, map[string]any{"run_id": goodRun, "status": "accepted", "state": "queued", "existing": false}, decoded(t, a))
	assert.Equal(t, "/api/jobs/"+goodRun, a.header.Get("Location"))

	// Another request must not reach into the memory of the first.
	s.call(t, "POST", "/api/jobs", strings.Repeat("x", len(goodJob)))
	assert.Equal(t, "postgres://user:s3cret@host/db?table=payments", got.Right().URI.Reveal())
	assert.Equal(t, recon.EvidenceQuery, got.EvidenceColumns)
	assert.NotContains(t, s.log.String(), "s3cret")
}

func TestPostOfTheSameJobSaysWhereItIs(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{submit: func(*recon.Job) (recon.Submission, error) {
		return recon.Submission{Status: finished(), Existing: true}, nil
	}})
	a := s.post(t, goodJob)
	assert.Equal(t, 202, a.status)
	assert.Equal(t, map[string]any{"run_id": goodRun, "status": "accepted", "state": "succeeded", "existing": true}, decoded(t, a))
}

func TestPostNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	bad := strings.NewReplacer(`"run_id"`, `"runid"`, `"http://app:3000/api/worker"`, `"app:3000"`, `"between"`, `"within"`, `"l": ["id"]`, `"x": []`).Replace(goodJob)
	a := s.post(t, bad)
	assert.Equal(t, 400, a.status)
	doc := decoded(t, a)
	var fields []string
	for _, e := range doc["errors"].([]any) {
		field := e.(map[string]any)["field"].(string)
		fields = append(fields, field)
		assert.Contains(t, doc["detail"], field+": ", "a client that shows only the detail shows them all")
	}
	assert.ElementsMatch(t, []string{"run_id", "callback_url", "sources[0].filters[0].op", "primary_keys.l", "primary_keys.x"}, fields)
}

func TestPostSaysWhereTheJSONIsMalformed(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	for body, says := range map[string]string{
		"":                        "the document is empty",
		"{\n \"run_id\": oops}":   "line 2, column 12: found 'o', expected a value",
		goodJob + "x":             "after the end of the document",
		"[]":                      "expected the job as an object",
		"run_id=1&callback_url=2": "line 1, column 1",
	} {
		a := s.post(t, body)
		assert.Equal(t, 400, a.status)
		assert.Equal(t, "urn:kallad:problem:malformed-json", decoded(t, a)["type"])
		assert.Contains(t, decoded(t, a)["detail"], says)
	}
}

func TestRefusalsSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	for err, after := range map[error]string{
		recon.ErrQueueFull: "5",
		&recon.UnavailableError{Err: recon.ErrQueueFull}:                                     "5",
		&recon.UnavailableError{Err: recon.ErrDraining, RetryAfter: 90 * time.Second}:        "90",
		&recon.UnavailableError{Err: recon.ErrQueueFull, RetryAfter: 100 * time.Millisecond}: "1",
	} {
		a := serve(t, refusing(err)).post(t, goodJob)
		assert.Equal(t, 503, a.status)
		assert.Equal(t, after, a.header.Get("Retry-After"))
		assert.Contains(t, decoded(t, a)["detail"], err.Error())
	}
}

func TestInputErrorsOfTheRunnerAreTheCallers(t *testing.T) {
	t.Parallel()
	a := serve(t, refusing(recon.Input(errors.New("callback host app is not allowed")))).post(t, goodJob)
	assert.Equal(t, 400, a.status)
	assert.Equal(t, "callback host app is not allowed", decoded(t, a)["detail"])

	a = serve(t, refusing(&recon.ValidationError{Fields: []recon.FieldError{{Field: "output_path", Message: "is outside"}}})).post(t, goodJob)
	assert.Equal(t, 400, a.status)
	assert.Equal(t, []any{map[string]any{"field": "output_path", "message": "is outside"}}, decoded(t, a)["errors"])
}

func TestMistakesShowNothingOfTheInside(t *testing.T) {
	t.Parallel()
	panicking := &runner{submit: func(*recon.Job) (recon.Submission, error) { panic(errSecretInside) }}
	for _, r := range []*runner{refusing(errSecretInside), panicking} {
		s := serve(t, r)
		a := s.post(t, goodJob)
		assert.Equal(t, 500, a.status)
		assert.NotContains(t, a.body, "secret")
		assert.Contains(t, s.log.String(), "permission denied", "the log has it")
		assert.Equal(t, 200, s.call(t, "GET", "/health", "").status, "the server goes on")
	}
}

func TestListPassesTheFilterOn(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	a := s.call(t, "GET", "/api/jobs?state=failed&limit=7&other=1", "")
	assert.Equal(t, "{\"jobs\":[]}\n", a.body)
	assert.Equal(t, recon.JobFilter{State: recon.StateFailed, Limit: 7}, s.runner.filter)
	s.call(t, "GET", "/api/jobs", "")
	assert.Equal(t, recon.JobFilter{Limit: 100}, s.runner.filter)

	doc := decoded(t, s.call(t, "GET", "/api/jobs?state=&limit=0", ""))
	assert.Len(t, doc["errors"], 2)
	assert.Equal(t, 400, s.call(t, "GET", "/api/jobs?limit=1001", "").status)
}

func TestRunIDsInPathsAreUnescapedOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{jobs: []recon.JobStatus{failed()}, cancel: recon.ErrUnknownRun})
	for path, asked := range map[string]string{
		"/api/jobs/nightly%3A7":    "nightly:7",
		"/api/jobs/nightly:7":      "nightly:7",
		"/api/jobs/a%2Fb":          "a/b",
		"/api/jobs/%2e%2e":         "..",
		"/api/jobs/a%252Fb":        "a%2Fb",
		"/api/jobs/caf%C3%A9%20x":  "café x",
		"/api/jobs/x%00y?state=no": "x\x00y",
	} {
		a := s.call(t, "GET", path, "")
		assert.Equal(t, asked, s.runner.asked, path)
		if asked == "nightly:7" {
			assert.Equal(t, 200, a.status)
		} else {
			assert.Equal(t, 404, a.status)
		}
		s.runner.asked = ""
		s.call(t, "DELETE", path, "")
		assert.Equal(t, asked, s.runner.asked, path)
	}
}

func TestUnknownPathsAndMethodsAreProblems(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	for _, path := range []string{"/page", "/api", "/api/jobs/", "/api/jobs/a/b", "/health/", "/HEALTH", "/api/../health", "/%"} {
		resp := s.raw(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		assert.Contains(t, resp, "HTTP/1.1 404 ", path)
		assert.Contains(t, resp, "application/problem+json", path)
	}
	for call, allow := range map[string]string{
		"PUT /api/jobs":           "GET",
		"POST /health":            "GET",
		"PATCH /api/jobs/x":       "DELETE",
		"OPTIONS /api/jobs":       "POST",
		"DELETE /api/jobs":        "POST",
		"POST /api/openapi.json":  "GET",
		"PROPFIND /api/jobs/some": "GET",
	} {
		method, path, _ := strings.Cut(call, " ")
		a := s.call(t, method, path, "")
		assert.Equal(t, 405, a.status, call)
		assert.Contains(t, a.header.Get("Allow"), allow, call)
		assert.NotContains(t, a.header.Get("Allow")+a.body, "OPTIONS", "nothing answers that")
	}
}

func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{jobs: []recon.JobStatus{finished()}})
	for _, path := range []string{"/health", "/ready", "/metrics", "/api/jobs", "/api/jobs/" + goodRun, "/api/openapi.json"} {
		a := s.call(t, "HEAD", path, "")
		assert.Equal(t, 200, a.status, path)
		assert.NotEqual(t, "0", a.header.Get("Content-Length"), path)
	}
}

func TestReadyFollowsTheChecks(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	assert.Equal(t, map[string]any{"status": "ready", "version": "1.2.3"}, decoded(t, s.call(t, "GET", "/ready", "")))
	s.health.RequireReady("queue", func() error { return recon.ErrQueueFull })
	a := s.call(t, "GET", "/ready", "")
	assert.Equal(t, 503, a.status)
	assert.Equal(t, map[string]any{"status": "unavailable", "version": "1.2.3",
		"problems": []any{map[string]any{"check": "queue", "message": recon.ErrQueueFull.Error()}}}, decoded(t, a))
	assert.Equal(t, map[string]any{"status": "ok", "version": "1.2.3"}, decoded(t, s.call(t, "GET", "/health", "")))
}

func TestRequestsAreCountedByRoutePattern(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	s.call(t, "GET", "/api/jobs/secret-name", "")
	s.call(t, "GET", "/nothing/secret-name", "")
	text := s.call(t, "GET", "/metrics", "").body
	assert.Contains(t, text, `kalla_http_requests_total{method="GET",route="/api/jobs/{run_id}",status="404"} 1`)
	assert.Contains(t, text, `kalla_http_requests_total{method="GET",route="other",status="404"} 1`)
	assert.Contains(t, text, "kalla_runner_active_jobs 0")
	assert.NotContains(t, text, "secret-name")
}

func TestWhoFollowsAJobNeedsNoCallback(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	silent := strings.Replace(goodJob, `"callback_url": "http://app:3000/api/worker",`, "", 1)
	assert.Equal(t, 400, s.post(t, silent).status)
	assert.Equal(t, 202, s.call(t, "POST", "/api/jobs?callback=optional", silent).status)
	assert.Equal(t, 400, s.call(t, "POST", "/api/jobs?callback=required", silent).status)
	assert.Contains(t, s.call(t, "POST", "/api/jobs?callback=no", goodJob).body, `"field":"callback"`)
	assert.Equal(t, 400, s.call(t, "POST", "/api/jobs?callback=optional", strings.Replace(goodJob, "http://app:3000", "app", 1)).status)
}
