package api_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/api"
	"kallad/worker/auth"
	"kallad/worker/auth/authtest"
)

const token = "hunter2-sesame-0123456789"

func guarded(t *testing.T) api.Config {
	t.Helper()
	cfg := testConfig()
	var err error
	cfg.Guard.Token, err = auth.NewToken(token)
	require.NoError(t, err)
	return cfg
}

func TestTheTokenIsAskedForEverywhereButByProbesAndThePage(t *testing.T) {
	t.Parallel()
	s := serveWith(t, guarded(t), &runner{})
	requests := []string{
		"GET /metrics", "GET /api/openapi.json", "GET /api/jobs", "HEAD /api/jobs", "GET /api/jobs/x", "GET /api/jobs/x/events", "GET /api/executors", "POST /api/jobs", "DELETE /api/jobs/x",
		"GET /nothing", "PUT /api/jobs", "OPTIONS /api/jobs", "GET /index.html", "GET /api/jobs/x/evidence/matched", "POST /", "GET //health", "GET /health/", "GET /HEALTH", "POST /health",
		"GET /api/jobs/..%2f..%2fhealth", "GET /api/jobs/%2e%2e", "GET /health%2f..%2fmetrics", "GET /metrics?/health", "GET /health;/../metrics",
	}
	for _, request := range requests {
		method, path, _ := strings.Cut(request, " ")
		for name, header := range map[string][]string{
			"without": nil, "wrong": {"Authorization", "Bearer nonsense"}, "in another scheme": {"Authorization", "Basic " + token},
		} {
			a := s.call(t, method, path, "", header...)
			assert.Equal(t, 401, a.status, "%s %s: %s", request, name, a.body)
			assert.Contains(t, a.header.Get("WWW-Authenticate"), `Bearer realm="kallad"`)
			assert.NotContains(t, a.body, token)
		}
		assert.NotEqual(t, 401, s.call(t, method, path, "", "Authorization", "Bearer "+token).status, request)
	}
	for _, path := range []string{"/", "/health", "/ready"} {
		assert.Equal(t, 200, s.call(t, "GET", path, "").status)
	}
	assert.Equal(t, 401, s.call(t, "GET", "/api/events", "").status)
	assert.Contains(t, s.call(t, "GET", "/api/jobs", "", "Authorization", "Bearer nonsense").header.Get("WWW-Authenticate"), "invalid_token")
	assert.Contains(t, s.raw(t, "GET /api/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n"), "HTTP/1.1 401 ")
	assert.NotContains(t, s.log.String(), token)
}

func TestMetricsCanBePublic(t *testing.T) {
	t.Parallel()
	cfg := guarded(t)
	cfg.PublicMetrics = true
	s := serveWith(t, cfg, &runner{})
	assert.Equal(t, 200, s.call(t, "GET", "/metrics", "").status)
	assert.Equal(t, 401, s.call(t, "GET", "/api/jobs", "").status)
}

// A stranger's job is refused by its head: what follows is not waited for and
// not kept.
func TestAStrangersBodyIsNotRead(t *testing.T) {
	t.Parallel()
	s := serveWith(t, guarded(t), &runner{})
	got := s.raw(t, "POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
	assert.Contains(t, got, "HTTP/1.1 401 ")
	got = s.raw(t, "POST /api/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n{")
	assert.Contains(t, got, "HTTP/1.1 401 ")
	a := s.call(t, "POST", "/api/jobs", goodJob, "Authorization", "Bearer "+token)
	assert.Equal(t, 202, a.status, a.body)
}

func TestOtherSitesPagesChangeNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	host := s.Addr().String()
	cases := []struct {
		method string
		header []string
		status int
	}{
		{"POST", nil, 202},
		{"POST", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}, 202},
		{"POST", []string{"Origin", "http://" + host}, 202},
		{"POST", []string{"Sec-Fetch-Site", "none"}, 202},
		{"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://" + host}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", []string{"Origin", "http://evil.test"}, 403},
		{"POST", []string{"Origin", "null"}, 403},
	}
	for _, c := range cases {
		assert.Equal(t, c.status, s.call(t, c.method, "/api/jobs", goodJob, c.header...).status, "%v", c.header)
	}
	assert.Equal(t, 403, s.call(t, "DELETE", "/api/jobs/x", "", "Origin", "http://evil.test").status)
	assert.Equal(t, 200, s.call(t, "GET", "/api/jobs", "", "Sec-Fetch-Site", "cross-site").status, "the browser keeps the answer from the page")
}

func TestHTTPSAndClientCertificates(t *testing.T) {
	t.Parallel()
	ca := authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1")
	cfg := testConfig()
	var err error
	cfg.Guard.TLS, err = auth.NewTLS(auth.TLSConfig{Cert: cert, Key: key, CA: ca.File}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s := serveWith(t, cfg, &runner{})
	get := func(path string, certificates ...tls.Certificate) int {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), Certificates: certificates}, DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Get("https://" + s.Addr().String() + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	own, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	assert.Equal(t, 200, get("/api/jobs", own))
	assert.Equal(t, 403, get("/api/jobs"))
	assert.Equal(t, 403, get("/metrics"))
	assert.Equal(t, 200, get("/health"), "a probe has no certificate")

	plain := s.raw(t, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.NotContains(t, plain, `"status"`, "nothing is served unencrypted")
}
