package compose_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One node, with a token, reconciles the example's files and calls a program on
// the engine's machine back.
func TestOneNode(t *testing.T) {
	t.Parallel()
	const token = "0123456789abcdef0123456789abcdef"
	p := up(t, "docker-compose.yml", "KALLAD_TOKEN="+token)
	url := p.url("scheduler", "8080")
	waitFor(t, url+"/ready")

	final := make(chan map[string]any, 1)
	caller := listen(t, func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if json.NewDecoder(r.Body).Decode(&body) == nil && path.Base(r.URL.Path) != "progress" {
			final <- body
		}
	})
	job := map[string]any{
		"run_id": "example", "callback_url": "http://host.docker.internal:" + caller + "/api/worker",
		"match_sql": "SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number" +
			" AND l.currency = r.currency AND tolerance_match(l.amount, r.paid_amount, 0.02)",
		"sources": []any{
			map[string]any{"alias": "left_src", "uri": "/data/invoices/invoices.csv"},
			map[string]any{"alias": "right_src", "uri": "/data/invoices/payments.csv"},
		},
		"output_path":  "runs/example",
		"primary_keys": map[string]any{"left_src": []string{"invoice_id"}, "right_src": []string{"payment_id"}},
	}
	assert.Equal(t, http.StatusUnauthorized, ask(t, http.MethodPost, url+"/api/jobs", "", job, nil))
	assert.Equal(t, http.StatusAccepted, ask(t, http.MethodPost, url+"/api/jobs", token, job, nil))
	select {
	case body := <-final:
		assert.Equal(t, []any{14.0, 18.0, 21.0}, []any{body["matched_count"], body["unmatched_left_count"], body["unmatched_right_count"]}, "%v", body)
	case <-time.After(2 * time.Minute):
		t.Fatal("no final callback")
	}
	copied := filepath.Join(t.TempDir(), "matched.parquet")
	out, err := exec.Command("docker", "cp", p.container("scheduler")+":/var/lib/kallad/staging/runs/example/matched.parquet", copied).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.FileExists(t, copied)
}

// listen serves on all addresses of this machine and returns the port.
func listen(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}
