package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"kallad/ballista/api"
	"kallad/ballista/runner"
	"kallad/worker/auth"
	"kallad/worker/callback"
	"kallad/worker/health"
	"kallad/worker/metrics"
)

// schedulerFlags are the settings of `kallad scheduler`.
type schedulerFlags struct {
	engine       engineFlags
	log          logFlags
	guard        guardFlags
	http         httpFlags
	httpPort     uint16
	grpcPort     uint16
	bindHost     string
	stagingPath  string
	queue        runner.QueueConfig
	callbacks    callback.Config
	drainTimeout time.Duration
}

func newSchedulerCommand(std streams) *cobra.Command {
	f := &schedulerFlags{queue: runner.DefaultQueueConfig(), callbacks: callback.DefaultConfig()}
	cmd := &cobra.Command{
		Use:   "scheduler",
		Short: "Run the daemon: HTTP API and job runner",
		Long: `Runs the daemon. Jobs are posted to POST /api/jobs; progress and the outcome go
to each job's callback_url. On SIGTERM it takes no further jobs, gives running
ones --drain-timeout, and tells every caller how the job ended.`,
		Example: `  kallad scheduler
  kallad scheduler --http-port 9000 --staging-path /var/lib/kallad --memory-limit 8GB
  MAX_CONCURRENT_JOBS=2 kallad scheduler --log-format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readEnv(cmd); err != nil {
				return err
			}
			return f.run(cmd.Context(), std)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *schedulerFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint16Var(&f.httpPort, "http-port", 8080, "port of the HTTP API; 0 takes a free one")
	flags.Uint16Var(&f.grpcPort, "grpc-port", 50050, "port for executors; kept free for them, nothing listens on it yet")
	flags.StringVar(&f.bindHost, "bind-host", "0.0.0.0", "address to listen on")
	flags.StringVar(&f.stagingPath, "staging-path", "./staging", "folder that relative output paths are under")
	flags.StringSliceVar(&f.engine.outputRoots, "output-root", nil, "further folder that absolute output paths may be in; repeatable (default: the staging path alone)")
	flags.IntVar(&f.queue.MaxJobs, "max-jobs", f.queue.MaxJobs, "jobs that run at once")
	flags.IntVar(&f.queue.MaxQueue, "max-queue", f.queue.MaxQueue, "jobs that may wait; more are refused with 503")
	flags.DurationVar(&f.queue.JobTimeout, "job-timeout", 0, "end a job after this time (default: never)")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", 30*time.Second, "time that running jobs have to finish after SIGTERM")
	flags.DurationVar(&f.callbacks.FinalTimeout, "callback-timeout", f.callbacks.FinalTimeout, "how long the delivery of a final callback is tried")
	flags.DurationVar(&f.callbacks.Grace, "callback-grace", f.callbacks.Grace, "time between the answer to a job's POST and its first callback")
	flags.DurationVar(&f.callbacks.ProgressInterval, "progress-interval", f.callbacks.ProgressInterval, "least time between two progress callbacks of one stage")
	f.engine.register(flags)
	f.log.register(flags)
	f.guard.register(flags)
	f.http.register(flags)
	for flag, variable := range map[string]string{
		"http-port": "HTTP_PORT", "grpc-port": "GRPC_PORT", "bind-host": "BIND_HOST", "staging-path": "STAGING_PATH", "output-root": "OUTPUT_ROOTS",
		"max-jobs": "MAX_CONCURRENT_JOBS", "max-queue": "MAX_QUEUE", "job-timeout": "JOB_TIMEOUT", "drain-timeout": "DRAIN_TIMEOUT",
		"callback-timeout": "CALLBACK_TIMEOUT", "callback-grace": "CALLBACK_GRACE", "progress-interval": "PROGRESS_INTERVAL",
	} {
		env(flags, flag, variable)
	}
}

// daemon is the scheduler's parts, running.
type daemon struct {
	engines *engines
	sender  *callback.Sender
	queue   *runner.Queue
	server  *api.Server
	guard   auth.Guard
}

func (f *schedulerFlags) run(ctx context.Context, std streams) error {
	log, err := f.log.logger(std.err)
	if err != nil {
		return err
	}
	if err := errors.Join(f.queue.Validate(), f.callbacks.Validate()); err != nil {
		return err
	}
	d, err := f.build(log)
	if err != nil {
		return err
	}
	if err := d.server.Start(ctx); err != nil {
		return errors.Join(err, d.stop(0))
	}
	log.Info("listening", "address", d.server.Addr().String(), "version", version(), "pid", os.Getpid())
	warnOpen(log, f.bindHost, d.guard)
	select {
	case <-ctx.Done():
		log.Info("shutting down", "drain_timeout", f.drainTimeout.String())
		return d.stop(f.drainTimeout)
	case <-d.server.Failed():
		return errors.Join(d.server.Err(), d.stop(f.drainTimeout))
	}
}

func (f *schedulerFlags) build(log *slog.Logger) (*daemon, error) {
	staging, err := filepath.Abs(f.stagingPath)
	if err != nil {
		return nil, fmt.Errorf("find the staging path %q: %w", f.stagingPath, err)
	}
	if err := os.MkdirAll(staging, 0o755); err != nil {
		return nil, fmt.Errorf("make the staging path: %w", err)
	}
	f.engine.outputRoots = append(f.engine.outputRoots, staging)
	guard, err := f.guard.open(log)
	if err != nil {
		return nil, err
	}
	cfg := f.http.config()
	cfg.Address = net.JoinHostPort(f.bindHost, strconv.Itoa(int(f.httpPort)))
	cfg.Version, cfg.Guard = version(), guard
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	engines, err := f.engine.newEngines(staging, f.queue.MaxJobs, true, log)
	if err != nil {
		return nil, err
	}
	registry := metrics.New(prometheus.NewRegistry(), version())
	registry.RegisterProcess()
	client := callback.NewClient(callback.ClientConfig{Version: version()})
	sender := callback.New(f.callbacks, client, registry.Callback, log)
	queue := runner.NewQueue(f.queue, engines.runner, sender, registry.Runner, log)
	state := &health.State{}
	state.RequireReady("queue", queue.Ready)
	server := api.New(cfg, api.Parts{Runner: queue, Cluster: api.Alone{}, Health: state, Metrics: registry, Log: log})
	return &daemon{engines: engines, sender: sender, queue: queue, server: server, guard: guard}, nil
}

const (
	// lastAnswers is how long requests under way have to be answered.
	lastAnswers = 5 * time.Second
	// lastCallbacks is how long the final callbacks of the last jobs have to
	// be acknowledged once everything else has stopped.
	lastCallbacks = 10 * time.Second
)

// stop ends the parts in the order in which they can spare each other: the
// queue first, while the API still says how its jobs go; the callbacks last.
func (d *daemon) stop(drain time.Duration) error {
	bounded := func(limit time.Duration, stop func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return stop(ctx)
	}
	return errors.Join(
		bounded(drain, d.queue.Stop),
		bounded(lastAnswers, d.server.Stop),
		bounded(lastCallbacks, d.sender.Stop),
		d.engines.close(),
	)
}
