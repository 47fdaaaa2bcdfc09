package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Journal counts what the journal of jobs does.
type Journal struct {
	syncs       *prometheus.CounterVec
	changes     prometheus.Counter
	seconds     prometheus.Histogram
	total       prometheus.Gauge
	live        prometheus.Gauge
	records     prometheus.Gauge
	compactions *prometheus.CounterVec
	lost        *prometheus.GaugeVec
}

func newJournal(reg prometheus.Registerer) Journal {
	j := Journal{
		syncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_journal_syncs_total", Help: "Attempts to write changes to the journal and sync them, by outcome."}, []string{"outcome"}),
		changes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kalla_journal_changes_total", Help: "Changes that were synced to the journal; several share a sync."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "kalla_journal_sync_seconds",
			Help:    "Time to write changes to the journal and sync them.",
			Buckets: []float64{0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5},
		}),
		total: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kalla_journal_bytes", Help: "Size of the journal on disk."}),
		live: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kalla_journal_live_bytes", Help: "What of the journal is not overwritten."}),
		records: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kalla_journal_records", Help: "Jobs in the journal, finished ones included."}),
		compactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_journal_compactions_total", Help: "Times that the journal was written anew without what is overwritten, by outcome."}, []string{"outcome"}),
		lost: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kalla_journal_unreadable_bytes", Help: "What of the journal could not be read at the start: damaged, or a torn end that was cut."}, []string{"part"}),
	}
	reg.MustRegister(j.syncs, j.changes, j.seconds, j.total, j.live, j.records, j.compactions, j.lost)
	for _, outcome := range []string{journalDone, journalFailed} {
		j.syncs.WithLabelValues(outcome)
		j.compactions.WithLabelValues(outcome)
	}
	j.ObserveLoss(0, 0)
	return j
}

// Outcomes of the journal's work, as labels.
const (
	journalDone   = "done"
	journalFailed = "failed"
)

func journalOutcome(ok bool) string {
	if ok {
		return journalDone
	}
	return journalFailed
}

// ObserveSync counts an attempt to write changes and sync them.
func (j Journal) ObserveSync(changes int, ok bool, took time.Duration) {
	j.syncs.WithLabelValues(journalOutcome(ok)).Inc()
	j.seconds.Observe(took.Seconds())
	if ok {
		j.changes.Add(float64(changes))
	}
}

// ObserveSize tells the journal's size and what of it is live, in bytes, and
// the number of records.
func (j Journal) ObserveSize(total, live int64, records int) {
	j.total.Set(float64(total))
	j.live.Set(float64(live))
	j.records.Set(float64(records))
}

// ObserveCompaction counts that the journal was written anew.
func (j Journal) ObserveCompaction(ok bool, _ time.Duration) {
	j.compactions.WithLabelValues(journalOutcome(ok)).Inc()
}

// ObserveLoss tells how many bytes could not be read at the start: damaged
// ones, and those of a torn end.
func (j Journal) ObserveLoss(damaged, tail int64) {
	j.lost.WithLabelValues("damaged").Set(float64(damaged))
	j.lost.WithLabelValues("torn_end").Set(float64(tail))
}
