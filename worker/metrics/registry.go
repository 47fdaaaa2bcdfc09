package metrics

import (
	"fmt"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// Registry holds kallad's collectors on a Prometheus registry. It is safe for
// concurrent use.
type Registry struct {
	prom *prometheus.Registry

	Runner   Runner
	HTTP     HTTP
	Callback Callback
	Journal  Journal
}

// NewBare shows what a process without an API, such as an executor, has
// registered on prom, beside its version.
func NewBare(prom *prometheus.Registry, version string) *Registry {
	registerBuild(prom, version)
	return &Registry{prom: prom}
}

func registerBuild(prom *prometheus.Registry, version string) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "kalla_build_info",
		Help:        "Always 1; the label is the version that runs.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	prom.MustRegister(build)
}

// New registers kallad's collectors on prom, beside whatever it holds
// already. It panics when they are registered there before, as that is a
// mistake in the wiring. version is shown by kalla_build_info.
func New(prom *prometheus.Registry, version string) *Registry {
	registerBuild(prom, version)
	return &Registry{
		prom:     prom,
		Runner:   newRunner(prom),
		HTTP:     newHTTP(prom),
		Callback: newCallback(prom),
		Journal:  newJournal(prom),
	}
}

// RegisterProcess adds the Go runtime's and the process' own collectors.
func (r *Registry) RegisterProcess() {
	r.prom.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
}

// Register adds a room's own collectors.
func (r *Registry) Register(cs ...prometheus.Collector) { r.prom.MustRegister(cs...) }

// ContentType is the media type of what WriteText writes.
func (r *Registry) ContentType() string {
	return string(expfmt.NewFormat(expfmt.TypeTextPlain))
}

// WriteText writes every metric in the text exposition format, which keeps
// counters' names as they are, with or without "_total".
func (r *Registry) WriteText(w io.Writer) error {
	families, err := r.prom.Gather()
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	enc := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := enc.Encode(family); err != nil {
			return fmt.Errorf("write metric %q: %w", family.GetName(), err)
		}
	}
	return nil
}
