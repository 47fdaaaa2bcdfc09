package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kallad/bench/dataset"
	"kallad/bench/process"
	"kallad/bench/race"
	"kallad/bench/report"
	"kallad/bench/scenario"
)

// runFlags are the settings of a measurement.
type runFlags struct {
	cache   string
	kallad  string
	results string
	profile string
	runs    int
	list    bool
}

func (f *runFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kallad, "kallad", os.Getenv("KALLAD_BINARY"), "the binary to measure [$KALLAD_BINARY] (default: built from the checkout)")
	flags.StringVar(&f.results, "results", "", "folder for the reports (default: bench/results in the checkout)")
	flags.IntVar(&f.runs, "runs", 0, "how often each contestant runs (default: as the scenario says)")
	flags.StringVar(&f.profile, "profile", "", "folder for CPU and heap profiles of kallad run, the last run's of each scenario")
	flags.BoolVar(&f.list, "list", false, "list the scenarios")
}

// measure runs the named scenarios, or all, and writes their report.
func (f *runFlags) measure(ctx context.Context, out, log io.Writer, names []string) error {
	all, err := scenario.All()
	if err != nil {
		return err
	}
	if f.list {
		for _, s := range all {
			_, _ = fmt.Fprintf(out, "%-20s %s\n", s.Name, s.About)
		}
		return nil
	}
	if len(names) == 0 {
		names = scenario.Names(all)
	}
	chosen, err := scenario.Select(all, names)
	if err != nil {
		return err
	}
	r, err := f.runAll(ctx, log, chosen)
	if len(r.Scenarios) == 0 {
		return err
	}
	if problem := r.Markdown(out); problem != nil {
		return errors.Join(err, problem)
	}
	return errors.Join(err, f.save(r, log))
}

// runAll runs scenarios until one fails.
func (f *runFlags) runAll(ctx context.Context, log io.Writer, chosen []scenario.Scenario) (r report.Report, err error) {
	root, err := checkout()
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, fmt.Errorf("find bench itself: %w", err)
	}
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		return r, fmt.Errorf("make the cache: %w", err)
	}
	binary, err := kalladBinary(ctx, f.kallad, root, f.cache)
	if err != nil {
		return r, err
	}
	profiles, err := f.profileFolder()
	if err != nil {
		return r, err
	}
	work, err := os.MkdirTemp(f.cache, "work-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	r = report.Report{StartedAt: time.Now().UTC(), Machine: thisMachine()}
	if r.Versions, err = versions(ctx, root, binary, self); err != nil {
		return r, err
	}
	runner := race.New(race.Config{Kallad: binary, Self: self, Work: work, Runs: f.runs, Profiles: profiles, Checkout: root, Log: func(format string, args ...any) {
		_, _ = fmt.Fprintf(log, format+"\n", args...)
	}})
	for _, s := range chosen {
		data, err := f.data(ctx, self, s.Data)
		if err != nil {
			return r, err
		}
		result, err := runner.Run(ctx, s, data)
		if err != nil {
			return r, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		r.Scenarios = append(r.Scenarios, result)
	}
	return r, nil
}

// profileFolder makes the folder for profiles, if any are wanted.
func (f *runFlags) profileFolder() (string, error) {
	if f.profile == "" {
		return "", nil
	}
	if err := os.MkdirAll(f.profile, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of profiles: %w", err)
	}
	return filepath.Abs(f.profile)
}

// data makes a scenario's data in another process, as what bench itself holds
// counts towards the memory of the processes that it starts.
func (f *runFlags) data(ctx context.Context, self string, spec dataset.Spec) (*dataset.Dataset, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if _, err := process.Run(ctx, "", append([]string{self, "--cache", f.cache}, genArgs(spec)...)...); err != nil {
		return nil, err
	}
	return dataset.Make(ctx, f.cache, spec)
}

// save writes all forms of the report.
func (f *runFlags) save(r report.Report, log io.Writer) error {
	dir := f.results
	if dir == "" {
		root, err := checkout()
		if err != nil {
			return err
		}
		dir = filepath.Join(root, "bench", "results")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of reports: %w", err)
	}
	name := r.StartedAt.Format("20060102-150405") + "-" + strings.TrimSuffix(r.Versions.Commit, "+changes")
	for ending, write := range map[string]func(io.Writer) error{".md": r.Markdown, ".html": r.HTML, ".json": r.JSON} {
		path := filepath.Join(dir, name+ending)
		if err := writeFile(path, write); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(log, "wrote %s\n", path)
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(write(file), file.Close())
}
