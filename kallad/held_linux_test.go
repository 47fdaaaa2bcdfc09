package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// heldMark ends what a kallad process of a test writes of its goroutines when
// it is sent SIGUSR1.
const heldMark = "\nthese are all goroutines\n"

func tellGoroutines() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			buf := make([]byte, 4<<20)
			fmt.Fprintf(os.Stderr, "\n%s%s", buf[:runtime.Stack(buf, true)], heldMark)
		}
	}()
}

// ofTasks are functions that run for a task, or send what one has written.
var ofTasks = []string{
	"kallad/ballista/executor.(*Executor).Run(", "kallad/ballista/executor.(*keeper).", "kallad/ballista/shuffle.(*Server).DoGet(",
	"kallad/ballista/shuffle.(*remoteReader).", "kallad/ballista/shuffle.(*Writer).", "kallad/ballista/engine.kalladScan",
}

// holdsNothing proves that an executor's process has no goroutine of a task,
// and no file of outputs or of spilled data open.
func (e *testExecutor) holdsNothing(t *testing.T) {
	t.Helper()
	var held string
	require.Eventually(t, func() bool {
		held = ""
		for _, stack := range strings.Split(e.goroutines(t), "\n\n") {
			for _, f := range ofTasks {
				if strings.Contains(stack, f) {
					held += stack + "\n\n"
				}
			}
		}
		for _, f := range e.files(t) {
			held += f + "\n"
		}
		return held == ""
	}, 10*time.Second, 20*time.Millisecond, "%v", &held)
}

// goroutines asks the process for its goroutines.
func (e *testExecutor) goroutines(t *testing.T) string {
	t.Helper()
	before := len(e.logs.String())
	require.NoError(t, e.cmd.Process.Signal(syscall.SIGUSR1))
	var text string
	require.Eventually(t, func() bool {
		text = e.logs.String()[before:]
		return strings.Contains(text, heldMark)
	}, 10*time.Second, 5*time.Millisecond, "it does not say what it does")
	return text
}

// files are the files with data below its temporary folder that the process has
// open, those that are removed included.
func (e *testExecutor) files(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", e.cmd.Process.Pid))
	require.NoError(t, err)
	var out []string
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, e.temp) {
			continue
		}
		// Locks are empty.
		if info, err := os.Stat(link); err == nil && !info.IsDir() && info.Size() > 0 {
			out = append(out, target)
		}
	}
	return out
}
