// Command ci runs every check and test of the repository, one step after the
// other, all of them even when one fails. It prints how each step went and, as
// its last line, "N passed, N failed"; it exits with 1 if anything failed or
// nothing ran.
//
// Usage: go run ./tools/ci, in the root of the repository; ./test does so on a
// machine where it first puts what the tests need.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"kallad/tools/ci/tally"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	total := runAll(ctx, os.Stdout)
	fmt.Printf("%d passed, %d failed\n", total.Passed, total.Failed)
	if total.Failed > 0 || total.Passed == 0 {
		stop()
		os.Exit(1)
	}
}

// runAll runs the steps and prints a table of them at the end.
func runAll(ctx context.Context, out io.Writer) tally.Count {
	var total tally.Count
	var table string
	for _, s := range steps() {
		_, _ = fmt.Fprintf(out, "\n=== %s\n", s.name)
		start := time.Now()
		count, err := s.run(ctx, out)
		if err != nil {
			_, _ = fmt.Fprintf(out, "%s: %v\n", s.name, err)
			if count.Failed == 0 {
				count.Failed = 1
			}
		}
		table += fmt.Sprintf("%-46s %6.0f s  %s\n", s.name, time.Since(start).Seconds(), count)
		total = total.Add(count)
	}
	_, _ = fmt.Fprintf(out, "\n%s", table)
	return total
}
