package upgrade_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"kallad/e2e/ledger"
	"kallad/e2e/stack"
	"kallad/e2e/verdict"
	"kallad/worker/recon"
)

const invoices = 5000

// Every executor is told to end, ends by itself, and is replaced by one of
// another version, while jobs come in without a pause. No job fails and none is
// delivered twice.
func TestExecutorsOneAtATime(t *testing.T) {
	s := stack.New(t)
	postgres := s.Postgres()
	judge := verdict.Judge{S3: s.S3(), Listener: s.Listener(), Scheduler: s.Scheduler(nil)}
	conn := postgres.Open()
	require.NoError(t, ledger.Make(t.Context(), conn, invoices))
	var executors []*stack.Executor
	previous := stack.Image(s.Previous())
	for i := range 3 {
		executors = append(executors, s.Executor(fmt.Sprintf("executor-%d", i+1), map[string]string{"DRAIN_TIMEOUT": "1m"}, previous))
	}
	judge.Scheduler.Executors(3, time.Minute)
	before := judge.Scheduler.Versions()["executor-1"]
	require.NotEmpty(t, before)
	want := map[string]string{"executor-1": before, "executor-2": before, "executor-3": before}
	require.Equal(t, want, judge.Scheduler.Versions())

	// A few callers, each of which posts its next job when its last has ended.
	patterns := ledger.Patterns()
	truths := make([]ledger.Answer, len(patterns))
	for i, p := range patterns {
		truth, err := ledger.Truth(t.Context(), conn, p)
		require.NoError(t, err)
		truths[i] = truth
	}
	stop := make(chan struct{})
	var callers sync.WaitGroup
	var mu sync.Mutex
	var jobs []recon.Job
	for caller := range 3 {
		callers.Go(func() {
			for n := caller; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				p := patterns[n%len(patterns)]
				id := p.Name + "-" + uuid.NewString()
				job := recon.Job{
					RunID: id, CallbackURL: judge.Listener.URL(), MatchSQL: p.SQL, OutputPath: "s3://" + stack.Bucket + "/runs/" + id,
					Sources: []recon.Source{
						{Alias: "left_src", URI: recon.URI(postgres.URI("invoices"))}, {Alias: "right_src", URI: recon.URI(postgres.URI("payments"))},
					},
					PrimaryKeys: map[string][]string{"left_src": {"invoice_id"}, "right_src": {"payment_id"}},
				}
				judge.Scheduler.Post(job)
				mu.Lock()
				jobs = append(jobs, job)
				mu.Unlock()
				judge.Right(t, job, p, truths[n%len(patterns)])
			}
		})
	}
	for i, old := range executors {
		old.Signal("SIGTERM")
		require.Zero(t, old.Wait(2*time.Minute), "exit code of %s; log:\n%s", old.Name(), old.Log())
		next := fmt.Sprintf("executor-%d", i+4)
		s.Executor(next, map[string]string{"DRAIN_TIMEOUT": "1m"})
		judge.Scheduler.Executors(3, time.Minute)
		delete(want, old.Name())
		versions := judge.Scheduler.Versions()
		require.NotEqual(t, before, versions[next], "it is another version")
		want[next] = versions["executor-4"]
		require.Equal(t, want, versions)
	}
	close(stop)
	callers.Wait()
	t.Logf("%d jobs", len(jobs))
	require.Greater(t, len(jobs), 3)
	judge.Once(t, jobs...)
}
