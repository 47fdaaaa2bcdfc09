// Package tally counts what test runners report: tests that passed, failed and
// were skipped.
//
// It must not know how the runners are started.
package tally

import "fmt"

// Count is how many tests ended in which way.
type Count struct {
	Passed, Failed, Skipped int
}

// Add returns the sum of both.
func (c Count) Add(d Count) Count {
	return Count{c.Passed + d.Passed, c.Failed + d.Failed, c.Skipped + d.Skipped}
}

func (c Count) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.Passed, c.Failed, c.Skipped)
}
