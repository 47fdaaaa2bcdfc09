package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"kallad/worker/client"
	"kallad/worker/recon"
)

// remoteFlags say which scheduler runs the job of `kallad run`, if one does.
type remoteFlags struct {
	url   string
	guard guardFlags
	// foreign are the flags given that concern this process alone.
	foreign []string
}

func (f *remoteFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "scheduler-url", "", "post the job to the scheduler at this address, such as http://localhost:8080, and follow it there")
	env(flags, "scheduler-url", "SCHEDULER_HTTP_URL")
	f.guard.registerCaller(flags)
}

// ownFlags concern a job that runs in this process.
var ownFlags = []string{
	"memory-limit", "max-spill", "threads", "temp-dir", "partitions", "source-root",
	"source-allow", "source-deny-private", "postgres-local", "s3-region", "s3-endpoint", "s3-allow-http", "output-root", "max-result-rows", "sort-evidence",
	"callback-timeout", "callback-allow", "callback-deny-private", "callback-secret", "callback-secret-file",
}

// note is called before variables are read: what they say may be meant for
// other commands.
func (f *remoteFlags) note(flags *pflag.FlagSet) {
	for _, name := range ownFlags {
		if flags.Changed(name) {
			f.foreign = append(f.foreign, "--"+name)
		}
	}
}

// connect returns a client of the scheduler.
func (f *remoteFlags) connect(log *slog.Logger) (*client.Client, error) {
	if len(f.foreign) > 0 {
		return nil, fmt.Errorf("%v: the job runs in the scheduler, whose own settings hold; leave these out or --scheduler-url", f.foreign)
	}
	guard, err := f.guard.openCaller(log)
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Config{URL: f.url, Guard: guard, Version: version()})
	if err != nil {
		return nil, fmt.Errorf("--scheduler-url: %w", err)
	}
	return c, nil
}

// runRemote runs a job in a scheduler, and shows it as if it ran here.
func (f *runFlags) runRemote(ctx context.Context, std streams, job *recon.Job, log *slog.Logger) error {
	c, err := f.remote.connect(log)
	if err != nil {
		return err
	}
	defer c.Close()
	existing, err := c.Submit(ctx, job)
	if err != nil {
		if ctx.Err() != nil {
			// It may have got there all the same.
			return errors.Join(err, f.cancelRemote(std, c, job.RunID))
		}
		return err
	}
	if existing {
		fmt.Fprintf(std.err, "kallad: the scheduler has this job already; following it\n")
	}
	view := newProgressView(std.err)
	last, err := c.Follow(ctx, job.RunID, func(s recon.JobStatus) { showStatus(view, s) })
	view.close()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errors.Join(fmt.Errorf("the job ran longer than it may (--timeout %s)", f.timeout), f.cancelRemote(std, c, job.RunID))
	case ctx.Err() != nil:
		return errors.Join(err, f.cancelRemote(std, c, job.RunID))
	case err != nil:
		return err
	case last.State != recon.StateSucceeded:
		return errors.New(last.Error)
	case last.Result == nil:
		return fmt.Errorf("the scheduler at %s says that the job succeeded and shows no result", c)
	}
	return f.finish(std, last.Result, "")
}

// showStatus shows a running job's state as progress. Before it is staging
// there is nothing to show.
func showStatus(view *progressView, s recon.JobStatus) {
	if s.State != recon.StateRunning && s.State != recon.StateSucceeded || s.Stage == "" || s.Stage == recon.StageValidation {
		return
	}
	view.show(recon.Progress{
		RunID: s.RunID, Stage: s.Stage, Fraction: s.Progress, Source: s.Source, RowsRead: s.RowsRead, RowsTotal: s.RowsTotal,
		MatchedCount: s.MatchedCount, TotalLeft: s.TotalLeft, TotalRight: s.TotalRight,
	})
}

// cancelTime is how long a cancellation has to reach the scheduler.
const cancelTime = 5 * time.Second

// cancelRemote cancels the job and says so.
func (f *runFlags) cancelRemote(std streams, c *client.Client, runID string) error {
	ctx, cancel := context.WithTimeout(context.Background(), cancelTime)
	defer cancel()
	if err := c.Cancel(ctx, runID); err != nil {
		return fmt.Errorf("job %s was not cancelled and may go on: %w", runID, err)
	}
	fmt.Fprintf(std.err, "kallad: job %s was cancelled on the scheduler\n", runID)
	return nil
}
