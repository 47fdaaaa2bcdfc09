package executor

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kallad/ballista/proto/control"
	"kallad/ballista/shuffle"
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

// WatchStore registers collectors of what a store keeps and moves.
func WatchStore(reg prometheus.Registerer, store *shuffle.Store) {
	gauge := func(name, help string, value func() int64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) }))
	}
	counter := func(name, help string, value *atomic.Int64, labels prometheus.Labels) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(value.Load()) }))
	}
	gauge("kalla_shuffle_memory_bytes", "What tasks have written, kept in memory.", func() int64 { memory, _ := store.Usage(); return memory })
	gauge("kalla_shuffle_disk_bytes", "What tasks have written, kept on disk.", func() int64 { _, disk := store.Usage(); return disk })
	c := store.Counters()
	counter("kalla_shuffle_written_bytes_total", "What tasks have written.", &c.Written, nil)
	counter("kalla_shuffle_spilled_bytes_total", "The part of it that went to disk.", &c.Spilled, nil)
	const read = "What was read of what tasks have written, of this process's own and of others'."
	counter("kalla_shuffle_read_bytes_total", read, &c.ReadLocal, prometheus.Labels{"from": "self"})
	counter("kalla_shuffle_read_bytes_total", read, &c.ReadRemote, prometheus.Labels{"from": "others"})
	counter("kalla_shuffle_served_bytes_total", "What other processes have read here.", &c.Served, nil)
	counter("kalla_shuffle_lost_pieces_total", "Pieces that could not be read to their end.", &c.Lost, nil)
	counter("kalla_shuffle_retries_total", "Times that others were asked again for a piece.", &c.Retries, nil)
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
