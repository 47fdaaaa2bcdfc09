package process_test

import (
	"bufio"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/process"
)

// worker starts a program that does a piece of work for each line it is given.
func worker(t *testing.T) (id int, work func()) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "while read line; do i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; done")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	answers := bufio.NewReader(out)
	return cmd.Process.Pid, func() {
		_, err := in.Write([]byte("go\n"))
		require.NoError(t, err)
		_, err = answers.ReadString('\n')
		require.NoError(t, err)
	}
}

func TestWatchSumsProcesses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what running processes use")
	}
	t.Parallel()
	first, workFirst := worker(t)
	second, workSecond := worker(t)
	workFirst() // before anybody watches
	one, both := process.Watch(first), process.Watch(first, second)
	workFirst()
	workSecond()
	single, pair := one.Stop(), both.Stop()
	require.NoError(t, pair.Err)
	assert.Greater(t, single.CPUSeconds, 0.05)
	assert.Greater(t, pair.CPUSeconds, single.CPUSeconds)
	assert.Greater(t, single.PeakBytes, int64(100<<10))
	assert.Greater(t, pair.PeakBytes, single.PeakBytes)

	gone := process.Watch(1 << 30)
	assert.Error(t, gone.Stop().Err)
}

func TestPinKeepsAProgramToItsCores(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has taskset")
	}
	argv, err := process.Pin([]int{0}, "sh", "-c", "grep Cpus_allowed_list /proc/self/status")
	require.NoError(t, err)
	o, err := process.Run(t.Context(), "", argv...)
	require.NoError(t, err)
	assert.Regexp(t, `:\s+0\n$`, string(o.Stdout))
	same, err := process.Pin(nil, "sh")
	require.NoError(t, err)
	assert.Equal(t, []string{"sh"}, same)
}
