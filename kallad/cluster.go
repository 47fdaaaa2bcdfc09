package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"kallad/ballista/cell"
	"kallad/ballista/client"
	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/proto/query"
	sched "kallad/ballista/scheduler"
	"kallad/ballista/shuffle"
	"kallad/worker/auth"
	"kallad/worker/lifecycle"
	"kallad/worker/recon"
)

// clusterFlags say how the scheduler deals with executors.
type clusterFlags struct {
	grpcPort uint16
	peers    peerFlags
	cfg      sched.Config
}

func (f *clusterFlags) register(flags *pflag.FlagSet) {
	f.cfg = sched.DefaultConfig()
	flags.Uint16Var(&f.grpcPort, "grpc-port", 50050, "port for executors; 0 takes a free one")
	flags.DurationVar(&f.cfg.Heartbeat, "executor-heartbeat", f.cfg.Heartbeat, "how often executors tell how they are")
	flags.DurationVar(&f.cfg.Timeout, "executor-timeout", f.cfg.Timeout, "time after which a silent executor is lost and its tasks run elsewhere")
	flags.DurationVar(&f.cfg.ReconnectGrace, "executor-reconnect", f.cfg.ReconnectGrace, "time that an executor has to come back when its connection breaks")
	flags.DurationVar(&f.cfg.LocalGrace, "local-grace", f.cfg.LocalGrace, "time to wait for an executor when the last one is gone, or was there before the start, until this process takes over")
	flags.IntVar(&f.cfg.MaxAttempts, "task-attempts", f.cfg.MaxAttempts, "how often a task is tried before its job fails")
	flags.Float64Var(&f.cfg.SpeculateAfter, "speculate-after", f.cfg.SpeculateAfter, "share of a stage's tasks that must be done before slow ones get a second attempt; 1: never")
	flags.Float64Var(&f.cfg.SpeculateFactor, "speculate-factor", f.cfg.SpeculateFactor, "how many times the median of the others makes a task slow")
	f.peers.register(flags)
	for flag, variable := range map[string]string{
		"grpc-port": "GRPC_PORT", "executor-heartbeat": "EXECUTOR_HEARTBEAT", "executor-timeout": "EXECUTOR_TIMEOUT",
		"executor-reconnect": "EXECUTOR_RECONNECT", "local-grace": "LOCAL_GRACE", "task-attempts": "TASK_ATTEMPTS",
		"speculate-after": "SPECULATE_AFTER", "speculate-factor": "SPECULATE_FACTOR",
	} {
		env(flags, flag, variable)
	}
}

// storeMemory is what the scheduler keeps in memory of what tasks in its own
// process write, and of long results. Unit: bytes.
const storeMemory = 64 << 20

// localEngine runs the jobs of this process: the scheduler, and the executor that
// this process is itself.
type localEngine struct {
	scheduler *sched.Scheduler
	slots     *executor.Slots
	worker    *executor.Worker
	// cells run jobs in processes of their own; nil if none is to.
	cells  *cell.Pool
	store  *shuffle.Store
	client *shuffle.Client
}

// newLocalEngine returns an engine for the jobs of this process. peers says how
// executors are read from.
func newLocalEngine(cfg sched.Config, e *engines, reg prometheus.Registerer, log *slog.Logger, peers shuffle.ClientConfig) (*localEngine, error) {
	cfg.Version, cfg.EngineVersion = version(), engine.Version()
	// What has ended executors is not to be tried in this process.
	cfg.LocalWhole = e.cells != nil
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	store, err := shuffle.NewStore(shuffle.Config{Dir: e.limits.TempDir, MemoryLimit: storeMemory}, log)
	if err != nil {
		return nil, err
	}
	executor.WatchStore(reg, store)
	reader := shuffle.NewClient(peers, plan.LocalExecutor, store)
	l := &localEngine{
		scheduler: sched.New(cfg, sched.NewCollector(reader, store, cfg.ResultMemory), sched.NewMetrics(reg), log),
		cells:     e.cells, store: store, client: reader,
	}
	l.slots = executor.NewLocalSlots(e.sessions, e.limits, e.share)
	core := executor.New(l.slots, e.stores.sources, executor.NewPieces(reader, ""))
	l.scheduler.AddLocal(&control.Hello{
		Slots: int32(e.slots), Threads: int32(e.limits.Threads), MemoryBytes: e.limits.MemoryLimit,
		Version: version(), EngineVersion: engine.Version(),
	}, func(report func(*control.Report)) sched.Worker {
		l.worker = executor.NewWorker(core, store, executor.NewMetrics(reg), log, report)
		return l.worker
	})
	return l, nil
}

// peerFlags say how this process reads what others keep.
type peerFlags struct {
	timeout time.Duration
}

func (f *peerFlags) register(flags *pflag.FlagSet) {
	flags.DurationVar(&f.timeout, "peer-timeout", 15*time.Second, "time that the holder of data may be silent; then the data is made again")
	env(flags, "peer-timeout", "PEER_TIMEOUT")
}

func (f *peerFlags) config(guard auth.Guard) shuffle.ClientConfig {
	return shuffle.ClientConfig{DialOptions: guard.DialOptions(), Silence: f.timeout}
}

// Places implements runner.Engine.
func (l *localEngine) Places() int { return l.scheduler.Places() }

// Run implements runner.Engine. Without executors, jobs have cells for
// themselves where there are any; this process itself runs tasks of jobs whose
// executors are gone. A fault of the caller's keeps being one when an executor
// has found it.
func (l *localEngine) Run(ctx context.Context, job plan.Job, observer plan.Observer) error {
	if l.cells != nil && l.Places() == 0 {
		told := l.scheduler.Elsewhere(observer)
		err := l.cells.Run(ctx, job, told)
		told.End(err)
		return err
	}
	err := l.scheduler.Run(ctx, job, observer)
	var fault *sched.TaskError
	if errors.As(err, &fault) && fault.InputFault() {
		return recon.Input(err)
	}
	return err
}

// close ends the jobs that still run.
func (l *localEngine) close() error { return errors.Join(l.scheduler.Close(), l.release()) }

// release ends what a closed scheduler leaves.
func (l *localEngine) release() error {
	l.worker.Close()
	return errors.Join(l.slots.Close(), l.client.Close(), l.store.Close())
}

// cluster is an engine that executors can join.
type cluster struct {
	*localEngine
	grpc     *grpc.Server
	health   *health.Server
	address  string
	listener net.Listener
	members  *lifecycle.Group
}

// newCluster returns the cluster of a daemon. It serves nobody before start.
func (f *clusterFlags) newCluster(e *engines, bindHost string, guard auth.Guard, reg prometheus.Registerer, backlog func() int, log *slog.Logger) (*cluster, error) {
	f.cfg.Backlog = backlog
	local, err := newLocalEngine(f.cfg, e, reg, log, f.peers.config(guard))
	if err != nil {
		return nil, err
	}
	c := &cluster{
		localEngine: local, grpc: grpc.NewServer(append(guard.ServerOptions(), shuffle.ServerOptions()...)...), health: health.NewServer(),
		address: net.JoinHostPort(bindHost, strconv.Itoa(int(f.grpcPort))), members: lifecycle.NewGroup(context.Background()),
	}
	c.scheduler.Register(c.grpc)
	flight.RegisterFlightServiceServer(c.grpc, shuffle.NewServer(c.store, shuffle.ServerConfig{}))
	query.RegisterQueryServer(c.grpc, client.NewServer(e.client(local), time.Second))
	healthpb.RegisterHealthServer(c.grpc, c.health)
	return c, nil
}

// start listens for executors.
func (c *cluster) start(ctx context.Context) error {
	var err error
	c.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.address)
	if err != nil {
		return fmt.Errorf("listen for executors (--grpc-port): %w", err)
	}
	c.members.Go("gRPC server", func(context.Context) error { return serve(c.grpc, c.listener) })
	c.member("progress", func(ctx context.Context) { c.worker.Beat(ctx, time.Second) })
	return nil
}

// member does something until the cluster stops.
func (c *cluster) member(name string, run func(ctx context.Context)) {
	c.members.Go(name, func(ctx context.Context) error {
		ctx, stop := context.WithCancel(ctx)
		go func() {
			<-c.members.Draining()
			stop()
		}()
		run(ctx)
		return nil
	})
}

// serve runs a gRPC server until it is stopped, which may be before it has
// begun.
func serve(server *grpc.Server, listener net.Listener) error {
	if err := server.Serve(listener); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// stop ends the jobs that still run and lets the executors go.
func (c *cluster) stop(ctx context.Context) error {
	c.health.Shutdown()
	err := c.scheduler.Close()
	c.grpc.Stop()
	return errors.Join(err, c.members.Stop(ctx), c.release())
}
