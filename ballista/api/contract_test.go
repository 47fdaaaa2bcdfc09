package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/api"
	"kallad/worker/recon"
)

// document is the OpenAPI document.
type document struct {
	schemaChecker
	paths map[string]any
}

var loadDocument = sync.OnceValues(func() (*document, error) {
	server := api.New(testConfig(), parts(&runner{}))
	if err := server.Start(context.Background()); err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + server.Addr().String() + "/api/openapi.json")
	if err != nil {
		return nil, errors.Join(err, server.Stop(context.Background()))
	}
	defer resp.Body.Close()
	d := &document{}
	err = json.NewDecoder(resp.Body).Decode(&d.root)
	if err := errors.Join(err, server.Stop(context.Background())); err != nil {
		return nil, err
	}
	d.paths = d.root["paths"].(map[string]any)
	return d, nil
})

// contract returns the document, as a server of its own gives it.
func contract(t *testing.T) *document {
	t.Helper()
	d, err := loadDocument()
	require.NoError(t, err)
	return d
}

// pattern returns the document's path for a request's path, "" for none.
func (d *document) pattern(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if _, ok := d.paths[path]; ok {
		return path
	}
	rest, ok := strings.CutPrefix(path, "/api/jobs/")
	runID, below, deeper := strings.Cut(rest, "/")
	switch {
	case !ok || runID == "":
		return ""
	case deeper && strings.HasPrefix(below, "evidence/"):
		return "/api/jobs/{run_id}/evidence/{file}"
	case deeper:
		return "/api/jobs/{run_id}/" + below
	}
	return "/api/jobs/{run_id}"
}

// check holds an answer against the document. Statuses that any request may
// get are problem documents; every other one must be written down.
func (d *document) check(t *testing.T, method, path string, a answer) {
	t.Helper()
	anywhere := []int{400, 401, 403, 404, 405, 408, 413, 431}
	methodKey := strings.ToLower(method)
	if method == http.MethodHead {
		assert.Empty(t, a.body)
		methodKey = "get"
	}
	var response map[string]any
	if operations, ok := d.paths[d.pattern(path)].(map[string]any); ok {
		if operation, ok := operations[methodKey].(map[string]any); ok {
			response, _ = operation["responses"].(map[string]any)[fmt.Sprint(a.status)].(map[string]any)
		}
	}
	media, schema := "application/problem+json", map[string]any{"$ref": "#/components/schemas/Problem"}
	if response == nil {
		require.Contains(t, anywhere, a.status, "%s %s: the document has no such answer: %s", method, path, a.body)
	} else {
		content, ok := response["content"].(map[string]any)
		if !ok {
			assert.Empty(t, a.body, "the document promises no content")
			return
		}
		media = slices.Collect(maps.Keys(content))[0]
		schema = content[media].(map[string]any)["schema"].(map[string]any)
		headers, _ := response["headers"].(map[string]any)
		for name := range headers {
			assert.NotEmpty(t, a.header.Get(name), "%s %s: header %s", method, path, name)
		}
	}
	assert.True(t, strings.HasPrefix(a.header.Get("Content-Type"), media), "%s %s: %s", method, path, a.header.Get("Content-Type"))
	if method == http.MethodHead {
		return
	}
	var v any = a.body
	if strings.Contains(media, "json") {
		require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	}
	assert.Empty(t, d.schemaChecker.check(schema, v, "answer"), "%s %s: %s", method, path, a.body)
	if p, ok := v.(map[string]any); ok && media == "application/problem+json" {
		assert.Equal(t, float64(a.status), p["status"], "the document's status is the answer's")
	}
}

func TestEveryAnswerOfTheDocumentIsReallyGiven(t *testing.T) {
	t.Parallel()
	busy := &recon.UnavailableError{Err: recon.ErrQueueFull, RetryAfter: 1500 * time.Millisecond}
	cases := []struct {
		runner *runner
		tune   func(*api.Config)
		setUp  func(*site, *testing.T)
		calls  []string // "METHOD path status"
		body   string
		header []string
	}{
		{runner: &runner{}, body: goodJob, calls: []string{"POST /api/jobs 202"}},
		{runner: &runner{}, body: `{"run_id": 1}`, calls: []string{"POST /api/jobs 400"}},
		{runner: refusing(recon.ErrConflict), body: goodJob, calls: []string{"POST /api/jobs 409"}},
		{runner: refusing(busy), body: goodJob, calls: []string{"POST /api/jobs 503"}},
		{runner: refusing(errSecretInside), body: goodJob, calls: []string{"POST /api/jobs 500"}},
		{runner: &runner{}, body: strings.Repeat(" ", 1<<20) + goodJob, calls: []string{"POST /api/jobs 413"}},
		{runner: &runner{}, body: goodJob, header: []string{"Content-Encoding", "gzip"}, calls: []string{"POST /api/jobs 415"}},
		{runner: &runner{jobs: []recon.JobStatus{queued(), failed(), finished()}}, calls: []string{
			"GET /api/jobs 200", "GET /api/jobs?state=failed&limit=2 200", "GET /api/jobs?state=done 400",
			"GET /api/jobs/next 200", "GET /api/jobs/nightly:7 200", "GET /api/jobs/" + goodRun + " 200",
			"GET /api/jobs/none 404", "DELETE /api/jobs/next 202",
			"GET / 200", "GET /api/openapi.json 200", "GET /health 200", "GET /ready 200", "GET /metrics 200",
		}},
		{runner: &runner{jobs: []recon.JobStatus{finished()}, executors: []recon.ExecutorStatus{executor()}}, calls: []string{
			"GET /api/jobs/" + goodRun + "/events 200", "GET /api/jobs/none/events 404",
			"GET /api/events 200", "GET /api/events?limit=0 400", "GET /api/events?state=failed 400", "GET /api/executors 200",
		}},
		{runner: &runner{jobs: []recon.JobStatus{finished()}}, header: []string{"Last-Event-ID", "7-end"}, calls: []string{
			"GET /api/jobs/" + goodRun + "/events 204",
		}},
		{runner: &runner{jobs: []recon.JobStatus{queued()}}, tune: func(c *api.Config) { c.MaxStreams = 1 }, setUp: func(s *site, t *testing.T) { s.follow(t, "/api/events") },
			calls: []string{"GET /api/jobs/next/events 503", "GET /api/events 503"}},
		{runner: &runner{jobs: []recon.JobStatus{finished()}, rows: someRows}, calls: []string{
			"GET /api/jobs/" + goodRun + "/evidence/matched?limit=1 200", "GET /api/jobs/" + goodRun + "/evidence/matched?limit=501 400",
			"GET /api/jobs/none/evidence/matched 404",
		}},
		{runner: &runner{jobs: []recon.JobStatus{finished()}, rows: noRows(errSecretInside)}, calls: []string{
			"GET /api/jobs/" + goodRun + "/evidence/matched 500",
		}},
		{runner: &runner{jobs: []recon.JobStatus{finished()}}, setUp: (*site).occupyEvidence, calls: []string{
			"GET /api/jobs/" + goodRun + "/evidence/matched 503",
		}},
		{runner: &runner{cancel: recon.ErrUnknownRun}, calls: []string{"DELETE /api/jobs/none 404"}},
		{runner: &runner{cancel: recon.ErrFinished}, calls: []string{"DELETE /api/jobs/old 409"}},
		{runner: &runner{cancel: errSecretInside}, calls: []string{"DELETE /api/jobs/old 500"}},
		{runner: &runner{}, setUp: func(s *site, _ *testing.T) {
			s.health.RequireLive("listener", func() error { return errors.New("closed") })
		}, calls: []string{"GET /health 503", "GET /ready 503"}},
		{runner: &runner{}, setUp: func(s *site, _ *testing.T) { s.breakMetrics() }, calls: []string{"GET /metrics 500"}},
	}
	given := map[string]bool{}
	for _, c := range cases {
		cfg := testConfig()
		if c.tune != nil {
			c.tune(&cfg)
		}
		s := serveWith(t, cfg, c.runner)
		if c.setUp != nil {
			c.setUp(s, t)
		}
		for _, line := range c.calls {
			var method, path string
			var status int
			_, err := fmt.Sscan(line, &method, &path, &status)
			require.NoError(t, err)
			a := s.call(t, method, path, c.body, c.header...)
			assert.Equal(t, status, a.status, "%s: %s", line, a.body)
			given[fmt.Sprintf("%s %s %d", method, contract(t).pattern(path), a.status)] = true
		}
	}
	assert.Equal(t, contract(t).promises(), slices.Sorted(maps.Keys(given)))
}

// promises lists every answer of the document as "METHOD pattern status".
func (d *document) promises() []string {
	var list []string
	for path, operations := range d.paths {
		for method, operation := range operations.(map[string]any) {
			for status := range operation.(map[string]any)["responses"].(map[string]any) {
				list = append(list, strings.ToUpper(method)+" "+path+" "+status)
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestTheDocumentDescribesAGoodJob(t *testing.T) {
	t.Parallel()
	d := contract(t)
	assert.Equal(t, "3.1.0", d.root["openapi"])
	var job any
	require.NoError(t, json.Unmarshal([]byte(goodJob), &job))
	schema := d.resolve("#/components/schemas/Job")
	assert.Empty(t, d.schemaChecker.check(schema, job, "job"))
	assert.NotEmpty(t, d.schemaChecker.check(schema, map[string]any{"run_id": "../x"}, "job"), "the checker finds faults")
}
