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
	"kallad/worker/journal"
	"kallad/worker/metrics"
	"kallad/worker/reach"
	"kallad/worker/recon"
)

// schedulerFlags are the settings of `kallad scheduler`.
type schedulerFlags struct {
	daemonFlags
	engine       engineFlags
	outbound     callbackFlags
	http         httpFlags
	cluster      clusterFlags
	httpPort     uint16
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
ones --drain-timeout and tells their callers how they ended; waiting ones run
after the next start. So do those of a daemon that was killed: jobs are on disk
in the staging path, which belongs to one daemon at a time.`,
		Example: `  kallad scheduler
  kallad scheduler --http-port 9000 --staging-path /var/lib/kallad --memory-limit 8GB
  MAX_CONCURRENT_JOBS=2 kallad scheduler --log-format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.serve(cmd, std, daemonParts{service: schedulerService, validate: f.validate, run: f.run})
		},
	}
	f.register(cmd)
	return cmd
}

func (f *schedulerFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint16Var(&f.httpPort, "http-port", 8080, "port of the HTTP API; 0 takes a free one")
	flags.StringVar(&f.stagingPath, "staging-path", "./staging", "folder that relative output paths are under")
	flags.StringSliceVar(&f.engine.outputRoots, "output-root", nil, "further folder that absolute output paths may be in; repeatable (default: the staging path alone)")
	flags.IntVar(&f.queue.MaxJobs, "max-jobs", f.queue.MaxJobs, "jobs that run at once")
	flags.IntVar(&f.queue.MaxQueue, "max-queue", f.queue.MaxQueue, "jobs that may wait; more are refused with 503")
	flags.IntVar(&f.queue.Keep, "keep-jobs", f.queue.Keep, "finished jobs that are remembered")
	flags.DurationVar(&f.queue.KeepFor, "keep-jobs-for", f.queue.KeepFor, "how long finished jobs are remembered at most; 0 is for ever")
	flags.DurationVar(&f.queue.JobTimeout, "job-timeout", 0, "end a job after this time (default: never)")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", 30*time.Second, "time that running jobs have to finish after SIGTERM")
	flags.DurationVar(&f.callbacks.FinalTimeout, "callback-timeout", f.callbacks.FinalTimeout, "how long the delivery of a final callback is tried")
	flags.DurationVar(&f.callbacks.Grace, "callback-grace", f.callbacks.Grace, "time between the answer to a job's POST and its first callback")
	flags.DurationVar(&f.callbacks.ProgressInterval, "progress-interval", f.callbacks.ProgressInterval, "least time between two progress callbacks of one stage")
	f.daemonFlags.register(flags)
	f.cluster.register(flags)
	f.engine.register(flags, false)
	f.outbound.register(flags)
	f.http.register(flags)
	for flag, variable := range map[string]string{
		"http-port": "HTTP_PORT", "staging-path": "STAGING_PATH", "output-root": "OUTPUT_ROOTS",
		"max-jobs": "MAX_CONCURRENT_JOBS", "max-queue": "MAX_QUEUE", "job-timeout": "JOB_TIMEOUT", "keep-jobs": "KEEP_JOBS", "keep-jobs-for": "KEEP_JOBS_FOR", "drain-timeout": "DRAIN_TIMEOUT",
		"callback-timeout": "CALLBACK_TIMEOUT", "callback-grace": "CALLBACK_GRACE", "progress-interval": "PROGRESS_INTERVAL",
	} {
		env(flags, flag, variable)
	}
}

// schedulerService is what the daemon and its cells are called in traces.
const schedulerService = "kallad-scheduler"

// daemon is the scheduler's parts, running.
type daemon struct {
	journal *journal.Journal
	engines *engines
	cluster *cluster
	roster  *roster
	sender  *callback.Sender
	queue   *runner.Queue
	server  *api.Server
	guard   auth.Guard
	// reachable is where callbacks may go.
	reachable reach.Rules
}

func (f *schedulerFlags) validate() error {
	return errors.Join(f.queue.Validate(), f.callbacks.Validate())
}

func (f *schedulerFlags) run(ctx context.Context, log *slog.Logger) error {
	d, err := f.build(log)
	if err != nil {
		return err
	}
	if err := d.start(ctx); err != nil {
		return errors.Join(err, d.stop(0))
	}
	log.Info("listening for executors", "address", d.cluster.listener.Addr().String())
	log.Info("listening", "address", d.server.Addr().String(), "version", version(), "pid", os.Getpid())
	warnOpen(log, f.bindHost, d.guard)
	if len(f.engine.stores.sourceRoots) == 0 && d.guard.Open() && !isLoopback(f.bindHost) {
		log.Warn("jobs may read every file of this machine that this process may; set --source-root")
	}
	select {
	case <-ctx.Done():
		log.Info("shutting down", "drain_timeout", f.drainTimeout.String())
		return d.stop(f.drainTimeout)
	case <-d.server.Failed():
		return errors.Join(d.server.Err(), d.stop(f.drainTimeout))
	case <-d.cluster.members.Failed():
		return errors.Join(d.cluster.members.Err(), d.stop(f.drainTimeout))
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
	client, reachable, err := f.outbound.open(log)
	if err != nil {
		return nil, err
	}
	cfg := f.http.config()
	cfg.Address = net.JoinHostPort(f.bindHost, strconv.Itoa(int(f.httpPort)))
	cfg.Version, cfg.Guard = version(), guard
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	left, err := f.engine.stores.openOutput(f.engine.outputRoots)
	if err != nil {
		return nil, err
	}
	prom := prometheus.NewRegistry()
	registry := metrics.New(prom, version())
	registry.RegisterProcess()
	f.engine.stores.meter = newSourceMeter(prom)
	d := &daemon{guard: guard, reachable: reachable}
	// The journal comes first: its lock keeps a second daemon from everything.
	if d.journal, err = openJournal(staging, registry.Journal, log); err != nil {
		return nil, err
	}
	f.engine.spans = f.trace
	if d.engines, err = f.engine.newEngines(staging, f.private(staging), f.queue.MaxJobs, true, log); err != nil {
		return nil, errors.Join(err, d.journal.Close())
	}
	registerEngine(prom, f.engine.memory(), d.engines.usage, d.engines.cells)
	backlog := func() int { return d.queue.Load().QueuedJobs }
	if d.cluster, err = f.cluster.newCluster(d.engines, f.bindHost, guard, prom, backlog, log); err != nil {
		return nil, errors.Join(err, d.engines.close(), d.journal.Close())
	}
	d.sender = callback.New(f.callbacks, client, registry.Callback, log)
	d.roster = openRoster(filepath.Join(staging, journalFolder), log)
	d.queue, err = runner.NewQueue(f.queue, runner.QueueParts{
		Runner: d.engines.runner(d.cluster, log), Sender: d.sender, Journal: d.journal, Metrics: registry.Runner, Log: log,
		Places: d.roster.back,
	})
	if err != nil {
		return nil, errors.Join(err, d.cluster.stop(context.Background()), d.engines.close(), d.journal.Close())
	}
	state := &health.State{}
	state.RequireReady("queue", d.queue.Ready)
	d.server = api.New(cfg, api.Parts{
		Runner: f.admission(d), Cluster: d.cluster, Evidence: runner.NewEvidence(staging, left), Health: state, Metrics: registry, Log: log,
	})
	return d, nil
}

// admission is the queue behind the rules of where jobs may lead this process.
func (f *schedulerFlags) admission(d *daemon) runner.Admission {
	return runner.Admission{Queue: d.queue, Checks: []runner.JobCheck{
		d.engines.stores.check,
		func(job *recon.Job) []recon.FieldError { return callback.Check(d.reachable, job) },
	}}
}

// private is what no job may read or write.
func (f *schedulerFlags) private(staging string) []string {
	private := append(f.guard.files(), filepath.Join(staging, journalFolder))
	if f.outbound.secretFile != "" {
		private = append(private, f.outbound.secretFile)
	}
	return private
}

// start lets the API answer before jobs run: who wants to cancel a job that
// brings the daemon down at each start has to reach it first.
func (d *daemon) start(ctx context.Context) error {
	if err := errors.Join(d.cluster.start(ctx), d.server.Start(ctx)); err != nil {
		return err
	}
	d.cluster.member("roster", func(ctx context.Context) { d.roster.keep(ctx, d.cluster.scheduler) })
	return d.queue.Start(ctx)
}

// journalFolder is where the daemon keeps its jobs, in the staging path. Its
// name begins with a dot, so that no pattern of a source finds it.
const journalFolder = ".kallad"

// openJournal opens the journal in the staging path, which belongs to this
// process from then on.
func openJournal(staging string, meter journal.Meter, log *slog.Logger) (*journal.Journal, error) {
	folder, err := journal.OpenFolder(filepath.Join(staging, journalFolder))
	var locked *journal.LockedError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("the staging path %s belongs to another daemon (%s); a second one needs a --staging-path of its own", staging, locked.Holder)
	}
	if err != nil {
		return nil, err
	}
	return journal.Open(journal.DefaultConfig(), folder, meter, log)
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
		bounded(lastAnswers, d.cluster.stop),
		d.engines.close(),
		d.journal.Close(),
	)
}
