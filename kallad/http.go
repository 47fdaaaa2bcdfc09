package main

import (
	"time"

	"github.com/spf13/pflag"

	"kallad/ballista/api"
)

// httpFlags bound what a client can take of the HTTP port.
type httpFlags struct {
	maxRequest               size
	maxHeader                size
	requestTimeout           time.Duration
	maxConnections           int
	maxConnectionsPerAddress int
	publicMetrics            bool
}

func (f *httpFlags) register(flags *pflag.FlagSet) {
	defaults := api.DefaultConfig()
	f.maxRequest, f.maxHeader = size(defaults.MaxBody), size(defaults.MaxHead)
	flags.Var(&f.maxRequest, "max-request", "largest job document")
	flags.Var(&f.maxHeader, "max-header", "largest head of a request")
	flags.DurationVar(&f.requestTimeout, "request-timeout", defaults.ReadTimeout, "time in which a request has to come whole, and its answer has to be taken")
	flags.IntVar(&f.maxConnections, "max-connections", defaults.MaxConnections, "HTTP connections that are open at once")
	flags.IntVar(&f.maxConnectionsPerAddress, "max-connections-per-address", defaults.MaxConnectionsPerAddress, "those of them from one address, or one IPv6 subnet")
	flags.BoolVar(&f.publicMetrics, "public-metrics", false, "let anybody read /metrics, without the token or a client certificate")
	env(flags, "max-request", "MAX_REQUEST")
	env(flags, "max-header", "MAX_HEADER")
	env(flags, "request-timeout", "REQUEST_TIMEOUT")
	env(flags, "max-connections", "MAX_CONNECTIONS")
	env(flags, "max-connections-per-address", "MAX_CONNECTIONS_PER_ADDRESS")
	env(flags, "public-metrics", "PUBLIC_METRICS")
}

func (f *httpFlags) config() api.Config {
	cfg := api.DefaultConfig()
	cfg.MaxBody, cfg.MaxHead = int(f.maxRequest), int(f.maxHeader)
	cfg.ReadTimeout, cfg.WriteTimeout = f.requestTimeout, f.requestTimeout
	cfg.MaxConnections, cfg.MaxConnectionsPerAddress = f.maxConnections, f.maxConnectionsPerAddress
	cfg.PublicMetrics = f.publicMetrics
	return cfg
}
