package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/spf13/cobra"
)

// explainFlags are the settings of `kallad explain`.
type explainFlags struct {
	engine engineFlags
	places int
	json   bool
}

func newExplainCommand(std streams) *cobra.Command {
	f := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain JOB.json",
		Short: "Show how a job would be split, and why",
		Long: `Shows the stages in which executors would run a job, and why each is as it is.
It looks at the sources, for their columns and sizes, and runs nothing. "-"
reads the job from standard input.`,
		Example: `  kallad explain examples/invoices/job.json
  kallad explain --slots 16 --json job.json
  kallad explain --slots 0 job.json   # as kallad run would run it`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := readEnv(cmd); err != nil {
				return err
			}
			return f.explain(cmd.Context(), std, args[0])
		},
	}
	flags := cmd.Flags()
	f.engine.register(flags, true)
	flags.IntVar(&f.places, "slots", 2*runtime.GOMAXPROCS(0), "task slots of the executors that the plan is for; 0: no executor")
	flags.BoolVar(&f.json, "json", false, "print the stages as JSON")
	return cmd
}

func (f *explainFlags) explain(ctx context.Context, std streams, path string) (err error) {
	if f.places < 0 {
		return fmt.Errorf("--slots %d: want 0 or more", f.places)
	}
	job, err := readJob(std.in, path)
	if err != nil {
		return err
	}
	engines, err := f.engine.newEngines(".", nil, 1, false, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engines.close()) }()
	graph, err := engines.runner(nil, slog.New(slog.DiscardHandler)).Explain(ctx, job, f.places)
	if err != nil {
		return err
	}
	if f.json {
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		return enc.Encode(graph)
	}
	_, err = fmt.Fprint(std.out, graph)
	return err
}
