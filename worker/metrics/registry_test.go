package metrics_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/metrics"
)

func text(t *testing.T, m *metrics.Registry) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, m.WriteText(&out))
	return out.String()
}

func TestTheFixedNamesAreThereFromTheStart(t *testing.T) {
	t.Parallel()
	got := text(t, metrics.New(prometheus.NewRegistry(), "1.2.3"))
	for _, line := range []string{
		"# TYPE kalla_runner_active_jobs gauge\nkalla_runner_active_jobs 0\n",
		"# TYPE kalla_runner_queued_jobs gauge\nkalla_runner_queued_jobs 0\n",
		"# TYPE kalla_runner_jobs_completed counter\nkalla_runner_jobs_completed 0\n",
		"# TYPE kalla_runner_jobs_failed counter\nkalla_runner_jobs_failed 0\n",
		"kalla_build_info{version=\"1.2.3\"} 1\n",
	} {
		assert.Contains(t, got, line)
	}
}

func TestRunnerCountsByOutcome(t *testing.T) {
	t.Parallel()
	m := metrics.New(prometheus.NewRegistry(), "v")
	m.Runner.ActiveJobs.Inc()
	m.Runner.QueuedJobs.Set(3)
	m.Runner.JobEnded(metrics.OutcomeCompleted, 40*time.Millisecond)
	m.Runner.JobEnded(metrics.OutcomeFailed, 2*time.Second)
	m.Runner.JobEnded(metrics.OutcomeCancelled, 2*time.Second)
	got := text(t, m)
	for _, line := range []string{
		"\nkalla_runner_active_jobs 1\n",
		"\nkalla_runner_queued_jobs 3\n",
		"\nkalla_runner_jobs_completed 1\n",
		"\nkalla_runner_jobs_failed 2\n",
		"\nkalla_runner_jobs_cancelled_total 1\n",
		"\nkalla_runner_job_seconds_bucket{outcome=\"completed\",le=\"0.05\"} 1\n",
		"\nkalla_runner_job_seconds_sum{outcome=\"failed\"} 2\n",
	} {
		assert.Contains(t, got, line)
	}
}

func TestJournalCounts(t *testing.T) {
	t.Parallel()
	m := metrics.New(prometheus.NewRegistry(), "v")
	m.Journal.ObserveSync(3, true, 2*time.Millisecond)
	m.Journal.ObserveSync(2, false, time.Second)
	m.Journal.ObserveSize(1000, 600, 7)
	m.Journal.ObserveCompaction(true, time.Second)
	m.Journal.ObserveLoss(12, 0)
	got := text(t, m)
	for _, line := range []string{
		"\nkalla_journal_syncs_total{outcome=\"done\"} 1\n",
		"\nkalla_journal_syncs_total{outcome=\"failed\"} 1\n",
		"\nkalla_journal_changes_total 3\n",
		"\nkalla_journal_sync_seconds_bucket{le=\"0.0025\"} 1\n",
		"\nkalla_journal_bytes 1000\n",
		"\nkalla_journal_live_bytes 600\n",
		"\nkalla_journal_records 7\n",
		"\nkalla_journal_compactions_total{outcome=\"done\"} 1\n",
		"\nkalla_journal_unreadable_bytes{part=\"damaged\"} 12\n",
		"\nkalla_journal_unreadable_bytes{part=\"torn_end\"} 0\n",
	} {
		assert.Contains(t, got, line)
	}
}

func TestHTTPAndCallbackLabels(t *testing.T) {
	t.Parallel()
	m := metrics.New(prometheus.NewRegistry(), "v")
	m.HTTP.Observe("/api/jobs/{run_id}", "GET", 404, time.Millisecond)
	m.Callback.ObserveRequest("progress", false, time.Second)
	m.Callback.ObserveRequest("progress", true, time.Second)
	m.Callback.ObserveDelivery("complete", true)
	m.RegisterProcess()
	got := text(t, m)
	for _, line := range []string{
		`kalla_http_requests_total{method="GET",route="/api/jobs/{run_id}",status="404"} 1`,
		`kalla_http_request_seconds_count{route="/api/jobs/{run_id}"} 1`,
		`kalla_callback_requests_total{event="progress",outcome="failed"} 1`,
		`kalla_callback_requests_total{event="progress",outcome="acknowledged"} 1`,
		`kalla_callback_request_seconds_count{event="progress"} 2`,
		`kalla_callback_deliveries_total{event="complete",outcome="acknowledged"} 1`,
		"go_goroutines ",
	} {
		assert.Contains(t, got, line)
	}
}
