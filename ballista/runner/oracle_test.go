package runner_test

import (
	"flag"
	"testing"
	"time"

	"kallad/ballista/engine"
	"kallad/ballista/runner/jobtest"
	"kallad/worker/recon"
)

var (
	oracleRuns = flag.Int("oracle.runs", 80, "how many random jobs are held against their definition")
	oracleSeed = flag.Uint64("oracle.seed", 1, "the first random job")
)

// TestRandomJobs holds the evidence of random jobs against what a match is by
// definition, in one session and in several partitions.
func TestRandomJobs(t *testing.T) {
	t.Parallel()
	for i := range uint64(*oracleRuns) {
		c := jobtest.Generate(*oracleSeed + i)
		for _, partitions := range []int{0, 1 + int(c.Seed%5)} {
			staging := t.TempDir()
			r := newRunnerFor(t, staging, engine.Config{Threads: 1}, 2*min(1, partitions), partitions, false)
			c.Check(t, staging, func(job *recon.Job) (*recon.Result, error) {
				return r.Run(t.Context(), job, time.Unix(1700000000, 0), func(recon.Progress) {})
			})
		}
	}
}
