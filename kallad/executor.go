package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/proto/control"
	"kallad/ballista/shuffle"
	"kallad/worker/auth"
	"kallad/worker/lifecycle"
	"kallad/worker/metrics"
)

// executorFlags are the settings of `kallad executor`.
type executorFlags struct {
	daemonFlags
	engine        engineFlags
	scrape        scrapeFlags
	peers         peerFlags
	schedulerURL  string
	schedulerHost string
	schedulerPort uint16
	flightPort    uint16
	grpcPort      uint16
	externalHost  string
	slots         int
	shuffleMemory size
	drainTimeout  time.Duration
}

func newExecutorCommand(std streams) *cobra.Command {
	f := &executorFlags{}
	cmd := &cobra.Command{
		Use:   "executor",
		Short: "Run a worker for a scheduler",
		Long: `Runs tasks for a scheduler, and keeps what they write until other executors
have read it. Start as many as you like, stop them at any time: on SIGTERM an
executor takes no further task, finishes what it runs, and leaves when nothing
that it keeps is needed any more or --drain-timeout has passed. A scheduler
that is not there is waited for.`,
		Example: `  kallad executor --scheduler-url scheduler:50050
  kallad executor --slots 4 --memory-limit 16GB --temp-dir /mnt/fast`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.serve(cmd, std, daemonParts{service: "kallad-executor", validate: f.validate, run: f.run})
		},
	}
	f.register(cmd)
	return cmd
}

func (f *executorFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.schedulerURL, "scheduler-url", "", "address of the scheduler's --grpc-port, host:port (default: --scheduler-host and --scheduler-port)")
	flags.StringVar(&f.schedulerHost, "scheduler-host", "localhost", "the scheduler's host")
	flags.Uint16Var(&f.schedulerPort, "scheduler-port", 50050, "the scheduler's --grpc-port")
	flags.Uint16Var(&f.flightPort, "flight-port", 50051, "port for data; 0 takes a free one")
	flags.Uint16Var(&f.grpcPort, "grpc-port", 50052, "port for health and control; 0 takes a free one")
	flags.StringVar(&f.externalHost, "external-host", "", "host, or host:port of the data port, under which the scheduler and other executors reach this one (default: the address that it reaches the scheduler from)")
	flags.IntVar(&f.slots, "slots", 0, "tasks that run at once; they share memory and threads (default: as many as --threads)")
	flags.Var(&f.shuffleMemory, "shuffle-memory", "part of --memory-limit for what tasks have written; what does not fit goes to --temp-dir (default: a fifth)")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", 5*time.Minute, "time after SIGTERM for tasks to finish and for others to read what is kept here")
	f.daemonFlags.register(flags)
	f.engine.registerLimits(flags, false)
	f.scrape.register(flags)
	f.peers.register(flags)
	for flag, variable := range map[string]string{
		"scheduler-url": "SCHEDULER_URL", "scheduler-host": "SCHEDULER_HOST", "scheduler-port": "SCHEDULER_PORT",
		"flight-port": "BIND_PORT", "grpc-port": "BIND_GRPC_PORT", "external-host": "EXTERNAL_HOST",
		"slots": "SLOTS", "shuffle-memory": "SHUFFLE_MEMORY", "drain-timeout": "DRAIN_TIMEOUT",
	} {
		env(flags, flag, variable)
	}
}

// scheduler is the scheduler's address.
func (f *executorFlags) scheduler() (string, error) {
	if f.schedulerURL == "" {
		return net.JoinHostPort(f.schedulerHost, strconv.Itoa(int(f.schedulerPort))), nil
	}
	address := f.schedulerURL
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = strings.TrimSuffix(rest, "/")
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return "", fmt.Errorf("--scheduler-url %q: want host:port", f.schedulerURL)
	}
	return address, nil
}

// shares divides the memory between queries and what they have written.
func (f *executorFlags) shares() (queries engine.Config, written int64) {
	total := f.engine.memory()
	written = int64(f.shuffleMemory)
	if written == 0 {
		written = total / 5
	}
	return f.engine.shares(total-written, 1), written
}

func (f *executorFlags) validate() error {
	if f.slots == 0 {
		f.slots = f.engine.threads
	}
	var errs []error
	if f.slots < 1 || f.slots > 1024 {
		errs = append(errs, fmt.Errorf("--slots %d: want 1 to 1024", f.slots))
		f.slots = 1
	}
	if f.drainTimeout < 0 {
		errs = append(errs, fmt.Errorf("--drain-timeout %s: want 0 or more", f.drainTimeout))
	}
	queries, _ := f.shares()
	queries.MemoryLimit /= int64(f.slots)
	return errors.Join(append(errs, f.engine.validate(queries, f.slots))...)
}

func (f *executorFlags) run(ctx context.Context, log *slog.Logger) error {
	guard, err := f.guard.open(log)
	if err != nil {
		return err
	}
	prom := prometheus.NewRegistry()
	w, err := f.build(guard, prom, log)
	if err != nil {
		return err
	}
	registry := metrics.NewBare(prom, version())
	registry.RegisterProcess()
	unscrape, err := f.scrape.start(ctx, f.bindHost, guard, registry, log)
	if err != nil {
		return errors.Join(err, w.close())
	}
	defer unscrape()
	warnOpen(log, f.bindHost, guard)
	err = w.run(ctx)
	if errors.Is(err, errStuck) {
		return err // what does not stop cannot be waited for
	}
	return errors.Join(err, w.close())
}

// errStuck ends an executor of which a task took a slot for good.
var errStuck = errors.New("a cancelled task does not stop; this process ends, so that another can have its slots")

// worker is an executor's parts.
type worker struct {
	agent     *executor.Agent
	tasks     *executor.Worker
	slots     *executor.Slots
	store     *shuffle.Store
	client    *shuffle.Client
	control   *executor.Control
	servers   []*grpc.Server
	listeners []net.Listener
}

// listen takes the two ports, and says how others reach them.
func (f *executorFlags) listen(hello *control.Hello) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, l := range []struct {
		flag    string
		port    uint16
		address *string
	}{{"--flight-port", f.flightPort, &hello.FlightAddress}, {"--grpc-port", f.grpcPort, &hello.ControlAddress}} {
		listener, err := net.Listen("tcp", net.JoinHostPort(f.bindHost, strconv.Itoa(int(l.port))))
		if err != nil {
			return listeners, fmt.Errorf("listen (%s): %w", l.flag, err)
		}
		listeners = append(listeners, listener)
		*l.address = net.JoinHostPort(f.externalHost, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	}
	if _, _, err := net.SplitHostPort(f.externalHost); err == nil {
		hello.FlightAddress = f.externalHost
		host, _, _ := net.SplitHostPort(f.externalHost)
		_, port, _ := net.SplitHostPort(listeners[1].Addr().String())
		hello.ControlAddress = net.JoinHostPort(host, port)
	}
	return listeners, nil
}

func (f *executorFlags) build(guard auth.Guard, prom *prometheus.Registry, log *slog.Logger) (_ *worker, err error) {
	scheduler, err := f.scheduler()
	if err != nil {
		return nil, err
	}
	queries, written := f.shares()
	hello := &control.Hello{
		Id: uuid.NewString(), Slots: int32(f.slots), Threads: int32(f.engine.threads), MemoryBytes: queries.MemoryLimit,
		Version: version(), EngineVersion: engine.Version(),
	}
	w := &worker{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.listeners, err = f.listen(hello); err != nil {
		return w, err
	}
	f.engine.stores.meter = newSourceMeter(prom)
	queries.Usage = engine.NewUsage()
	registerEngine(prom, queries.MemoryLimit, queries.Usage, nil)
	stores, err := f.engine.stores.open(nil, f.guard.files())
	if err != nil {
		return w, err
	}
	boundGo()
	sweepSpill(f.engine.tempDir, log)
	if w.store, err = shuffle.NewStore(shuffle.Config{Dir: f.engine.tempDir, MemoryLimit: written, DiskLimit: int64(f.engine.maxSpill)}, log); err != nil {
		return w, err
	}
	w.client = shuffle.NewClient(f.peers.config(guard), hello.Id, w.store)
	w.slots = executor.NewSlots(queries, f.slots)
	core := executor.New(w.slots, stores.sources, executor.NewPieces(w.client, scheduler))
	w.agent = executor.NewAgent(executor.AgentConfig{
		Scheduler: scheduler, Hello: hello, DialOptions: guard.DialOptions(), DrainTimeout: f.drainTimeout,
	}, log)
	w.tasks = executor.NewWorker(core, w.store, executor.NewMetrics(prom), log.With("executor", hello.Id), w.agent.Report)
	w.agent.Attach(w.tasks)
	w.control = executor.NewControl(w.agent)
	for range w.listeners {
		w.servers = append(w.servers, grpc.NewServer(append(guard.ServerOptions(), shuffle.ServerOptions()...)...))
	}
	flight.RegisterFlightServiceServer(w.servers[0], shuffle.NewServer(w.store, shuffle.ServerConfig{}))
	w.control.Register(w.servers[1])
	log.Info("executor starts", "executor", hello.Id, "data", w.listeners[0].Addr().String(), "control", w.listeners[1].Addr().String(),
		"scheduler", scheduler, "slots", f.slots, "memory", formatBytes(queries.MemoryLimit), "version", version(), "pid", os.Getpid())
	return w, nil
}

// run serves until the executor has left, which the end of ctx asks for.
func (w *worker) run(ctx context.Context) error {
	services := lifecycle.NewGroup(context.Background())
	for i, server := range w.servers {
		services.Go("gRPC server", func(context.Context) error { return serve(server, w.listeners[i]) })
	}
	agent, leave := context.WithCancel(context.Background())
	defer leave()
	left := make(chan struct{})
	services.Go("agent", func(context.Context) error {
		defer close(left)
		return w.agent.Run(agent)
	})
	select {
	case <-ctx.Done():
		w.agent.Drain()
	case <-left:
	case <-w.tasks.Stuck():
		return errStuck
	case <-services.Failed():
		leave()
	}
	select {
	case <-left:
	case <-w.tasks.Stuck():
		return errStuck
	}
	w.control.Stopping()
	for _, server := range w.servers {
		server.Stop()
	}
	return services.Stop(context.Background())
}

// close ends what still runs and removes what was kept.
func (w *worker) close() error {
	var errs []error
	if w.tasks != nil {
		w.tasks.Close()
	}
	for _, l := range w.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if w.slots != nil {
		errs = append(errs, w.slots.Close())
	}
	if w.client != nil {
		errs = append(errs, w.client.Close())
	}
	if w.store != nil {
		errs = append(errs, w.store.Close())
	}
	return errors.Join(errs...)
}
