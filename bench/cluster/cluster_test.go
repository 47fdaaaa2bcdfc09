package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/cluster"
	"kallad/worker/recon"
)

// binary is kallad's.
var binary string

// TestMain takes the binary from $KALLAD_BINARY or builds it.
func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if given := os.Getenv("KALLAD_BINARY"); given != "" {
		// Bazel gives a path below the root of the runfiles.
		if root := os.Getenv("TEST_SRCDIR"); root != "" && !filepath.IsAbs(given) {
			given = filepath.Join(root, os.Getenv("TEST_WORKSPACE"), given)
		}
		if binary, err = filepath.Abs(given); err != nil {
			return 1, err
		}
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "kallad-bench-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary = filepath.Join(dir, "kallad")
	if out, err := exec.Command("go", "build", "-o", binary, "../../kallad").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build kallad: %w: %s", err, out)
	}
	return m.Run(), nil
}

// files writes two small sources and returns a job over them.
func files(t *testing.T, dir, runID string) recon.Job {
	t.Helper()
	left, right := filepath.Join(dir, "l.csv"), filepath.Join(dir, "r.csv")
	require.NoError(t, os.WriteFile(left, []byte("invoice_id,amount\nA,1.00\nB,2.00\nC,3.00\n"), 0o644))
	require.NoError(t, os.WriteFile(right, []byte("payment_id,reference_number,paid_amount\n1,A,1.02\n2,B,9.00\n"), 0o644))
	return recon.Job{
		RunID: runID, OutputPath: filepath.Join(dir, runID),
		MatchSQL:    "SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number AND tolerance_match(l.amount, r.paid_amount, 0.02)",
		Sources:     []recon.Source{{Alias: "left_src", URI: recon.URI(left)}, {Alias: "right_src", URI: recon.URI(right)}},
		PrimaryKeys: map[string][]string{"left_src": {"invoice_id"}, "right_src": {"payment_id"}},
	}
}

func TestJobsRunOnExecutors(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what the processes use can be looked at on Linux only")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	c, err := cluster.Start(ctx, cluster.Config{Kallad: binary, Dir: filepath.Join(dir, "cluster"), OutputRoot: dir, Executors: 2})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Stop()) }()
	for _, id := range []string{"one", "two"} {
		done, err := c.Run(ctx, files(t, dir, id))
		require.NoError(t, err)
		require.NotNil(t, done.Status.Result)
		assert.Equal(t, "cluster", done.Status.Result.EngineMode)
		assert.EqualValues(t, 1, done.Status.Result.MatchedCount)
		assert.EqualValues(t, 2, done.Status.Result.UnmatchedLeftCount)
		assert.Positive(t, done.Seconds)
		assert.Greater(t, done.Used.PeakBytes, int64(50<<20), "of three processes")
		assert.FileExists(t, filepath.Join(dir, id, "matched.parquet"))
	}
	wrong := files(t, dir, "wrong")
	wrong.MatchSQL = "SELECT nothing FROM left_src"
	_, err = c.Run(ctx, wrong)
	require.ErrorContains(t, err, "nothing")
}

func TestAClusterThatDoesNotStartSaysWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := cluster.Start(ctx, cluster.Config{Kallad: binary, Dir: dir, OutputRoot: dir, Executors: 1, Args: []string{"--threads", "-3"}})
	require.ErrorContains(t, err, "does not listen")
	require.ErrorContains(t, err, "threads")
}
