// Package verdict waits for the end of a job and judges it as a caller would:
// by the callbacks that came, in their order, and by the evidence that they name.
//
// It must not know how the product came to its answer, nor what a suite did to
// it meanwhile.
package verdict

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/e2e/ledger"
	"kallad/e2e/stack"
	"kallad/worker/recon"
)

// Patience is how long a job has in these suites, on a busy machine.
const Patience = 3 * time.Minute

// Judge knows where callbacks and evidence arrive.
type Judge struct {
	Scheduler *stack.Scheduler
	Listener  *stack.Listener
	// S3 is for jobs whose output_path is there; else nil.
	S3 *stack.S3
	// Restarted is whether the scheduler was killed meanwhile: then it starts
	// its jobs again, and their progress.
	Restarted bool
}

// Right waits for the job's end and fails the test unless it was completed with
// just the answer that is true.
func (j Judge) Right(t testing.TB, job recon.Job, p ledger.Pattern, truth ledger.Answer) {
	t.Helper()
	final := j.Completed(t, job)
	assert.EqualValues(t, len(truth.Matched), final.Body.Matched, "matched_count of %s", job.RunID)
	assert.EqualValues(t, len(truth.Left), final.Body.UnmatchedLeft, "unmatched_left_count of %s", job.RunID)
	assert.EqualValues(t, len(truth.Right), final.Body.UnmatchedRight, "unmatched_right_count of %s", job.RunID)
	found, err := ledger.Evidence(t.Context(), p, j.file(t, job, "matched"), j.file(t, job, "unmatched_left"), j.file(t, job, "unmatched_right"))
	require.NoError(t, err, "evidence of %s", job.RunID)
	same(t, job.RunID+": matched rows", truth.Matched, found.Matched)
	same(t, job.RunID+": unmatched left keys", truth.Left, found.Left)
	same(t, job.RunID+": unmatched right keys", truth.Right, found.Right)
}

// Completed waits for the job's end and fails the test unless it is a completion
// with all that the contract says of callbacks.
func (j Judge) Completed(t testing.TB, job recon.Job) stack.Event {
	t.Helper()
	final := j.ended(t, job, "complete")
	assert.Equal(t, map[string]string{
		"matched": job.OutputPath + "/matched.parquet", "unmatched_left": job.OutputPath + "/unmatched_left.parquet",
		"unmatched_right": job.OutputPath + "/unmatched_right.parquet",
	}, final.Body.OutputPaths, "output_paths of %s", job.RunID)
	return final
}

// Failed waits for the job's end and fails the test unless it is an error.
func (j Judge) Failed(t testing.TB, job recon.Job) stack.Event {
	t.Helper()
	return j.ended(t, job, "error")
}

// ended waits for the final callback and holds all of them to the contract.
func (j Judge) ended(t testing.TB, job recon.Job, kind string) stack.Event {
	t.Helper()
	events := j.Listener.Of(job.RunID, Patience)
	final := events[len(events)-1]
	require.Equal(t, kind, final.Kind(), "final callback of %s: %+v", job.RunID, final.Body)
	progress := 0.0
	for _, e := range events[:len(events)-1] {
		if e.Final() {
			assert.Equal(t, final.Delivery, e.Delivery, "another attempt at %s's final callback is another delivery", job.RunID)
			continue
		}
		assert.Contains(t, []string{"staging", "matching", "writing_results"}, e.Body.Stage, "stage of %s", job.RunID)
		if !j.Restarted {
			assert.GreaterOrEqual(t, e.Body.Progress, progress, "progress of %s went back", job.RunID)
		}
		progress = e.Body.Progress
	}
	return final
}

// Once fails the test if anything came after the job's final callback, or that
// more than once. It is for the end of a test, when all jobs are over.
func (j Judge) Once(t testing.TB, jobs ...recon.Job) {
	t.Helper()
	for _, job := range jobs {
		var finals int
		for _, e := range j.Listener.All(job.RunID) {
			if finals > 0 && !e.Final() {
				t.Errorf("job %s: a callback came after the final one: %+v", job.RunID, e)
			}
			if e.Final() && e.Status < 300 {
				finals++
			}
		}
		assert.Equal(t, 1, finals, "final callbacks of %s", job.RunID)
	}
}

// file is one of the files that a completed job has left.
func (j Judge) file(t testing.TB, job recon.Job, name string) []byte {
	t.Helper()
	path := job.OutputPath + "/" + name + ".parquet"
	if strings.HasPrefix(path, "s3://") {
		return j.S3.Get(path)
	}
	return j.Scheduler.Evidence(path)
}

// same compares long lists without printing all of them.
func same(t testing.TB, what string, want, got []string) {
	t.Helper()
	missing, extra := difference(want, got), difference(got, want)
	if len(missing) > 0 || len(extra) > 0 {
		t.Errorf("%s: %d of %d are missing, such as %q; %d should not be there, such as %q",
			what, len(missing), len(want), first(missing), len(extra), first(extra))
	}
}

// difference is what a has more often than b. Both are in order.
func difference(a, b []string) []string {
	var more []string
	for len(a) > 0 {
		switch {
		case len(b) == 0 || a[0] < b[0]:
			more = append(more, a[0])
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return more
}

func first(list []string) []string { return list[:min(len(list), 3)] }
