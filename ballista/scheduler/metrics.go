package scheduler

import (
	"github.com/prometheus/client_golang/prometheus"

	"kallad/ballista/plan"
)

// Metrics count what a scheduler does.
type Metrics struct {
	executors, jobs                            prometheus.Gauge
	started, retries, remade, speculated, lost prometheus.Counter
	finished                                   *prometheus.CounterVec
	stageSeconds                               prometheus.Histogram
	resultRows, resultBytes                    prometheus.Counter
}

// NewMetrics registers a scheduler's collectors.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "kalla_scheduler_" + name, Help: help})
	}
	m := &Metrics{
		executors:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "kalla_scheduler_executors", Help: "Executors that have joined."}),
		jobs:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "kalla_scheduler_jobs", Help: "Jobs whose stages are being run."}),
		started:    counter("tasks_started_total", "Attempts at tasks that were started."),
		retries:    counter("tasks_retried_total", "Attempts beyond each task's first."),
		remade:     counter("tasks_remade_total", "Tasks that had finished and ran again because their outputs were lost."),
		speculated: counter("tasks_speculated_total", "Second attempts at tasks that were slow."),
		lost:       counter("executors_lost_total", "Executors that went without saying so."),
		finished: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_scheduler_tasks_ended_total", Help: "Attempts at tasks that ended, by outcome.",
		}, []string{"outcome"}),
		stageSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "kalla_scheduler_stage_seconds", Help: "Wall time of stages, from their first task's start.",
			Buckets: []float64{0.005, 0.02, 0.1, 0.5, 1, 5, 20, 60, 300, 1200},
		}),
		resultRows:  counter("result_rows_total", "Rows of results that were handed over."),
		resultBytes: counter("result_bytes_total", "Bytes of results that were brought here from executors."),
	}
	reg.MustRegister(m.executors, m.jobs, m.started, m.retries, m.remade, m.speculated, m.lost, m.finished, m.stageSeconds, m.resultRows, m.resultBytes)
	for _, outcome := range []plan.StageState{plan.StageDone, plan.StageFailed, plan.StageCancelled} {
		m.finished.WithLabelValues(string(outcome))
	}
	return m
}

func (m *Metrics) ended(state plan.StageState) { m.finished.WithLabelValues(string(state)).Inc() }
