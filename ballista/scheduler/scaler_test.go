package scheduler_test

import (
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"kallad/ballista/proto/control"
	"kallad/ballista/proto/externalscaler"
	"kallad/ballista/scheduler"
)

// serve returns a connection to a scheduler's services.
func serve(t *testing.T, adapt func(*scheduler.Config)) *grpc.ClientConn {
	cfg := scheduler.DefaultConfig()
	cfg.EngineVersion = "v1"
	adapt(&cfg)
	s := scheduler.New(cfg, nil, scheduler.NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	s.Register(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
		require.NoError(t, <-served)
		require.NoError(t, s.Close())
	})
	return conn
}

func TestKEDAIsToldOfTheLoad(t *testing.T) {
	t.Parallel()
	var waiting atomic.Int64
	k := externalscaler.NewExternalScalerClient(serve(t, func(cfg *scheduler.Config) { cfg.Backlog = func() int { return int(waiting.Load()) } }))
	active, err := k.IsActive(t.Context(), &externalscaler.ScaledObjectRef{})
	require.NoError(t, err)
	require.False(t, active.Result)
	waiting.Store(3)
	active, err = k.IsActive(t.Context(), &externalscaler.ScaledObjectRef{})
	require.NoError(t, err)
	require.True(t, active.Result)
	spec, err := k.GetMetricSpec(t.Context(), &externalscaler.ScaledObjectRef{ScalerMetadata: map[string]string{"slotsPerExecutor": "4"}})
	require.NoError(t, err)
	require.EqualValues(t, 4, spec.MetricSpecs[0].TargetSize)
	values, err := k.GetMetrics(t.Context(), &externalscaler.GetMetricsRequest{MetricName: spec.MetricSpecs[0].MetricName})
	require.NoError(t, err)
	require.EqualValues(t, 3, values.MetricValues[0].MetricValue)
	_, err = k.GetMetricSpec(t.Context(), &externalscaler.ScaledObjectRef{ScalerMetadata: map[string]string{"slotsPerExecutor": "many"}})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestAnotherEngineIsRefused(t *testing.T) {
	t.Parallel()
	conn := serve(t, func(cfg *scheduler.Config) { cfg.Timeout = time.Minute })
	stream, err := control.NewControlClient(conn).Connect(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&control.Report{Report: &control.Report_Hello{Hello: &control.Hello{Id: "e", Slots: 1, EngineVersion: "v2"}}}))
	_, err = stream.Recv()
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "the scheduler's SQL engine is version v1 and this executor's is v2")
}
