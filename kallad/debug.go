package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// debugFlags say where the process can be looked into. Whoever reaches that
// port sees goroutines and memory, which hold what jobs hold: so it is a port
// of its own, off unless asked for, and open to this machine alone.
type debugFlags struct {
	port uint16
	host string
}

func (f *debugFlags) register(flags *pflag.FlagSet) {
	flags.Uint16Var(&f.port, "debug-port", 0, "port of /debug/pprof (default: off)")
	flags.StringVar(&f.host, "debug-host", "127.0.0.1", "address that --debug-port is on; whoever reaches it can read this process's memory")
	env(flags, "debug-port", "DEBUG_PORT")
	env(flags, "debug-host", "DEBUG_HOST")
}

// start serves until stop is called, if that is asked for.
func (f *debugFlags) start(ctx context.Context, log *slog.Logger) (stop func(), err error) {
	if f.port == 0 {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server, err := serveHTTP(ctx, "--debug-port", net.JoinHostPort(f.host, strconv.Itoa(int(f.port))), &http.Server{Handler: mux}, log)
	if err != nil {
		return nil, err
	}
	if !isLoopback(f.host) {
		log.Warn("whoever can reach the debug port can read this process's memory, with all that jobs hold", "host", f.host)
	}
	return server.stop, nil
}

// sideServer is an HTTP server beside the API, for people and programs that
// look after the process.
type sideServer struct {
	http *http.Server
	done chan struct{}
}

// headerTime bounds how long a client may take for its request's head.
const headerTime = 10 * time.Second

func serveHTTP(ctx context.Context, flag, address string, server *http.Server, log *slog.Logger) (*sideServer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen (%s): %w", flag, err)
	}
	server.ReadHeaderTimeout = headerTime
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	s := &sideServer{http: server, done: make(chan struct{})}
	serve := func() error { return server.Serve(listener) }
	if server.TLSConfig != nil {
		serve = func() error { return server.ServeTLS(listener, "", "") }
	}
	go func() {
		defer close(s.done)
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			log.Error("a port is served no longer", "flag", flag, "error", err)
		}
	}()
	log.Info("also listening", "for", flag, "address", listener.Addr().String())
	return s, nil
}

// stop ends the server at once: whoever looks in has no claim to a last answer.
func (s *sideServer) stop() {
	_ = s.http.Close()
	<-s.done
}
