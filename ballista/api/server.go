package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"kallad/worker/health"
	"kallad/worker/metrics"
)

// Parts are what a server answers from. All of them are required.
type Parts struct {
	Runner   Runner
	Cluster  Cluster
	Evidence Evidence
	Health   *health.State
	Metrics  *metrics.Registry
	Log      *slog.Logger
}

// Server serves the HTTP interface. It is a lifecycle service: Start, then
// Stop, once each.
type Server struct {
	cfg      Config
	runner   Runner
	cluster  Cluster
	evidence Evidence
	health   *health.State
	metrics  *metrics.Registry
	log      *slog.Logger

	http     *fasthttp.Server
	listener net.Listener
	// ctx carries the values of the context that Start got.
	ctx    context.Context
	failed chan struct{}
	done   chan struct{}
	err    error // valid once failed or done is closed
	// life ends when Stop begins, and with it what would take long to answer.
	life context.Context
	end  context.CancelFunc
	// readers has a place for each request that reads evidence.
	readers chan struct{}

	mu       sync.Mutex
	stopping bool
	streams  int
	// conns holds the open connections, and whether a request ever began.
	conns map[net.Conn]bool
}

// New returns a server that does not listen yet. cfg must be valid.
func New(cfg Config, parts Parts) *Server {
	s := &Server{
		cfg:      cfg,
		runner:   parts.Runner,
		cluster:  parts.Cluster,
		evidence: parts.Evidence,
		health:   parts.Health,
		metrics:  parts.Metrics,
		log:      parts.Log,
		readers:  make(chan struct{}, evidenceReaders),
		ctx:      context.Background(),
		failed:   make(chan struct{}),
		done:     make(chan struct{}),
		conns:    map[net.Conn]bool{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.http = &fasthttp.Server{
		Handler:            s.routes(),
		ErrorHandler:       s.refuse,
		Name:               "kallad/" + cfg.Version,
		ReadTimeout:        cfg.ReadTimeout,
		WriteTimeout:       cfg.WriteTimeout,
		IdleTimeout:        cfg.IdleTimeout,
		MaxRequestBodySize: cfg.MaxBody,
		// The listener holds the limit; a connection ends a little before its
		// worker does.
		Concurrency:     2 * cfg.MaxConnections,
		ReadBufferSize:  cfg.MaxHead,
		HeaderReceived:  s.headerReceived,
		ConnState:       s.track,
		Logger:          printer{parts.Log},
		CloseOnShutdown: true,
		// afterAnswer needs each answer flushed before the next request.
		ReduceMemoryUsage:            true,
		DisablePreParseMultipartForm: true,
	}
	return s
}

// Start listens and returns; requests are served until Stop.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Address)
	if err != nil {
		return fmt.Errorf("listen for HTTP on %q: %w", s.cfg.Address, err)
	}
	s.listener = newListener(ln, s.cfg.MaxConnections, s.cfg.MaxConnectionsPerAddress, s.log)
	if secure := s.cfg.Guard.TLS.ForHTTP(); secure != nil {
		s.listener = tls.NewListener(s.listener, secure)
	}
	s.ctx = context.WithoutCancel(ctx)
	go s.serve(s.listener)
	return nil
}

// serve ends when the listener does; Stop waits for it.
func (s *Server) serve(ln net.Listener) {
	defer close(s.done)
	if err := s.http.Serve(ln); err != nil && !errors.Is(err, net.ErrClosed) {
		s.err = fmt.Errorf("serve HTTP: %w", err)
		close(s.failed)
	}
}

// Addr is the address that is listened on, once Start has returned.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Failed is closed when the server broke by itself.
func (s *Server) Failed() <-chan struct{} { return s.failed }

// Err says why, once Failed is closed.
func (s *Server) Err() error { return s.err }

// closeTime bounds how long connections that were cut take to end.
const closeTime = 5 * time.Second

// Stop takes no new connections, lets the requests under way be answered
// until ctx is done, then cuts what is left.
func (s *Server) Stop(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	// Serve may not have taken the listener over yet; closing it ends Serve
	// either way.
	_ = s.listener.Close()
	s.end()
	s.closeUnused()
	err := s.http.ShutdownWithContext(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = s.cut()
	}
	<-s.done
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("stop HTTP: %w", err)
	}
	return nil
}

func (s *Server) cut() error {
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return s.http.ShutdownWithContext(ctx)
}

// closeUnused closes the connections that never had a request, which fasthttp
// would wait for as if one were on its way.
func (s *Server) closeUnused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for conn, used := range s.conns {
		if !used {
			conn.Close()
		}
	}
}

// track keeps the connections for closeUnused and cut.
func (s *Server) track(conn net.Conn, state fasthttp.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case fasthttp.StateNew:
		s.conns[conn] = false
		if s.stopping {
			conn.Close()
		}
	case fasthttp.StateActive:
		s.conns[conn] = true
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		delete(s.conns, conn)
	}
}

// printer takes what fasthttp has to say about connections.
type printer struct{ log *slog.Logger }

func (p printer) Printf(format string, args ...any) {
	p.log.Debug("connection trouble", "error", fmt.Sprintf(format, args...))
}
