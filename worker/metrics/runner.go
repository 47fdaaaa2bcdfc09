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
	}
	reg.MustRegister(r.ActiveJobs, r.QueuedJobs, r.completed, r.failed, r.cancelled, r.recovered, r.seconds)
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
