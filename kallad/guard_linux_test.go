package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// fileLimit lets a process open no more than a few further files, and returns
// that limit.
func fileLimit(t *testing.T, pid, further int) int {
	t.Helper()
	open, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	require.NoError(t, err)
	limit := len(open) + further
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(limit), Max: uint64(limit)}, nil))
	return limit
}

// TestFullOfConnectionsTheDaemonLivesOn takes every file handle that the
// process may have.
func TestFullOfConnectionsTheDaemonLivesOn(t *testing.T) {
	t.Parallel()
	s := startScheduler(t, folder(t, joinOnReference))
	limit := fileLimit(t, s.cmd.Process.Pid, 40)
	var open []io.Closer
	for range limit + 20 {
		conn, err := net.DialTimeout("tcp", s.url[len("http://"):], 10*time.Second)
		require.NoError(t, err, "the kernel takes it, even when the process cannot")
		open = append(open, conn)
	}
	s.logs.await(t, "no room for another connection")
	for _, conn := range open {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool {
		resp, err := http.Get(s.url + "/health")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == 200
	}, patience, 20*time.Millisecond)
}
