package api_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/trace"
)

func TestEveryAnswerHasTheRequestsID(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{jobs: []recon.JobStatus{queued()}})
	for _, call := range []struct{ method, path string }{
		{"GET", "/"}, {"GET", "/health"}, {"GET", "/api/jobs"}, {"GET", "/api/jobs/none"}, {"GET", "/nothing"}, {"PUT", "/api/jobs"}, {"POST", "/api/jobs"}, {"DELETE", "/api/jobs/next"},
	} {
		a := s.send(t, call.method, call.path, "", "X-Request-Id", "mine-7")
		assert.Equal(t, "mine-7", a.header.Get("X-Request-Id"), "%v", call)
		if a.status >= 400 {
			var doc map[string]any
			require.NoError(t, json.Unmarshal([]byte(a.body), &doc))
			assert.Equal(t, "mine-7", doc["request_id"], "%v", call)
		}
	}
	assert.Regexp(t, `msg="request answered" route=/api/jobs/\{run_id\} method=DELETE .*request_id=mine-7`, s.log.String())

	own := s.call(t, "GET", "/health", "").header.Get("X-Request-Id")
	assert.Regexp(t, "^[0-9a-f]{24}$", own)
	assert.NotEqual(t, own, s.call(t, "GET", "/health", "").header.Get("X-Request-Id"))
	forged := s.call(t, "GET", "/health", "", "X-Request-Id", `x" level=ERROR`).header.Get("X-Request-Id")
	assert.Regexp(t, "^[0-9a-f]{24}$", forged, "what would not look like an id in a log is none")
	assert.Contains(t, s.raw(t, "GET / HTTP/1.1\r\nX-Request-Id: mine-8\r\nHost: x\r\nBad Header\r\n\r\n"), "X-Request-Id: ", "also where the request cannot be read")
}

func TestAnInternalErrorIsFoundInTheLogByItsRequest(t *testing.T) {
	t.Parallel()
	s := serve(t, refusing(errSecretInside))
	a := s.call(t, "POST", "/api/jobs", goodJob, "X-Request-Id", "mine-9")
	assert.Contains(t, a.body, `"request_id":"mine-9"`)
	assert.Regexp(t, `level=ERROR msg="request not carried out".*request_id=mine-9`, s.log.String())
}

func TestAJobKnowsTheRequestItCameWith(t *testing.T) {
	t.Parallel()
	var id string
	var carried map[string]string
	r := &runner{}
	s := serve(t, r)
	r.submitting = func(ctx context.Context) { id, carried = trace.Request(ctx), trace.Carry(ctx) }
	s.call(t, "POST", "/api/jobs", goodJob, "X-Request-Id", "mine-10", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	assert.Equal(t, "mine-10", id)
	assert.Contains(t, carried["traceparent"], "0af7651916cd43dd8448eb211c80319c")
}
