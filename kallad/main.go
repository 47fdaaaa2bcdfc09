// Command kallad reconciles two data sets by a SQL query and leaves evidence
// of what matched and what did not.
//
// This package is wiring alone: it turns flags and environment variables into
// the settings of the parts, starts them in order and maps their errors to
// exit codes. It is the only reader of the environment.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes, as the help text documents them.
const (
	exitDone        = 0
	exitUnmatched   = 1
	exitError       = 2
	exitInterrupted = 130
)

func main() {
	os.Exit(realMain(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// streams are the process's standard files.
type streams struct {
	in       io.Reader
	out, err *os.File
}

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted")

// exitCode is an error that says nothing more than how to exit.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func realMain(args []string, std streams) int {
	ctx, stop := interruptible()
	defer stop()
	root := newRoot(std)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.Is(context.Cause(ctx), errInterrupted):
		fmt.Fprintln(std.err, "kallad: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(std.err, "kallad: %v\n", err)
	return exitError
}

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP
// ends; the second kills the process, as it would without kallad's help. A
// reader of the output that hangs up ends nothing: the job is not its reader's.
func interruptible() (context.Context, func()) {
	signal.Ignore(syscall.SIGPIPE)
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup asks for
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, ending...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, ok := <-signals; ok {
			signal.Reset(ending...)
			cancel(errInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		<-done
		cancel(nil)
	}
}
