package compose_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The cluster comes up in its order, with two executors, and the API in front
// of it has the example reconciled from Postgres, from S3 and across the two.
func TestCluster(t *testing.T) {
	t.Parallel()
	p := up(t, "docker-compose.cluster.yml")
	assert.Len(t, strings.Fields(p.do("ps", "--quiet", "executor")), 2, "executors")
	url := p.url("app", "3000")
	waitFor(t, url+"/health")
	for _, recipe := range []string{"example-postgres", "example-s3", "example-mixed"} {
		var run struct {
			ID string `json:"run_id"`
		}
		require.Equal(t, http.StatusOK, ask(t, http.MethodPost, url+"/api/runs", "", map[string]any{"recipe_id": recipe}, &run), recipe)
		ended := await(t, url, run.ID)
		assert.Equal(t, []any{"completed", "14", "18", "21"},
			[]any{ended["status"], ended["matched_count"], ended["unmatched_left_count"], ended["unmatched_right_count"]}, "%s: %v", recipe, ended)
		assert.Equal(t, "s3://kallad/runs/"+run.ID+"/matched.parquet", ended["output_matched"])
		assert.NotNil(t, ended["progress"], recipe)
	}
}

// await waits until the API says that a run has ended.
func await(t testing.TB, url, run string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.Eventually(t, func() bool {
		doc = nil
		ask(t, http.MethodGet, url+"/api/runs/"+run, "", nil, &doc)
		return doc["status"] == "completed" || doc["status"] == "failed"
	}, 2*time.Minute, 50*time.Millisecond, "run %s", run)
	return doc
}
