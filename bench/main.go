// Command bench measures kallad beside what a user would do instead, on data
// that it makes itself, and checks every run's counts before its time counts.
//
// It must not know kallad from the inside: it runs the binary.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	args := os.Args[1:]
	// `go run ./bench -- name` passes the dashes on, bazel does not.
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	root := newRoot()
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		stop()
		os.Exit(1)
	}
}
