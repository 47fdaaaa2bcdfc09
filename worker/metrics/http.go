package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// HTTP counts the requests that the API answers.
type HTTP struct {
	// Streams is the number of event streams that are open now.
	Streams prometheus.Gauge

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newHTTP(reg prometheus.Registerer) HTTP {
	h := HTTP{
		Streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kalla_http_event_streams", Help: "Event streams open now."}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kalla_http_requests_total",
			Help: "Requests answered, by route pattern, method and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "kalla_http_request_seconds",
			Help:    "Time from a request's last byte to its answer, by route pattern.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5},
		}, []string{"route"}),
	}
	reg.MustRegister(h.Streams, h.requests, h.seconds)
	return h
}

// Observe counts one answer. The route is a pattern, never a path; method is
// one of the standard methods or "other".
func (h HTTP) Observe(route, method string, status int, took time.Duration) {
	h.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	h.seconds.WithLabelValues(route).Observe(took.Seconds())
}
