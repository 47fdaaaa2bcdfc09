package metrics

import "github.com/prometheus/client_golang/prometheus"

// Held is what the engine's sessions hold.
type Held struct {
	Sessions        int
	Memory, Spilled int64
}

// NewEngine registers what the engine holds, asked for at each scrape, and the
// most that it may hold in memory. Unit: bytes.
func NewEngine(reg prometheus.Registerer, limit int64, read func() Held) {
	reg.MustRegister(&engineHeld{
		read: read, limit: limit,
		sessions: prometheus.NewDesc("kalla_engine_sessions", "Open DuckDB sessions, those kept ahead included.", nil, nil),
		memory:   prometheus.NewDesc("kalla_engine_memory_bytes", "Memory that DuckDB holds, by its own count.", nil, nil),
		most:     prometheus.NewDesc("kalla_engine_memory_limit_bytes", "Most memory that queries may hold together.", nil, nil),
		spilled:  prometheus.NewDesc("kalla_engine_spilled_bytes", "Data of running queries that is on disk because it does not fit in memory.", nil, nil),
	})
}

type engineHeld struct {
	read                            func() Held
	limit                           int64
	sessions, memory, most, spilled *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (e *engineHeld) Describe(ch chan<- *prometheus.Desc) {
	ch <- e.sessions
	ch <- e.memory
	ch <- e.most
	ch <- e.spilled
}

// Collect implements prometheus.Collector.
func (e *engineHeld) Collect(ch chan<- prometheus.Metric) {
	held := e.read()
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	gauge(e.sessions, float64(held.Sessions))
	gauge(e.memory, float64(held.Memory))
	gauge(e.most, float64(e.limit))
	gauge(e.spilled, float64(held.Spilled))
}
