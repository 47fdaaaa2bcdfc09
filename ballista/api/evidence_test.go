package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

func someRows(_ context.Context, path string, limit int) (*recon.EvidenceRows, error) {
	text := "007"
	return &recon.EvidenceRows{
		Path: path, Columns: []recon.ColumnLabel{{Name: "left_key", Type: "text"}, {Name: "amount", Type: "decimal(9,2)"}},
		Rows: [][]*string{{&text, nil}}, TotalRows: int64(limit),
	}, nil
}

func noRows(err error) func(context.Context, string, int) (*recon.EvidenceRows, error) {
	return func(context.Context, string, int) (*recon.EvidenceRows, error) { return nil, err }
}

// occupyEvidence lets as many requests read evidence as may, until the server
// stops.
func (s *site) occupyEvidence(t *testing.T) {
	t.Helper()
	arrived := make(chan struct{})
	s.runner.rows = func(ctx context.Context, _ string, _ int) (*recon.EvidenceRows, error) {
		arrived <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for range 4 {
		_, err := io.WriteString(s.dial(t), "GET /api/jobs/"+goodRun+"/evidence/matched HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		<-arrived
	}
}

func TestEvidenceIsShown(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{jobs: []recon.JobStatus{finished(), queued()}, rows: someRows})
	a := s.call(t, "GET", "/api/jobs/"+goodRun+"/evidence/unmatched_right.parquet?limit=7", "")
	assert.Equal(t, `{"path":"c","columns":[{"name":"left_key","type":"text"},{"name":"amount","type":"decimal(9,2)"}],"rows":[["007",null]],"total_rows":7}`+"\n", a.body)
	assert.Contains(t, s.call(t, "GET", "/api/jobs/"+goodRun+"/evidence/matched", "").body, `"path":"a"`)
	assert.Contains(t, s.call(t, "GET", "/api/jobs/"+goodRun+"/evidence/matched", "").body, `"total_rows":50`)
	for path, want := range map[string]string{
		"/api/jobs/" + goodRun + "/evidence/metadata.json": "matched, unmatched_left and unmatched_right",
		"/api/jobs/" + goodRun + "/evidence/..%2Fmatched":  "matched, unmatched_left and unmatched_right",
		"/api/jobs/next/evidence/matched":                  "Its state is queued",
	} {
		a := s.call(t, "GET", path, "")
		assert.Equal(t, 404, a.status, path)
		assert.Contains(t, a.body, want, path)
	}
}

func TestEvidenceThatIsGone(t *testing.T) {
	t.Parallel()
	gone := recon.Input(fmt.Errorf("open s3://u:pw@bucket/x: %w", errors.New("not found")))
	s := serve(t, &runner{jobs: []recon.JobStatus{finished()}, rows: noRows(gone)})
	a := s.call(t, "GET", "/api/jobs/"+goodRun+"/evidence/matched", "")
	require.Equal(t, 404, a.status)
	assert.Contains(t, a.body, "no longer where the job left it")
	assert.NotContains(t, a.body, ":pw@")
}
