package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Runner counts jobs. The four names without a unit are fixed: dashboards
// that exist read them.
type Runner struct {
	// ActiveJobs is the number of jobs that run now.
	ActiveJobs prometheus.Gauge
	// QueuedJobs is the number of jobs that wait for their turn.
	QueuedJobs prometheus.Gauge

	completed prometheus.Counter
	failed    prometheus.Counter
	cancelled prometheus.Counter
	recovered prometheus.Counter
	seconds   *prometheus.HistogramVec
	stages    *prometheus.HistogramVec
	matches   prometheus.Counter
	rows      *prometheus.CounterVec
}

// Outcomes of a job, as the label of its duration.
const (
	OutcomeCompleted = "completed"
	OutcomeFailed    = "failed"
	OutcomeCancelled = "cancelled"
)

func newRunner(reg prometheus.Registerer) Runner {
	r := Runner{
		ActiveJobs: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kalla_runner_active_jobs", Help: "Jobs running now."}),
		QueuedJobs: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kalla_runner_queued_jobs", Help: "Jobs waiting for their turn."}),
		completed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kalla_runner_jobs_completed", Help: "Jobs that ended with their evidence written."}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kalla_runner_jobs_failed", Help: "Jobs that ended with an error, cancelled ones included."}),
		cancelled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kalla_runner_jobs_cancelled_total", Help: "Jobs that ended because somebody cancelled them."}),
		recovered: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kalla_runner_jobs_recovered_total", Help: "Jobs that were found unfinished when the process started."}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "kalla_runner_job_seconds",
			Help:    "Wall time of a job from its start to its end, by outcome.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		}, []string{"outcome"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "kalla_runner_stage_seconds",
			Help:    "Wall time of the stages of jobs that succeeded.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		}, []string{"stage"}),
		matches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kalla_runner_matches_total", Help: "Matches found by jobs that succeeded."}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_runner_rows_total", Help: "Rows of jobs that succeeded, by side and whether they matched."}, []string{"side", "outcome"}),
	}
	reg.MustRegister(r.ActiveJobs, r.QueuedJobs, r.completed, r.failed, r.cancelled, r.recovered, r.seconds, r.stages, r.matches, r.rows)
	for _, side := range []string{"left", "right"} {
		r.ObserveRows(side, 0, 0)
	}
	for _, outcome := range []string{OutcomeCompleted, OutcomeFailed, OutcomeCancelled} {
		r.seconds.WithLabelValues(outcome)
	}
	return r
}

// JobEnded counts a job that ran for took and ended with one of the outcomes.
// A cancelled job counts as failed too: it gets the error callback.
func (r Runner) JobEnded(outcome string, took time.Duration) {
	switch outcome {
	case OutcomeCompleted:
		r.completed.Inc()
	case OutcomeCancelled:
		r.cancelled.Inc()
		r.failed.Inc()
	default:
		outcome = OutcomeFailed
		r.failed.Inc()
	}
	r.seconds.WithLabelValues(outcome).Observe(took.Seconds())
}

// JobsRecovered counts jobs that were found unfinished at the start.
func (r Runner) JobsRecovered(jobs int) { r.recovered.Add(float64(jobs)) }

// Outcomes of a row, as a label.
const (
	rowsMatched   = "matched"
	rowsUnmatched = "unmatched"
)

// ObserveStage counts the time of a stage of a job that succeeded.
func (r Runner) ObserveStage(stage string, took time.Duration) {
	r.stages.WithLabelValues(stage).Observe(took.Seconds())
}

// ObserveRows counts what became of one side's rows, "left" or "right".
func (r Runner) ObserveRows(side string, matched, unmatched int64) {
	r.rows.WithLabelValues(side, rowsMatched).Add(float64(matched))
	r.rows.WithLabelValues(side, rowsUnmatched).Add(float64(unmatched))
}

// ObserveMatches counts the matches of a job.
func (r Runner) ObserveMatches(n int64) { r.matches.Add(float64(n)) }
