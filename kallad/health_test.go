package main

import (
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// A container's health check believes the exit code.
func TestHealthAsksTheScheduler(t *testing.T) {
	t.Parallel()
	s := startScheduler(t, t.TempDir())
	where, err := url.Parse(s.url)
	require.NoError(t, err)
	require.NoError(t, command(t, t.TempDir(), "health", "--http-port", where.Port()).Run())
	require.NoError(t, s.cmd.Process.Kill())
	_ = s.cmd.Wait()
	require.Error(t, command(t, t.TempDir(), "health", "scheduler", "--http-port", where.Port()).Run())
}

// An executor says by gRPC's own protocol how it is.
func TestHealthAsksAnExecutor(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, state := grpc.NewServer(), health.NewServer()
	healthpb.RegisterHealthServer(server, state)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	require.NoError(t, command(t, t.TempDir(), "health", "executor", "--grpc-port", port).Run())
	state.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	require.Error(t, command(t, t.TempDir(), "health", "executor", "--grpc-port", port).Run())
	server.Stop()
	require.NoError(t, <-served)
	require.Error(t, command(t, t.TempDir(), "health", "executor", "--grpc-port", port).Run())
	require.Error(t, command(t, t.TempDir(), "health", "somebody").Run())
}
