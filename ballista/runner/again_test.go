package runner_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/ballista/runner"
	"kallad/ballista/runner/jobtest"
	"kallad/ballista/scheduler"
	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// relapsing loses the rows of a source so many times, each time when all the
// rest is done.
type relapsing struct {
	runner.Engine
	times int
}

func (r *relapsing) Run(ctx context.Context, job plan.Job, o plan.Observer) error {
	if err := r.Engine.Run(ctx, job, o); err != nil || r.times == 0 {
		return err
	}
	r.times--
	return &scheduler.MomentError{Source: "l", Executor: "e1"}
}

// A job that lost rows of a moment begins anew, and nothing of the times before
// is in what it says and writes; but not for ever.
func TestAJobStartsAgain(t *testing.T) {
	t.Parallel()
	for times, fails := range map[int]bool{0: false, 1: false, 3: false, 4: true} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			t.Parallel()
			staging := t.TempDir()
			store := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{staging}})
			sources := source.NewRegistry()
			sources.AddFormat("csv", csv.New(store, csv.Config{}))
			limits := engine.Config{Threads: 1, TempDir: t.TempDir()}
			run := runner.New(runner.Config{StagingPath: staging}, runner.Parts{
				Sources: sources, Store: store, Engine: &relapsing{newEngine(t, sources, limits, 2), times}, Log: slog.New(slog.DiscardHandler),
				Binder: func() (runner.Binder, error) { return engine.Open(limits) },
			})
			last := recon.Progress{}
			result, err := run.Run(t.Context(), smallJob(t, smallJoin), time.Now(), func(p recon.Progress) {
				assert.GreaterOrEqual(t, p.Fraction, last.Fraction, "progress goes back")
				last = p
			})
			if fails {
				require.ErrorContains(t, err, "cannot be read again as of the same moment")
				left, err := os.ReadDir(staging)
				require.NoError(t, err)
				require.Empty(t, left)
				return
			}
			require.NoError(t, err)
			assert.EqualValues(t, 1, result.MatchedCount)
			assert.Equal(t, recon.SideCounts{Alias: "l", Rows: 3, MatchedRows: 1, UnmatchedRows: 2}, result.Left)
			assert.Equal(t, recon.SideCounts{Alias: "r", Rows: 2, MatchedRows: 1, UnmatchedRows: 1}, result.Right)
			assert.Len(t, jobtest.ReadParquet(t, filepath.Join(staging, "out", "matched.parquet")), 1+1)
			assert.Len(t, jobtest.ReadParquet(t, filepath.Join(staging, "out", "unmatched_left.parquet")), 1+2)
		})
	}
}
