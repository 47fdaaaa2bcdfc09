package main

import (
	"fmt"
	"io"
	"log/slog"

	"kallad/worker/trace"

	"github.com/spf13/pflag"
)

// logFlags are the settings of a daemon's log.
type logFlags struct {
	level  string
	format string
}

func (f *logFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.format, "log-format", "text", "text or json")
	env(flags, "log-level", "LOG_LEVEL")
	env(flags, "log-format", "LOG_FORMAT")
}

func (f *logFlags) logger(out io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil {
		return nil, fmt.Errorf("--log-level %q: want debug, info, warn or error", f.level)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch f.format {
	case "text":
		return slog.New(trace.Logged(slog.NewTextHandler(out, opts))), nil
	case "json":
		return slog.New(trace.Logged(slog.NewJSONHandler(out, opts))), nil
	}
	return nil, fmt.Errorf("--log-format %q: want text or json", f.format)
}
