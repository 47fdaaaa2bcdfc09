// Package process runs a program to its end and says what that took.
//
// It must not know what the program does.
package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Outcome is what a program took and said.
type Outcome struct {
	// Seconds of wall time from the start to the end of the process.
	Seconds float64
	// CPUSeconds is user and system time on all cores together. It tells more
	// than Seconds on a machine that does other things besides.
	CPUSeconds float64
	// PeakBytes is the largest resident set. Linux counts what the starting
	// process held at that moment as well, so bench keeps itself small and does
	// all work in processes of its own.
	PeakBytes int64
	// Stdout is what the program printed.
	Stdout []byte
}

// stopGrace is how long a program has to end after an interrupt.
const stopGrace = 5 * time.Second

// Run runs argv in dir. An error quotes the end of what the program said on
// standard error. When ctx ends, the program is interrupted.
func Run(ctx context.Context, dir string, argv ...string) (Outcome, error) {
	return RunWith(ctx, dir, nil, argv...)
}

// RunWith is Run with further variables in the environment, each "NAME=value".
func RunWith(ctx context.Context, dir string, env []string, argv ...string) (Outcome, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopGrace
	start := time.Now()
	err := cmd.Run()
	o := Outcome{Seconds: time.Since(start).Seconds(), Stdout: stdout.Bytes()}
	if err != nil {
		return o, fmt.Errorf("run %s: %w: %s", argv[0], err, Tail(stderr.String()))
	}
	o.CPUSeconds = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.PeakBytes = usage.Maxrss * maxrssUnit
	}
	return o, nil
}

// Tail is the last lines of a text.
func Tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
