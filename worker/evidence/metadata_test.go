package evidence_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/evidence"
	"kallad/worker/recon"
)

func reportedRun() evidence.Metadata {
	meta := counts(0, 0, 0)
	meta.Version = "1.2.3"
	meta.Job = recon.Job{
		RunID: "run-1", MatchSQL: "SELECT 1 FROM l JOIN r ON l.token=r.token AND l.url <> 'https://eve:letmein@host/x'",
		OutputPath: "runs/run-1",
		Sources: []recon.Source{
			{Alias: "l", URI: "postgres://ann:s3cr%40t@db:5432/books?table=invoices&password=hunter22", Filters: []recon.FilterCondition{{Column: "amount", Op: recon.OpGte, Value: json.RawMessage(`1000.00`)}}},
			{Alias: "r", URI: "s3://bucket/payments.csv"},
			{Alias: "rates", URI: "/data/rates.parquet"},
		},
		PrimaryKeys: map[string][]string{"l": {"id"}, "r": {"a", "b"}},
	}
	meta.Result.EngineMode = "local"
	meta.Result.Notes = []string{"view read in one piece with s3cr@t and hunter22"}
	meta.Result.StartedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	meta.Result.FinishedAt = meta.Result.StartedAt.Add(time.Minute)
	meta.Result.StageSeconds = map[recon.Stage]float64{recon.StageMatching: 1.5}
	return meta
}

func TestMetadataTellsTheRunWithoutCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := create(t, config(dir, checked(t)))
	closeEmpty(t, set, evidence.Left, evidence.Right)
	publishRest(t, set, reportedRun())

	raw, err := os.ReadFile(filepath.Join(dir, evidence.MetadataFile))
	require.NoError(t, err)
	for _, secret := range []string{"s3cr%40t", "s3cr@t", "hunter22", "letmein"} {
		require.NotContains(t, string(raw), secret)
	}
	var doc map[string]any
	require.NoError(t, json.Unmarshal(raw, &doc))
	require.Equal(t, "SELECT 1 FROM l JOIN r ON l.token=r.token AND l.url <> 'https://eve:***@host/x'", doc["match_sql"])
	require.Equal(t, []any{
		map[string]any{"alias": "l", "role": "left", "uri": "postgres://ann:***@db:5432/books?table=invoices&password=***",
			"filters": []any{map[string]any{"column": "amount", "op": "gte", "value": 1000.0}}, "primary_key": []any{"id"}},
		map[string]any{"alias": "r", "role": "right", "uri": "s3://bucket/payments.csv", "filters": []any{}, "primary_key": []any{"a", "b"}},
		map[string]any{"alias": "rates", "role": "extra", "uri": "/data/rates.parquet", "filters": []any{}},
	}, doc["sources"])
	require.Contains(t, string(raw), `"value": 1000.00`)
	for field, want := range map[string]any{
		"run_id": "run-1", "version": "1.2.3", "engine_mode": "local", "evidence_columns": "query", "output_path": "runs/run-1",
		"matched_count": 0.0, "started_at": "2026-03-01T12:00:00Z", "notes": []any{"view read in one piece with *** and ***"},
		"stage_seconds": map[string]any{"matching": 1.5},
	} {
		require.Equal(t, want, doc[field], field)
	}
}

func TestMetadataNamesFilesByContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := create(t, config(dir, checked(t)))
	closeEmpty(t, set, evidence.Left, evidence.Right)
	publishRest(t, set, counts(0, 0, 0))
	raw, err := os.ReadFile(filepath.Join(dir, evidence.MetadataFile))
	require.NoError(t, err)
	var doc struct{ Files []evidence.FileInfo }
	require.NoError(t, json.Unmarshal(raw, &doc))
	require.Len(t, doc.Files, 3)
	for _, f := range doc.Files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name))
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		require.Equal(t, evidence.FileInfo{Name: f.Name, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}, f)
	}
}
