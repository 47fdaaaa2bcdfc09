package runner_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/runner"
	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// fitJob is a job over 30,000 rows a side, of which two thirds match.
func fitJob(t *testing.T, sql string) *recon.Job {
	t.Helper()
	const rows = 30_000
	dir := t.TempDir()
	write := func(name string, step int) string {
		var text strings.Builder
		text.WriteString("id,amount,note\n")
		for i := range rows {
			fmt.Fprintf(&text, "N-%06d,%d.%02d,%s\n", i*step, i%1000, i%100, strings.Repeat("no column of the query ", 20))
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
		return path
	}
	return &recon.Job{
		RunID: "fit", MatchSQL: sql, OutputPath: "fit",
		Sources:     []recon.Source{{Alias: "l", URI: recon.URI(write("l.csv", 2))}, {Alias: "r", URI: recon.URI(write("r.csv", 3))}},
		PrimaryKeys: map[string][]string{"l": {"id"}, "r": {"id"}},
	}
}

// A process that has not the memory for a query in one task takes several, with
// the same counts, and is still the process alone to whoever asks.
func TestAJobThatDoesNotFitIsSplitInProcess(t *testing.T) {
	t.Parallel()
	const join = "SELECT l.id, r.id AS other FROM l JOIN r ON l.id = r.id"
	for _, c := range []struct {
		name, sql string
		memory    int64
		split     bool
	}{
		{"fits", join, 64 << 20, false},
		{"does not fit", join, 1 << 20, true},
		{"cannot be split", "SELECT l.id, r.id AS other, now() AS at FROM l JOIN r ON l.id = r.id", 1 << 20, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			staging, limits := t.TempDir(), engine.Config{Threads: 2, TempDir: t.TempDir()}
			sources := source.NewRegistry()
			store := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{staging}})
			sources.AddFormat("csv", csv.New(store, csv.Config{}))
			run := runner.New(runner.Config{StagingPath: staging, Threads: 2, Memory: c.memory, Tasks: 2}, runner.Parts{
				Sources: sources, Store: store, Engine: newEngine(t, sources, limits, 0), Log: slog.New(slog.DiscardHandler),
				Binder: func() (runner.Binder, error) { return engine.Open(engine.Config{Threads: 1, TempDir: limits.TempDir}) },
			})
			job := fitJob(t, c.sql)
			graph, err := run.Explain(t.Context(), job, 0)
			require.NoError(t, err)
			tasks := 0
			for _, stage := range graph.AllStages() {
				tasks += stage.Tasks
			}
			assert.Equal(t, c.split, tasks > 2, graph.String())

			result, err := run.Run(t.Context(), job, time.Now(), func(recon.Progress) {})
			require.NoError(t, err)
			assert.Equal(t, runner.EngineModeLocal, result.EngineMode)
			assert.EqualValues(t, []int64{10_000, 20_000, 20_000}, []int64{result.MatchedCount, result.UnmatchedLeftCount, result.UnmatchedRightCount})
		})
	}
}
