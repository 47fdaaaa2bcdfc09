package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source counts what is read of sources, by kind: postgres, csv, parquet.
type Source struct {
	rows    *prometheus.CounterVec
	bytes   *prometheus.CounterVec
	seconds *prometheus.CounterVec
	reads   *prometheus.CounterVec
}

// Outcomes of reading a partition, as a label.
const (
	readDone   = "done"
	readFailed = "failed"
)

// NewSource registers the counters of sources; kinds are there from the start.
func NewSource(reg prometheus.Registerer, kinds ...string) Source {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kalla_source_" + name, Help: help}, append([]string{"kind"}, labels...))
	}
	s := Source{
		rows:    counter("rows_read_total", "Rows read of sources."),
		bytes:   counter("bytes_read_total", "Bytes of the values that were read of sources, as they are in memory."),
		seconds: counter("read_seconds_total", "Time that readers worked, those at the same time added up."),
		reads:   counter("partitions_read_total", "Partitions of sources that were read, by outcome.", "outcome"),
	}
	reg.MustRegister(s.rows, s.bytes, s.seconds, s.reads)
	for _, kind := range kinds {
		s.ObserveBatch(kind, 0, 0, 0)
		s.reads.WithLabelValues(kind, readDone)
		s.reads.WithLabelValues(kind, readFailed)
	}
	return s
}

// ObserveBatch counts a batch of rows.
func (s Source) ObserveBatch(kind string, rows, bytes int64, took time.Duration) {
	s.rows.WithLabelValues(kind).Add(float64(rows))
	s.bytes.WithLabelValues(kind).Add(float64(bytes))
	s.seconds.WithLabelValues(kind).Add(took.Seconds())
}

// ObserveRead counts a partition that is done with.
func (s Source) ObserveRead(kind string, ok bool) {
	outcome := readDone
	if !ok {
		outcome = readFailed
	}
	s.reads.WithLabelValues(kind, outcome).Inc()
}
