package executor

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"kallad/ballista/proto/control"
)

// Control serves an executor's health and lets operators drain it.
type Control struct {
	control.UnimplementedExecutorServer
	agent  *Agent
	health *health.Server
}

// NewControl returns the service of an agent with its worker.
func NewControl(agent *Agent) *Control {
	return &Control{agent: agent, health: health.NewServer()}
}

// Register makes it the services of a gRPC server.
func (c *Control) Register(server grpc.ServiceRegistrar) {
	control.RegisterExecutorServer(server, c)
	healthpb.RegisterHealthServer(server, c.health)
}

// Stopping tells those who ask for its health that the executor leaves.
func (c *Control) Stopping() { c.health.Shutdown() }

// Drain implements control.ExecutorServer.
func (c *Control) Drain(context.Context, *control.DrainRequest) (*control.DrainResponse, error) {
	c.agent.Drain()
	return &control.DrainResponse{}, nil
}

// Status implements control.ExecutorServer.
func (c *Control) Status(context.Context, *control.StatusRequest) (*control.StatusResponse, error) {
	a, hello := c.agent, c.agent.cfg.Hello
	memory, disk := a.worker.store.Usage()
	return &control.StatusResponse{
		Id: hello.Id, Version: hello.Version, EngineVersion: hello.EngineVersion, Slots: hello.Slots,
		Running: int32(a.worker.Running()), Connected: a.Connected(), Draining: a.Draining(),
		OutputMemoryBytes: memory, OutputDiskBytes: disk,
	}, nil
}
