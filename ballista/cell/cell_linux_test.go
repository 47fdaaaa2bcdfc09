package cell_test

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// DuckDB counts the memory of its buffers, but not that of long texts and
// lists.
func TestMemoryThatNobodyCountsIsBounded(t *testing.T) {
	t.Parallel()
	p, _ := pool(t, nil)
	for _, sql := range []string{
		"run: SELECT repeat('x', 100000000 + i::INT) FROM range(2048) r(i)",
		"run: SELECT range(1000000 + i) FROM range(2048) r(i)",
	} {
		err := p.Run(t.Context(), steps(sql), &notes{})
		var out interface{ OutOfMemory() bool }
		require.ErrorAs(t, err, &out, sql)
		require.True(t, out.OutOfMemory(), "%v", err)
	}
	require.NoError(t, p.Run(t.Context(), steps("run: SELECT 1"), &notes{}))
}

// children are the processes whose parent has that id.
func children(t *testing.T, parent int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			found = append(found, pid)
		}
	}
	return found
}

func TestCellsEndWithTheirOwner(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "CELL_TEST_MAIN=owner", "CELL_TEST_DIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := make([]byte, 4)
	_, err = io.ReadFull(out, said)
	require.NoError(t, err)
	cells := children(t, cmd.Process.Pid)
	require.NotEmpty(t, cells)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool {
		for _, pid := range cells {
			if syscall.Kill(pid, 0) == nil {
				return false
			}
		}
		return true
	}, 10*time.Second, 10*time.Millisecond, "cells end, also in the middle of a query")
}
