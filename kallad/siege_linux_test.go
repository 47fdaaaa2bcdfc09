package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// garrison are executors, each of which is started again when it has ended, as
// systemd or Kubernetes would do.
type garrison struct {
	ended atomic.Int64
	logs  []*lines
}

// man starts so many executors for a daemon. Each may have so much memory as
// its system would give a container.
func (s *siege) man(t *testing.T, executors int) *garrison {
	t.Helper()
	g := &garrison{}
	address := schedulerAddress(t, s.scheduler)
	var members sync.WaitGroup
	stop := make(chan struct{})
	for range executors {
		logs := &lines{}
		g.logs = append(g.logs, logs)
		temp := t.TempDir()
		start := func() (wait func() error, kill func()) {
			cmd := commandFor(t, longestSiege, s.dir, "executor", "--scheduler-url", address, "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
				"--slots", "2", "--threads", "2", "--memory-limit", "400MB", "--max-spill", "64MB", "--temp-dir", temp, "--log-level", "debug")
			cmd.Env = append(cmd.Env, "KALLAD_TOKEN="+s.token, "CANARY="+canary+"-in-the-environment", "AWS_SECRET_ACCESS_KEY="+canary+"-key")
			cmd.Stderr = logs
			require.NoError(t, cmd.Start())
			const most = 3 << 30
			_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most}, nil)
			return cmd.Wait, func() { _ = cmd.Process.Kill() }
		}
		wait, kill := start()
		logs.await(t, "msg=connected")
		members.Go(func() {
			for {
				gone := make(chan error, 1)
				go func() { gone <- wait() }()
				select {
				case <-stop:
					kill()
					<-gone
					return
				case <-gone:
					g.ended.Add(1)
					wait, kill = start()
				}
			}
		})
	}
	t.Cleanup(func() {
		close(stop)
		members.Wait()
	})
	return g
}

// TestNoQueryTakesTheExecutorsDown runs on executors what is after the
// machine. An executor may end of it, but not one after the other without
// bound, and others' jobs go on.
func TestNoQueryTakesTheExecutorsDown(t *testing.T) {
	t.Parallel()
	s := besiege(t, "--executor-reconnect", "500ms")
	g := s.man(t, 2)
	s.succeeds(t, s.launch(t, joinOnReference))
	var attacks []attack
	for i, call := range []string{"read_csv('secret.csv')", "read_text('secret.txt')", "glob('*')", "query('FROM ''secret.csv''')", "'secret.csv'", "duckdb_settings()"} {
		attacks = append(attacks, attack{"a function", fmt.Sprintf(disguises[i*5], call), refusedBy})
	}
	for _, sql := range endlessOnes {
		attacks = append(attacks, attack{"endless", sql, stopped})
	}
	for i, sql := range intricate {
		if i%3 == 0 { // most of them are refused before executors hear of them
			attacks = append(attacks, attack{name: "intricate", sql: sql})
		}
	}
	modes := map[any]int{}
	for i, end := range s.storm(t, attacks) {
		t.Logf("%-9s %6s %s %.90q: %.160q", end["state"], took(t, end).Round(time.Millisecond), end["engine_mode"], attacks[i].sql, end["error"])
		modes[end["engine_mode"]]++
	}
	assert.Greater(t, modes["cluster"], len(endlessOnes)/2, "%v", modes)
	require.Eventually(t, func() bool {
		return strings.Contains(g.logs[0].String()+g.logs[1].String(), "a cancelled task does not stop")
	}, 2*time.Minute, 50*time.Millisecond, "what cannot be interrupted takes no slot for good")
	t.Logf("%d executors ended", g.ended.Load())
	assert.Less(t, g.ended.Load(), int64(len(attacks)))
	s.holds(t)
	for _, logs := range g.logs {
		assert.NotContains(t, logs.String(), canary)
	}
}
