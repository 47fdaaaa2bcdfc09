package runner_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/runner"
	"kallad/worker/callback"
	"kallad/worker/journal"
	"kallad/worker/metrics"
	"kallad/worker/recon"
)

// steered runs jobs as the test says: each reports what comes over its
// channel, and ends when that is closed.
type steered map[string]chan recon.Progress

func (s steered) Run(ctx context.Context, job *recon.Job, _ time.Time, report func(recon.Progress)) (*recon.Result, error) {
	for {
		select {
		case p, ok := <-s[job.RunID]:
			if !ok {
				return &recon.Result{RunID: job.RunID}, nil
			}
			report(p)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s steered) Clear(context.Context, *recon.Job, time.Time) error { return nil }

func newQueue(t *testing.T, jobs steered, tune func(*runner.QueueConfig)) *runner.Queue {
	t.Helper()
	cfg := runner.DefaultQueueConfig()
	cfg.MaxJobs = 1
	if tune != nil {
		tune(&cfg)
	}
	log := slog.New(slog.DiscardHandler)
	m := metrics.New(prometheus.NewRegistry(), "")
	sender := callback.New(callback.DefaultConfig(), callback.NewClient(callback.ClientConfig{}), m.Callback, log)
	folder, err := journal.OpenFolder(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	j, err := journal.Open(journal.DefaultConfig(), folder, m.Journal, log)
	require.NoError(t, err)
	q, err := runner.NewQueue(cfg, runner.QueueParts{Runner: jobs, Sender: sender, Journal: j, Metrics: m.Runner, Log: log})
	require.NoError(t, err)
	require.NoError(t, q.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, q.Stop(ctx))
		assert.NoError(t, sender.Stop(ctx))
		assert.NoError(t, j.Close())
	})
	return q
}

func submit(t *testing.T, q *runner.Queue, runIDs ...string) {
	t.Helper()
	for _, id := range runIDs {
		_, err := q.Submit(t.Context(), &recon.Job{RunID: id})
		require.NoError(t, err)
	}
}

// awaitChange waits until the watch has something, and takes it.
func awaitChange(t *testing.T, w recon.Watch) []string {
	t.Helper()
	for {
		select {
		case <-w.Changed:
			if taken := w.Take(); len(taken) > 0 {
				return taken
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing changed")
		}
	}
}

func TestWatchesTellWhichJobsChanged(t *testing.T) {
	t.Parallel()
	jobs := steered{"a": make(chan recon.Progress), "b": make(chan recon.Progress)}
	q := newQueue(t, jobs, nil)
	all, b := q.Watch(""), q.Watch("b")
	submit(t, q, "a", "b", "c")
	assert.Equal(t, []string{"a", "b", "c"}, awaitChange(t, all), "each once, however often it changed")
	assert.Equal(t, []string{"b"}, awaitChange(t, b))

	stages := []recon.StageStatus{{Name: "scan", Kind: recon.StageScan, State: recon.WorkRunning}}
	jobs["a"] <- recon.Progress{Stage: recon.StageStaging, Fraction: 0.5, Stages: stages}
	assert.Equal(t, []string{"a"}, awaitChange(t, all))
	status, _ := q.Job("a")
	assert.Equal(t, stages, status.Stages)
	assert.Nil(t, q.Jobs(recon.JobFilter{})[2].Stages, "a list does without")
	jobs["a"] <- recon.Progress{Stage: recon.StageStaging, Fraction: 0.6}
	awaitChange(t, all)
	status, _ = q.Job("a")
	assert.Equal(t, stages, status.Stages, "nothing new is known of them")
	assert.Empty(t, b.Changed, "what becomes of others is not its business")

	close(jobs["a"])
	assert.Equal(t, []string{"b"}, awaitChange(t, b), "it runs now")
	require.NoError(t, q.Cancel(t.Context(), "c"))
	seen := map[string]bool{}
	for !seen["a"] || !seen["b"] || !seen["c"] {
		for _, id := range awaitChange(t, all) {
			seen[id] = true
		}
	}
	all.Stop()
	b.Stop()
	close(jobs["b"])
}

func TestALoadedQueueSaysSo(t *testing.T) {
	t.Parallel()
	jobs := steered{"a": make(chan recon.Progress)}
	q := newQueue(t, jobs, func(c *runner.QueueConfig) { c.MaxQueue = 7 })
	assert.Equal(t, recon.Load{MaxJobs: 1, MaxQueue: 7}, q.Load())
	submit(t, q, "a", "b", "c")
	assert.Equal(t, recon.Load{RunningJobs: 1, MaxJobs: 1, QueuedJobs: 2, MaxQueue: 7}, q.Load())
}
