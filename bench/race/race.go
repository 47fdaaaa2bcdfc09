// Package race runs the contestants of a scenario in turn and checks that
// they found the same before it keeps their times.
//
// It must not know how the report looks.
package race

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kallad/bench/dataset"
	"kallad/bench/peer"
	"kallad/bench/process"
	"kallad/bench/report"
	"kallad/bench/scenario"
)

// Config is what all scenarios of a call share.
type Config struct {
	// Kallad is the path of the binary. Required.
	Kallad string
	// Self is the path of bench's own binary, which runs peers as processes of
	// their own. Required.
	Self string
	// Work is a folder for the evidence; what a run leaves there is removed.
	// Required.
	Work string
	// Runs replaces the scenarios' own number of runs. Default 0: keep it.
	Runs int
	// Log is told of each run.
	Log func(format string, args ...any)
}

// Runner runs scenarios.
type Runner struct{ cfg Config }

// New returns a runner.
func New(cfg Config) *Runner { return &Runner{cfg: cfg} }

// contestant is one way to reconcile the data.
type contestant interface {
	name() string
	about() string
	// prepare readies a run whose evidence goes to dir and returns its command.
	prepare(dir string) (argv []string, err error)
	// outcome reads what the process printed.
	outcome(stdout []byte) (outcome, error)
	// writesEvidence says whether there are files to compare.
	writesEvidence() bool
	// worksAlone says whether the process does all the work itself, so that its
	// memory and CPU time are the contestant's.
	worksAlone() bool
}

// outcome is what a contestant says of a run.
type outcome struct {
	// counts is nil when the contestant counts nothing.
	counts *dataset.Counts
	stages map[string]float64
}

// Run runs one scenario over data that was made from its spec. The error says
// so when a contestant's counts or evidence are wrong.
func (r *Runner) Run(ctx context.Context, s scenario.Scenario, data *dataset.Dataset) (_ report.Result, err error) {
	load := loadAverage()
	contestants, release, err := r.contestants(ctx, s, data)
	if err != nil {
		return report.Result{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	result := report.Result{
		Name: s.Name, About: s.About, Load: load,
		Rows: data.Left.Rows + data.Right.Rows, Bytes: data.Left.Bytes + data.Right.Bytes,
	}
	for _, c := range contestants {
		result.Contestants = append(result.Contestants, report.Contestant{Name: c.name(), About: c.about()})
	}
	checked, err := r.warmUp(ctx, s, contestants, data.Expected)
	if err != nil {
		return result, err
	}
	result.Checked = checked
	rounds := s.Runs
	if r.cfg.Runs > 0 {
		rounds = r.cfg.Runs
	}
	for round := range rounds {
		for i, c := range contestants {
			run, err := r.once(ctx, c, filepath.Join(r.cfg.Work, "run"), data.Expected)
			if err != nil {
				return result, err
			}
			r.cfg.Log("%s: round %d of %d: %s %.3f s, %.3f s CPU", s.Name, round+1, rounds, c.name(), run.Seconds, run.CPUSeconds)
			result.Contestants[i].Runs = append(result.Contestants[i].Runs, run)
			if err := os.RemoveAll(filepath.Join(r.cfg.Work, "run")); err != nil {
				return result, err
			}
		}
	}
	return result, nil
}

// warmUp runs each contestant once, which brings the files into the page
// cache, and compares what they wrote, row by row of the keys.
func (r *Runner) warmUp(ctx context.Context, s scenario.Scenario, contestants []contestant, expected dataset.Counts) (string, error) {
	defer func() { _ = os.RemoveAll(filepath.Join(r.cfg.Work, "first")) }()
	var first peer.Evidence
	for i, c := range contestants {
		dir := filepath.Join(r.cfg.Work, "first", c.name())
		if _, err := r.once(ctx, c, dir, expected); err != nil {
			return "", err
		}
		if !c.writesEvidence() {
			continue
		}
		evidence, err := r.digest(ctx, dir)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name(), err)
		}
		if i == 0 {
			first = evidence
		}
		if evidence != first {
			return "", fmt.Errorf("the evidence of %s is %+v, that of %s %+v", c.name(), evidence, contestants[0].name(), first)
		}
		r.cfg.Log("%s: %s: counts and evidence are right", s.Name, c.name())
	}
	return fmt.Sprintf("Every run that counts found the %d matches, %d and %d unmatched rows that the data was made with, and all files that were written hold the same keys.",
		expected.Matched, expected.UnmatchedLeft, expected.UnmatchedRight), nil
}

// once runs a contestant and checks its counts.
func (r *Runner) once(ctx context.Context, c contestant, dir string, expected dataset.Counts) (report.Run, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return report.Run{}, err
	}
	argv, err := c.prepare(dir)
	if err != nil {
		return report.Run{}, fmt.Errorf("prepare %s: %w", c.name(), err)
	}
	settle()
	took, err := process.Run(ctx, dir, argv...)
	if err != nil {
		return report.Run{}, fmt.Errorf("%s: %w", c.name(), err)
	}
	said, err := c.outcome(took.Stdout)
	if err != nil {
		return report.Run{}, fmt.Errorf("read the result of %s: %w", c.name(), err)
	}
	if said.counts != nil && *said.counts != expected {
		return report.Run{}, fmt.Errorf("%s found %+v, but the data has %+v", c.name(), *said.counts, expected)
	}
	run := report.Run{Seconds: took.Seconds, Stages: said.stages}
	if c.worksAlone() {
		run.CPUSeconds, run.PeakBytes = took.CPUSeconds, took.PeakBytes
	}
	return run, nil
}

// contestants returns a scenario's, kallad first, and what releases the means
// that they share.
func (r *Runner) contestants(ctx context.Context, s scenario.Scenario, data *dataset.Dataset) ([]contestant, func() error, error) {
	if s.Source == scenario.Postgres {
		r.cfg.Log("%s: loading Postgres", s.Name)
		return postgresContestants(ctx, r.cfg.Kallad, s, data)
	}
	all := []contestant{kalladRun{
		binary: r.cfg.Kallad, scenario: s,
		left: filepath.Join(data.Dir, data.Left.Name), right: filepath.Join(data.Dir, data.Right.Name),
	}}
	for _, name := range s.Peers {
		all = append(all, duckDB{self: r.cfg.Self, peer: name, scenario: s, data: data})
	}
	return all, func() error { return nil }, nil
}
