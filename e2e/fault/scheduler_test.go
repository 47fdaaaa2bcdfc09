package fault_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"kallad/e2e/ledger"
	"kallad/worker/recon"
)

// A scheduler that dies in the middle of jobs, running and waiting, and starts
// again with its files, ends each of them once.
func TestKilledScheduler(t *testing.T) {
	t.Parallel()
	for _, executors := range []int{0, 2} {
		t.Run(map[int]string{0: "alone", 2: "with executors"}[executors], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, executors)
			p := ledger.Named("cascade")
			truth := w.truth(t, p)
			jobs := []recon.Job{w.job(p)}
			w.held(t, jobs[0])
			for range 6 { // more than run at once
				job := w.job(p)
				w.Scheduler.Post(job)
				jobs = append(jobs, job)
			}
			w.Scheduler.Kill()
			w.Scheduler.Wait(time.Minute)
			w.open(t)
			w.Scheduler.Start()
			w.Restarted = true
			for _, job := range jobs {
				w.Right(t, job, p, truth)
			}
			w.Once(t, jobs...)
			if executors > 0 {
				w.Scheduler.Executors(executors, time.Minute)
			}
		})
	}
}

// The caller's API may be away for a while, also when the scheduler restarts
// meanwhile: the final callback comes when it is back.
func TestCallerAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	p := ledger.Named("one-to-one")
	truth := w.truth(t, p)
	job := w.job(p)
	w.Listener.Refuse("complete", http.StatusBadGateway, 1_000_000)
	w.Scheduler.Post(job)
	w.Scheduler.Await(job.RunID, time.Minute, func(doc map[string]any) bool { return doc["state"] == "succeeded" })
	w.Scheduler.Kill()
	w.Scheduler.Wait(time.Minute)
	w.Listener.Refuse("complete", http.StatusBadGateway, 0)
	w.Scheduler.Start()
	w.Right(t, job, p, truth)
	w.Once(t, job)
}

// A database that dies while it is read fails the job, which says so and names
// no password; the next job is none the worse for it.
func TestKilledDatabase(t *testing.T) {
	t.Parallel()
	for _, executors := range []int{0, 2} {
		t.Run(map[int]string{0: "alone", 2: "with executors"}[executors], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, executors)
			p := ledger.Named("one-to-one")
			truth := w.truth(t, p)
			job := w.job(p)
			w.held(t, job)
			w.postgres.Kill()
			w.postgres.Wait(time.Minute)
			failed := w.Failed(t, job)
			assert.Contains(t, failed.Body.Error, "_src", "the error names the source")
			assert.NotContains(t, failed.Body.Error, ledger.ReaderPassword)
			w.postgres.Start()
			again := w.job(p)
			w.Scheduler.Post(again)
			w.Right(t, again, p, truth)
			w.Once(t, job, again)
		})
	}
}

// An object store that dies before the evidence is written fails the job; its
// evidence is not there in part.
func TestKilledObjectStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	p := ledger.Named("one-to-many")
	truth := w.truth(t, p)
	job := w.job(p)
	w.held(t, job)
	w.S3.Kill()
	w.S3.Wait(time.Minute)
	w.open(t)
	failed := w.Failed(t, job)
	assert.Contains(t, failed.Body.Error, "s3://")
	w.S3.Start()
	assert.Empty(t, w.S3.Keys("runs/"+job.RunID+"/"))
	again := w.job(p)
	w.Scheduler.Post(again)
	w.Right(t, again, p, truth)
	w.Once(t, job, again)
}
