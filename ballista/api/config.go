package api

import (
	"errors"
	"fmt"
	"time"

	"kallad/worker/auth"
)

// Config tunes the HTTP server.
type Config struct {
	// Address is the host and port to listen on; port 0 takes a free one.
	// Default 0.0.0.0:8080.
	Address string
	// Version is shown by /health and in the Server header.
	Version string
	// MaxBody bounds a request's body, in bytes. Default 1 MiB.
	MaxBody int
	// ReadTimeout bounds the time in which a whole request has to come.
	// Default 10 s.
	ReadTimeout time.Duration
	// WriteTimeout bounds the time in which an answer has to be taken.
	// Default 10 s.
	WriteTimeout time.Duration
	// IdleTimeout is how long a connection is kept without a request.
	// Default 1 min.
	IdleTimeout time.Duration
	// MaxHead bounds a request's line and headers, in bytes. Default 16 KiB.
	MaxHead int
	// MaxConnections bounds the connections that are open at once. Default 1024.
	MaxConnections int
	// MaxStreams bounds the event streams among them. Default 256.
	MaxStreams int
	// EventInterval is the least time between two progress events of a stream.
	// Default 250 ms.
	EventInterval time.Duration
	// Heartbeat is how long an event stream stays silent before it sends a
	// comment, which keeps proxies from closing it and finds out whether
	// anybody still reads. Default 15 s.
	Heartbeat time.Duration
	// MaxConnectionsPerAddress bounds those from one IPv4 address or one IPv6
	// subnet of 64 bits. Default 256.
	MaxConnectionsPerAddress int
	// Guard is what callers have to show, and the TLS that is served. /health
	// and /ready are for everybody. The zero Guard lets everybody in.
	Guard auth.Guard
	// PublicMetrics lets everybody read /metrics.
	PublicMetrics bool
	// RetryAfter is what a refused caller is told to wait when the runner
	// does not say. Default 5 s.
	RetryAfter time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Address:        "0.0.0.0:8080",
		MaxBody:        1 << 20,
		ReadTimeout:    10 * time.Second,
		WriteTimeout:   10 * time.Second,
		IdleTimeout:    time.Minute,
		MaxHead:        16 << 10,
		MaxConnections: 1024,
		MaxStreams:     256,
		EventInterval:  250 * time.Millisecond,
		Heartbeat:      15 * time.Second,
		RetryAfter:     5 * time.Second,

		MaxConnectionsPerAddress: 256,
	}
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var errs []error
	if c.Address == "" {
		errs = append(errs, errors.New("http address: is empty"))
	}
	positive := func(name string, n int64) {
		if n <= 0 {
			errs = append(errs, fmt.Errorf("http %s: must be more than 0", name))
		}
	}
	positive("body limit", int64(c.MaxBody))
	positive("read timeout", int64(c.ReadTimeout))
	positive("write timeout", int64(c.WriteTimeout))
	positive("idle timeout", int64(c.IdleTimeout))
	positive("head limit", int64(c.MaxHead))
	positive("connection limit", int64(c.MaxConnections))
	positive("stream limit", int64(c.MaxStreams))
	positive("event interval", int64(c.EventInterval))
	positive("heartbeat", int64(c.Heartbeat))
	positive("connection limit of one address", int64(c.MaxConnectionsPerAddress))
	positive("retry-after", int64(c.RetryAfter))
	return errors.Join(errs...)
}
