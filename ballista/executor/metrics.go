package executor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kallad/ballista/proto/control"
)

// Metrics count what a worker does.
type Metrics struct {
	running prometheus.Gauge
	tasks   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// NewMetrics registers a worker's collectors.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "kalla_executor_tasks_running", Help: "Tasks running now."}),
		tasks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_executor_tasks_total", Help: "Tasks that ended, by outcome."}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "kalla_executor_task_seconds", Help: "Wall time of tasks.",
			Buckets: []float64{0.005, 0.02, 0.1, 0.5, 1, 5, 20, 60, 300, 1200},
		}),
	}
	reg.MustRegister(m.running, m.tasks, m.seconds)
	for _, label := range outcomeLabels {
		m.tasks.WithLabelValues(label)
	}
	return m
}

var outcomeLabels = map[control.Outcome]string{
	control.Outcome_DONE: "done", control.Outcome_CANCELLED: "cancelled", control.Outcome_USER_ERROR: "user_error",
	control.Outcome_RETRYABLE: "failed", control.Outcome_LOST_INPUT: "lost_input", control.Outcome_OUT_OF_MEMORY: "out_of_memory",
	control.Outcome_OUT_OF_DISK: "out_of_disk", control.Outcome_NOT_STARTED: "not_started",
}

func (m *Metrics) ended(outcome control.Outcome, took time.Duration) {
	m.tasks.WithLabelValues(outcomeLabels[outcome]).Inc()
	m.seconds.Observe(took.Seconds())
}
