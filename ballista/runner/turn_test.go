package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/runner"
	"kallad/ballista/runner/jobtest"
	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// crossing is a store that counts the runs which publish at the same time.
type crossing struct {
	blob.Store

	mu         sync.Mutex
	publishing int
	most       int
}

func (s *crossing) Create(ctx context.Context, uri string) (blob.Writer, error) {
	w, err := s.Store.Create(ctx, uri)
	if err != nil || !strings.HasSuffix(uri, "metadata.json") {
		return w, err
	}
	return &sealWriter{Writer: w, store: s}, nil
}

func (s *crossing) enter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publishing += n
	s.most = max(s.most, s.publishing)
}

type sealWriter struct {
	blob.Writer
	store *crossing
}

func (w *sealWriter) Prepare(ctx context.Context) (blob.Change, error) {
	c, err := w.Writer.Prepare(ctx)
	if err != nil {
		return c, err
	}
	return &seal{Change: c, store: w.store}, nil
}

// seal is the first thing of a run's evidence that changes, and the last.
type seal struct {
	blob.Change
	store *crossing
}

func (c *seal) Clear(ctx context.Context) error {
	c.store.enter(1)
	return c.Change.Clear(ctx)
}

func (c *seal) Apply(ctx context.Context) error {
	defer c.store.enter(-1)
	return c.Change.Apply(ctx)
}

// Runs that name the same folder, in whatever way, publish one after the other:
// what stands there in the end is one run's, whole.
func TestRunsWithOneOutputPathDoNotMix(t *testing.T) {
	t.Parallel()
	const runs = 6
	dir, staging := t.TempDir(), t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(staging, "out"), 0o755))
	require.NoError(t, os.Symlink("out", filepath.Join(staging, "link")))
	store := &crossing{Store: blob.NewLocal(blob.LocalConfig{WriteRoots: []string{staging}})}
	sources := source.NewRegistry()
	sources.AddFormat("csv", csv.New(store, csv.Config{}))
	temp := t.TempDir()
	r := runner.New(runner.Config{StagingPath: staging, Version: "test"}, runner.Parts{
		Sources: sources, Store: store, Engine: newEngine(t, sources, engine.Config{Threads: 1, TempDir: temp}, 0), Log: slog.New(slog.DiscardHandler),
		Binder: func() (runner.Binder, error) { return engine.Open(engine.Config{Threads: 1, TempDir: temp}) },
	})
	// Run n has n matches, n+1 rows left over on the left and n+2 on the right.
	table := func(name, prefix string, common, own int) string {
		var rows strings.Builder
		rows.WriteString("id\n")
		for i := range common {
			fmt.Fprintf(&rows, "both-%d\n", i)
		}
		for i := range own {
			fmt.Fprintf(&rows, "%s-%d\n", prefix, i)
		}
		path := filepath.Join(dir, name+".csv")
		require.NoError(t, os.WriteFile(path, []byte(rows.String()), 0o600))
		return path
	}
	paths := []string{"out", "link", "out/", "file://" + staging + "/out", staging + "/out", "./out"}
	var all sync.WaitGroup
	for n := range runs {
		left, right := table(fmt.Sprint("l", n), "l", n, n+1), table(fmt.Sprint("r", n), "r", n, n+2)
		all.Go(func() {
			_, err := r.Run(context.Background(), &recon.Job{
				RunID: fmt.Sprint("run-", n), OutputPath: paths[n], MatchSQL: "SELECT l.id FROM l JOIN r ON l.id = r.id", EvidenceColumns: recon.EvidenceQuery,
				Sources:     []recon.Source{{Alias: "l", URI: recon.URI(left)}, {Alias: "r", URI: recon.URI(right)}},
				PrimaryKeys: map[string][]string{"l": {"id"}, "r": {"id"}},
			}, time.Now(), func(recon.Progress) {})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	require.Equal(t, 1, store.most, "runs that published at the same time")
	var meta struct {
		Matched int `json:"matched_count"`
	}
	text, err := os.ReadFile(filepath.Join(staging, "out", "metadata.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &meta))
	for i, name := range []string{"matched", "unmatched_left", "unmatched_right"} {
		lines := jobtest.ReadParquet(t, filepath.Join(staging, "out", name+".parquet"))
		assert.Len(t, lines, meta.Matched+i+1, "the heading and the rows of %s", name)
	}
}
