package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// doctorFlags are the settings of `kallad doctor`: those of a scheduler that
// can be wrong for a machine, and what it is to reach.
type doctorFlags struct {
	engine      engineFlags
	guard       guardFlags
	outbound    callbackFlags
	bindHost    string
	httpPort    uint16
	grpcPort    uint16
	stagingPath string
	maxJobs     int
	s3          []string
	postgres    []string
	schedulers  []string
	callbacks   []string
	timeout     time.Duration
	json        bool
}

func newDoctorCommand(std streams) *cobra.Command {
	f := &doctorFlags{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine, and what kallad is to reach from it",
		Long: `Checks whether a scheduler would work on this machine with these settings: ports,
folders, disks, memory, file handles, the clock. With --s3, --postgres,
--scheduler-url and --callback it also checks what is to be reached from here.
It takes the scheduler's own settings, and says of everything that is wrong what
to do. Nothing is left behind. The exit code is 2 when something fails.`,
		Example: `  kallad doctor
  kallad doctor --staging-path /var/lib/kallad --memory-limit 8GB --max-jobs 8
  kallad doctor --s3 s3://bucket/evidence/ --postgres 'postgres://app@db/erp?table=invoices'
  kallad doctor --scheduler-url http://scheduler:8080 --callback http://app:3000/api/worker`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readEnv(cmd); err != nil {
				return err
			}
			return f.run(cmd.Context(), std)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.bindHost, "bind-host", "0.0.0.0", "address that the scheduler is to listen on")
	flags.Uint16Var(&f.httpPort, "http-port", 8080, "port of the HTTP API")
	flags.Uint16Var(&f.grpcPort, "grpc-port", 50050, "port for executors")
	flags.StringVar(&f.stagingPath, "staging-path", "./staging", "folder that relative output paths are under")
	flags.IntVar(&f.maxJobs, "max-jobs", 4, "jobs that run at once")
	flags.StringArrayVar(&f.s3, "s3", nil, "object, or prefix that ends in /, to be read; repeatable")
	flags.StringArrayVar(&f.postgres, "postgres", nil, "Postgres source to be read, with ?table=; repeatable")
	flags.StringArrayVar(&f.schedulers, "scheduler-url", nil, "scheduler to be reached: http://host:port for its API, host:port for its --grpc-port; repeatable")
	flags.StringArrayVar(&f.callbacks, "callback", nil, "callback_url whose host is to be reached; nothing is posted; repeatable")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "time for each thing to be reached")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	f.engine.registerLimits(flags, true)
	f.guard.registerCaller(flags)
	f.outbound.register(flags)
	for flag, variable := range map[string]string{
		"bind-host": "BIND_HOST", "http-port": "HTTP_PORT", "grpc-port": "GRPC_PORT", "staging-path": "STAGING_PATH", "max-jobs": "MAX_CONCURRENT_JOBS",
	} {
		env(flags, flag, variable)
	}
	return cmd
}

// health of what was checked.
type condition string

const (
	conditionOK   condition = "ok"
	conditionWarn condition = "warn"
	conditionFail condition = "fail"
)

// finding is what a check found.
type finding struct {
	Check     string    `json:"check"`
	Condition condition `json:"condition"`
	// Found is what is the case, Do what to do about it. Neither holds
	// credentials.
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

func fine(check, found string, args ...any) finding {
	return finding{Check: check, Condition: conditionOK, Found: fmt.Sprintf(found, args...)}
}

func doubtful(check, do, found string, args ...any) finding {
	return finding{Check: check, Condition: conditionWarn, Found: fmt.Sprintf(found, args...), Do: do}
}

func broken(check, do, found string, args ...any) finding {
	return finding{Check: check, Condition: conditionFail, Found: fmt.Sprintf(found, args...), Do: do}
}

func (f *doctorFlags) run(ctx context.Context, std streams) error {
	if f.timeout <= 0 {
		return fmt.Errorf("--timeout %s: want more than 0", f.timeout)
	}
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelError}))
	found := append(f.checkMachine(), f.checkReach(ctx, log)...)
	if err := f.print(std.out, found); err != nil {
		return err
	}
	for _, one := range found {
		if one.Condition == conditionFail {
			return exitCode(exitError)
		}
	}
	return nil
}

// checkReach looks at everything that is to be reached, all at once.
func (f *doctorFlags) checkReach(ctx context.Context, log *slog.Logger) []finding {
	type check func(context.Context) finding
	var checks []check
	for _, list := range []struct {
		addresses []string
		look      func(context.Context, string) finding
	}{
		{f.s3, f.checkS3}, {f.postgres, f.checkPostgres},
		{f.schedulers, func(ctx context.Context, address string) finding { return f.checkScheduler(ctx, address, log) }},
		{f.callbacks, func(ctx context.Context, address string) finding { return f.checkCallback(ctx, address, log) }},
	} {
		for _, address := range list.addresses {
			checks = append(checks, func(ctx context.Context) finding { return list.look(ctx, address) })
		}
	}
	found := make([]finding, len(checks))
	var all sync.WaitGroup
	for i, look := range checks {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, f.timeout)
			defer cancel()
			found[i] = look(ctx)
		})
	}
	all.Wait()
	return found
}

func (f *doctorFlags) print(out io.Writer, found []finding) error {
	if f.json {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"findings": found})
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	counts := map[condition]int{}
	for _, one := range found {
		counts[one.Condition]++
		fmt.Fprintf(w, "%s\t%s\t%s\n", one.Condition, one.Check, oneLine(one.Found))
		if one.Do != "" {
			fmt.Fprintf(w, "\t\tto do: %s\n", one.Do)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%d ok, %d to look at, %d wrong\n", counts[conditionOK], counts[conditionWarn], counts[conditionFail])
	_, err := io.WriteString(out, b.String())
	return err
}

// oneLine keeps a text from others in its column.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
