package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/attribute"

	sched "kallad/ballista/scheduler"
	"kallad/ballista/shuffle"
	"kallad/worker/callback"
	"kallad/worker/recon"
	"kallad/worker/trace"
)

// runFlags are the settings of `kallad run`.
type runFlags struct {
	profile         profileFlags
	engine          engineFlags
	remote          remoteFlags
	trace           traceFlags
	outputRoot      string
	json            bool
	failOnUnmatched bool
	timeout         time.Duration
	callbacks       callback.Config
	outbound        callbackFlags
	verbose         bool
}

func newRunCommand(std streams) *cobra.Command {
	f := &runFlags{callbacks: callback.DefaultConfig()}
	f.callbacks.Grace = 0 // nobody is waiting for an answer first
	f.callbacks.FinalTimeout = 30 * time.Second
	cmd := &cobra.Command{
		Use:   "run JOB.json",
		Short: "Run one job in this process, or in a scheduler",
		Long: `Runs one job in this process, without a daemon: progress on the terminal, a
summary at the end, evidence in the job's output_path. JOB.json is the document
that POST /api/jobs takes; callback_url may be left out, and is called if it is
there. "-" reads it from standard input.

With --scheduler-url the job runs in that scheduler instead, and is shown in the
same way; an interrupt cancels it there. Paths in the job are then the
scheduler's, and so are all settings but those of the job.`,
		Example: `  kallad run examples/invoices/job.json
  kallad run --json job.json > result.json
  kallad run --memory-limit 2GB --output-root /data/evidence job.json
  jq '.run_id="again"' job.json | kallad run -
  kallad run --scheduler-url http://localhost:8080 --token-file token job.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.remote.note(cmd.Flags())
			if err := readEnv(cmd); err != nil {
				return err
			}
			return f.profile.around(func() error { return f.run(cmd.Context(), std, args[0]) })
		},
	}
	flags := cmd.Flags()
	f.engine.register(flags, true)
	f.profile.register(flags)
	f.outbound.register(flags)
	f.remote.register(flags)
	f.trace.register(flags)
	flags.StringVar(&f.outputRoot, "output-root", "", "folder that all output must be in, and that a relative output_path is under (default: the current folder, and absolute paths anywhere)")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON, and nothing else, on standard output")
	flags.BoolVar(&f.failOnUnmatched, "fail-on-unmatched", false, "exit with 1 when any row is unmatched")
	flags.DurationVar(&f.timeout, "timeout", 0, "end the job after this time, such as 10m (default: never)")
	flags.DurationVar(&f.callbacks.FinalTimeout, "callback-timeout", f.callbacks.FinalTimeout, "how long the delivery of the job's final callback is tried")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what happens inside, on standard error")
	env(flags, "output-root", "OUTPUT_ROOT")
	env(flags, "timeout", "JOB_TIMEOUT")
	env(flags, "callback-timeout", "CALLBACK_TIMEOUT")
	return cmd
}

func (f *runFlags) run(ctx context.Context, std streams, path string) (err error) {
	if f.timeout < 0 {
		return fmt.Errorf("--timeout %s: want more than 0, or 0 for never", f.timeout)
	}
	job, err := readJob(std.in, path)
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(trace.Logged(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: level})))
	stop, err := f.trace.start(ctx, "kallad-run", log)
	if err != nil {
		return err
	}
	defer stop()
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	ctx, span := trace.Start(ctx, "kallad run", attribute.String("run_id", job.RunID))
	if f.remote.url != "" {
		err = f.runRemote(ctx, std, job, log)
	} else {
		err = f.runHere(ctx, std, job, log)
	}
	span.End(err)
	return err
}

// runHere runs a job in this process.
func (f *runFlags) runHere(ctx context.Context, std streams, job *recon.Job, log *slog.Logger) (err error) {
	staging := f.outputRoot
	if staging == "" {
		staging = "."
	} else if f.engine.outputRoots, err = absolute(f.outputRoot); err != nil {
		return err
	}
	engines, err := f.engine.newEngines(staging, nil, 1, false, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engines.close()) }()
	local, err := newLocalEngine(sched.DefaultConfig(), engines, prometheus.NewRegistry(), log, shuffle.ClientConfig{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.close()) }()
	caller, err := f.newCaller(job, log)
	if err != nil {
		return err
	}
	caller.notifier.Trace(trace.Carry(ctx))
	view := newProgressView(std.err)
	result, err := engines.runner(local, log).Run(ctx, job, time.Now(), func(p recon.Progress) {
		view.show(p)
		caller.notifier.Progress(p)
	})
	view.close()
	told := caller.end(ctx, result, err)
	if err == nil {
		err = f.finish(std, result, staging)
	}
	return errors.Join(err, told)
}

func absolute(folder string) ([]string, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("find the folder %q: %w", folder, err)
	}
	return []string{abs}, nil
}

func (f *runFlags) finish(std streams, result *recon.Result, staging string) error {
	if err := f.print(std.out, result, staging); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("print the result: %w", err)
	}
	if f.failOnUnmatched && result.UnmatchedLeftCount+result.UnmatchedRightCount > 0 {
		return exitCode(exitUnmatched)
	}
	return nil
}

func (f *runFlags) print(out io.Writer, result *recon.Result, staging string) error {
	if !f.json {
		return printSummary(out, result, staging)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(result)
}

// maxJobBytes is the longest job document that is read.
const maxJobBytes = 16 << 20

func readJob(stdin io.Reader, path string) (*recon.Job, error) {
	var data []byte
	var err error
	name := path
	if path == "-" {
		name = "standard input"
		data, err = io.ReadAll(io.LimitReader(stdin, maxJobBytes))
	} else {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read job: %w", err)
	}
	job, err := recon.Decode(data, recon.ValidateOptions{})
	var invalid *recon.ValidationError
	if errors.As(err, &invalid) {
		text := fmt.Sprintf("the job in %s cannot be run:", name)
		for _, field := range invalid.Fields {
			text += "\n  " + field.Field + ": " + field.Message
		}
		return nil, errors.New(text)
	}
	if err != nil {
		return nil, fmt.Errorf("the job in %s cannot be read: %w", name, err)
	}
	return job, nil
}
