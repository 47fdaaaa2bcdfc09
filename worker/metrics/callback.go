package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Callback counts the callbacks that are sent to a job's caller.
type Callback struct {
	requests *prometheus.CounterVec
	finals   *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newCallback(reg prometheus.Registerer) Callback {
	c := Callback{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_callback_requests_total",
			Help: "Callback requests sent, by event and whether the caller acknowledged them.",
		}, []string{"event", "outcome"}),
		finals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_callback_deliveries_total",
			Help: "Final callbacks that ended, by event and whether they were ever acknowledged.",
		}, []string{"event", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "kalla_callback_request_seconds",
			Help:    "Time until the caller answered a callback request, or it failed, by event.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"event"}),
	}
	reg.MustRegister(c.requests, c.finals, c.seconds)
	return c
}

// ObserveRequest counts one request for an event ("progress", "complete" or
// "error").
func (c Callback) ObserveRequest(event string, acknowledged bool, took time.Duration) {
	c.requests.WithLabelValues(event, outcome(acknowledged)).Inc()
	c.seconds.WithLabelValues(event).Observe(took.Seconds())
}

// ObserveDelivery counts the end of a final callback's delivery.
func (c Callback) ObserveDelivery(event string, acknowledged bool) {
	c.finals.WithLabelValues(event, outcome(acknowledged)).Inc()
}

func outcome(acknowledged bool) string {
	if acknowledged {
		return "acknowledged"
	}
	return "failed"
}
