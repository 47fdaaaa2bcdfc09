package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/spf13/pflag"

	"kallad/worker/auth"
	"kallad/worker/metrics"
)

// scrapeFlags say where an executor shows its metrics; a scheduler does so on
// its API's port.
type scrapeFlags struct {
	port   uint16
	public bool
}

func (f *scrapeFlags) register(flags *pflag.FlagSet) {
	flags.Uint16Var(&f.port, "metrics-port", 0, "port of /metrics, for Prometheus (default: off)")
	flags.BoolVar(&f.public, "public-metrics", false, "let anybody read /metrics, without the token or a client certificate")
	env(flags, "metrics-port", "METRICS_PORT")
	env(flags, "public-metrics", "PUBLIC_METRICS")
}

// start serves until stop is called, if that is asked for.
func (f *scrapeFlags) start(ctx context.Context, host string, guard auth.Guard, registry *metrics.Registry, log *slog.Logger) (stop func(), err error) {
	if f.port == 0 {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !f.public && (!guard.TLS.Shown(r.TLS) || guard.Token.Check(r.Header.Get("Authorization")) != nil) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="kallad"`)
			http.Error(w, "show the token, and a client certificate if there is a --tls-ca; or let anybody read this by --public-metrics", http.StatusUnauthorized)
			return
		}
		var text bytes.Buffer
		if err := registry.WriteText(&text); err != nil {
			log.Error("metrics not written", "error", err)
			http.Error(w, "the log says why", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", registry.ContentType())
		_, _ = w.Write(text.Bytes())
	})
	server := &http.Server{Handler: mux, TLSConfig: guard.TLS.ForHTTP()}
	s, err := serveHTTP(ctx, "--metrics-port", net.JoinHostPort(host, strconv.Itoa(int(f.port))), server, log)
	if err != nil {
		return nil, err
	}
	return s.stop, nil
}
