package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// daemonFlags are the settings that all long-lived processes have.
type daemonFlags struct {
	profile  profileFlags
	log      logFlags
	trace    traceFlags
	debug    debugFlags
	guard    guardFlags
	bindHost string
}

func (f *daemonFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.bindHost, "bind-host", "0.0.0.0", "address to listen on")
	env(flags, "bind-host", "BIND_HOST")
	f.log.register(flags)
	f.profile.register(flags)
	f.trace.register(flags)
	f.debug.register(flags)
	f.guard.register(flags)
}

// daemonParts are what serve runs: its name in traces, whether its settings are
// right, and its work until ctx ends.
type daemonParts struct {
	service  string
	validate func() error
	run      func(ctx context.Context, log *slog.Logger) error
}

// serve reads the settings, and runs a daemon with its log, its spans, its
// profiles and its debug port.
func (f *daemonFlags) serve(cmd *cobra.Command, std streams, d daemonParts) error {
	if err := readEnv(cmd); err != nil {
		return err
	}
	return f.profile.around(func() error { return f.observed(cmd.Context(), std, d) })
}

func (f *daemonFlags) observed(ctx context.Context, std streams, d daemonParts) error {
	log, err := f.log.logger(std.err)
	if err != nil {
		return err
	}
	if err := d.validate(); err != nil {
		return err
	}
	stop, err := f.trace.start(ctx, d.service, log)
	if err != nil {
		return err
	}
	defer stop()
	undebug, err := f.debug.start(ctx, log)
	if err != nil {
		return err
	}
	defer undebug()
	err = d.run(ctx, log)
	if err != nil && ctx.Err() != nil {
		// The signal is no news: what went wrong after it is.
		log.Error("not ended well", "error", err)
		return exitCode(exitError)
	}
	return err
}
