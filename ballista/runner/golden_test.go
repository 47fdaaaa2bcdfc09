package runner_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"

	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/runner"
	"kallad/ballista/runner/jobtest"
	"kallad/ballista/scheduler"
	"kallad/ballista/shuffle"
	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

var rewrite = flag.Bool("rewrite", false, "write what comes out into testdata instead of comparing")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newRunner wires a runner over local CSV files whose jobs run in one session.
func newRunner(t *testing.T, staging string, limits engine.Config) *runner.Runner {
	t.Helper()
	return newRunnerFor(t, staging, limits, 0, 0, false)
}

// newRunnerFor wires a runner over local CSV files. Its jobs are planned for so
// many places, and split so far; this process runs them. Their evidence is
// sorted or not.
func newRunnerFor(t *testing.T, staging string, limits engine.Config, places, partitions int, sorted bool) *runner.Runner {
	t.Helper()
	store := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{staging}})
	sources := source.NewRegistry()
	sources.AddFormat("csv", csv.New(store, csv.Config{}))
	limits.TempDir = t.TempDir()
	return runner.New(runner.Config{StagingPath: staging, Version: "test", MemoryHint: "--memory-limit", Partitions: partitions, SortEvidence: sorted}, runner.Parts{
		Sources: sources, Store: store, Engine: newEngine(t, sources, limits, places), Log: slog.New(slog.DiscardHandler),
		Binder: func() (runner.Binder, error) {
			return engine.Open(engine.Config{Threads: 1, TempDir: limits.TempDir})
		},
	})
}

// pretended runs jobs in this process as if there were executors.
type pretended struct {
	*scheduler.Scheduler
	places int
}

func (p pretended) Places() int { return p.places }

func newEngine(t *testing.T, sources *source.Registry, limits engine.Config, places int) runner.Engine {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	sessions := engine.NewPool(limits, engine.AheadFirst)
	pieces, err := shuffle.NewStore(shuffle.Config{Dir: limits.TempDir}, log)
	require.NoError(t, err)
	client := shuffle.NewClient(shuffle.ClientConfig{}, plan.LocalExecutor, pieces)
	registry := prometheus.NewRegistry()
	s := scheduler.New(scheduler.DefaultConfig(), scheduler.NewCollector(client, pieces, 1<<20), scheduler.NewMetrics(registry), log)
	var worker *executor.Worker
	s.AddLocal(&control.Hello{Slots: 2, Threads: 2}, func(report func(*control.Report)) scheduler.Worker {
		core := executor.New(executor.Pooled(sessions), sources, executor.NewPieces(client, ""))
		worker = executor.NewWorker(core, pieces, executor.NewMetrics(registry), log, report)
		return worker
	})
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		worker.Close()
		require.NoError(t, errors.Join(client.Close(), pieces.Close(), sessions.Close()))
	})
	return pretended{Scheduler: s, places: places}
}

// TestJobs runs the cases of testdata, each a txtar archive: the sources, the
// job, and what comes out of it.
func TestJobs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			got := runArchive(t, archive, 0, 0)
			at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *rewrite {
				archive.Files = append(slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" }),
					txtar.File{Name: "want", Data: []byte(got)})
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
				return
			}
			require.GreaterOrEqual(t, at, 0, "no want")
			require.Equal(t, string(archive.Files[at].Data), got)
		})
	}
}

// TestJobsInManyTasks: what comes out does not depend on how a job is split.
func TestJobsInManyTasks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			// Which of several wrong values is met first is nobody's promise.
			want := wrongValue.ReplaceAllString(string(archive.Files[at].Data), "convert string ?")
			require.Equal(t, want, wrongValue.ReplaceAllString(runArchive(t, archive, 3, 4), "convert string ?"))
		})
	}
}

// TestWholeRowsInManyTasks: with sources that have columns which no query
// reads, all of their columns come with the unmatched rows, however a job is
// split.
func TestWholeRowsInManyTasks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasPrefix(filepath.Base(name), "bad_") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			for i := range archive.Files {
				widen(t, &archive.Files[i])
			}
			require.Equal(t, runArchive(t, archive, 0, 0), runArchive(t, archive, 3, 4))
		})
	}
}

// Explaining shows that whole rows are fetched late, and from which columns that
// is worth it; one task needs nothing of it.
func TestWholeRowsAreFetchedLate(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/evidence_all.txtar")
	require.NoError(t, err)
	dir := t.TempDir()
	var job *recon.Job
	for _, f := range archive.Files {
		widen(t, &f)
		if f.Name == "job" {
			job, err = recon.Decode([]byte(strings.ReplaceAll(string(f.Data), "$DIR", dir)), recon.ValidateOptions{})
			require.NoError(t, err)
			continue
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644))
	}
	r := newRunnerFor(t, t.TempDir(), engine.Config{Threads: 2}, 3, 4, false)
	for places, want := range map[int]bool{0: false, 3: true} {
		graph, err := r.Explain(t.Context(), job, places)
		require.NoError(t, err)
		require.Equal(t, want, strings.Contains(graph.String(), ": fetch left_src, "), graph.String())
		require.Equal(t, want, strings.Contains(graph.String(), "6 of the 7 columns of left_src are for single rows only"), graph.String())
		require.Equal(t, want, strings.Contains(graph.String(), "from source right_src(payment_id, reference_number) of whole rows("), graph.String())
	}
	job.EvidenceColumns = recon.EvidenceQuery
	graph, err := r.Explain(t.Context(), job, 3)
	require.NoError(t, err)
	require.NotContains(t, graph.String(), "fetch")
}

// widen gives a CSV file further columns, and has a job ask for all.
func widen(t *testing.T, f *txtar.File) {
	t.Helper()
	if f.Name == "job" {
		var job map[string]any
		require.NoError(t, json.Unmarshal(f.Data, &job))
		job["evidence_columns"] = "all"
		var err error
		f.Data, err = json.Marshal(job)
		require.NoError(t, err)
	}
	if !strings.HasSuffix(f.Name, ".csv") {
		return
	}
	lines := strings.SplitAfter(string(f.Data), "\n")
	for i, line := range lines {
		if text := strings.TrimRight(line, "\r\n"); text != "" && i == 0 {
			lines[i] = text + ",further_1,further_2,further_3" + line[len(text):]
		} else if text != "" {
			lines[i] = fmt.Sprintf("%s,%d,%d.50,%s%s", text, i, i, f.Name, line[len(text):])
		}
	}
	f.Data = []byte(strings.Join(lines, ""))
}

var wrongValue = regexp.MustCompile(`convert string '[^']*'`)

// runArchive runs a case as if there were so many places, in so many
// partitions.
func runArchive(t *testing.T, archive *txtar.Archive, places, partitions int) string {
	t.Helper()
	dir, staging := t.TempDir(), t.TempDir()
	var text string
	for _, f := range archive.Files {
		if f.Name == "job" {
			text = strings.ReplaceAll(string(f.Data), "$DIR", dir)
		} else if f.Name != "want" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644))
		}
	}
	job, err := recon.Decode([]byte(text), recon.ValidateOptions{})
	require.NoError(t, err)
	last := recon.Progress{}
	result, err := newRunnerFor(t, staging, engine.Config{Threads: 2}, places, partitions, false).Run(t.Context(), job, time.Unix(1700000000, 0), func(p recon.Progress) {
		if p.Fraction < last.Fraction {
			t.Errorf("progress went back from %v to %v", last.Fraction, p.Fraction)
		}
		last = p
	})
	if err != nil {
		left, readErr := os.ReadDir(staging)
		require.NoError(t, readErr)
		require.Empty(t, left, "a failed run left files")
		stage := err.(*runner.StageError).Stage
		return fmt.Sprintf("error in %s: %s\n", stage, strings.ReplaceAll(err.Error(), dir, "$DIR"))
	}
	require.Equal(t, 1.0, last.Fraction)
	return describe(t, result, filepath.Join(staging, job.OutputPath))
}

// describe writes a result and its evidence as text, without what changes
// from run to run.
func describe(t *testing.T, result *recon.Result, folder string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "matches %d\n", result.MatchedCount)
	for _, side := range []recon.SideCounts{result.Left, result.Right} {
		fmt.Fprintf(&out, "%s: rows %d, matched %d, unmatched %d, duplicate keys %d, null keys %d\n", side.Alias,
			side.Rows, side.MatchedRows, side.UnmatchedRows, side.DuplicateKeyRows, side.NullKeyRows)
	}
	for _, note := range result.Notes {
		fmt.Fprintf(&out, "note: %s\n", note)
	}
	for _, name := range []string{"matched", "unmatched_left", "unmatched_right"} {
		fmt.Fprintf(&out, "\n%s\n", name)
		for _, line := range jobtest.ReadParquet(t, filepath.Join(folder, name+".parquet")) {
			fmt.Fprintln(&out, line)
		}
	}
	var meta struct {
		Matched int64 `json:"matched_count"`
	}
	data, err := os.ReadFile(filepath.Join(folder, "metadata.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &meta))
	require.Equal(t, result.MatchedCount, meta.Matched)
	return out.String()
}
