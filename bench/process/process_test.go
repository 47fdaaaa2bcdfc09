package process_test

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/bench/process"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOutcome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, err := process.Run(context.Background(), dir, "sh", "-c", "pwd; echo noise >&2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.2")
	require.NoError(t, err)
	assert.Contains(t, string(o.Stdout), dir)
	assert.NotContains(t, string(o.Stdout), "noise")
	assert.GreaterOrEqual(t, o.Seconds, 0.2)
	assert.Greater(t, o.CPUSeconds, 0.0)
	assert.Greater(t, o.PeakBytes, int64(200<<10))
}

func TestErrorQuotesTheProgram(t *testing.T) {
	t.Parallel()
	_, err := process.Run(context.Background(), "", "sh", "-c", "echo no such table >&2; exit 3")
	require.ErrorContains(t, err, "no such table")
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit))
	assert.Equal(t, 3, exit.ExitCode())
}

func TestInterruptReachesTheProgram(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := process.Run(ctx, "", "sh", "-c", `trap 'echo stopping >&2; exit 1' INT; while :; do sleep 0.05; done`)
	require.ErrorContains(t, err, "stopping")
	assert.Less(t, time.Since(start), 4*time.Second)
}
