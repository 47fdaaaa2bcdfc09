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
	// Profiles is a folder for CPU and heap profiles of kallad's processes, the
	// last run's of each scenario. Default: none are made.
	Profiles string
	// Checkout is the folder whose scripts bring a server for S3. Required for
	// scenarios on S3.
	Checkout string
	// Log is told of each run.
	Log func(format string, args ...any)
}

// Runner runs scenarios.
type Runner struct{ cfg Config }

// New returns a runner.
func New(cfg Config) *Runner { return &Runner{cfg: cfg} }

// Run runs one scenario over data that was made from its spec. The error says
// so when a contestant's counts or evidence are wrong.
func (r *Runner) Run(ctx context.Context, s scenario.Scenario, data *dataset.Dataset) (_ report.Result, err error) {
	load := loadAverage()
	at, err := r.open(ctx, s, data)
	if err != nil {
		return report.Result{}, err
	}
	defer func() { err = errors.Join(err, at.release()) }()
	contestants, err := r.contestants(ctx, s, data, at)
	defer func() {
		for _, c := range contestants {
			err = errors.Join(err, c.close())
		}
	}()
	if err != nil {
		return report.Result{}, err
	}
	result := report.Result{
		Name: s.Name, About: s.About, Series: s.Series, Load: load,
		Rows: data.Left.Rows + data.Right.Rows, Bytes: data.Left.Bytes + data.Right.Bytes, MaxPeakBytes: s.MaxPeakBytes,
	}
	for _, c := range contestants {
		result.Contestants = append(result.Contestants, report.Contestant{Name: c.name(), About: c.about()})
	}
	expected, err := r.expect(ctx, s, contestants, data)
	if err != nil {
		return result, err
	}
	if result.Checked, err = r.warmUp(ctx, s, contestants, expected); err != nil {
		return result, err
	}
	return result, r.rounds(ctx, s, contestants, expected, &result)
}

// rounds lets the contestants take turns.
func (r *Runner) rounds(ctx context.Context, s scenario.Scenario, contestants []contestant, expected dataset.Counts, result *report.Result) error {
	rounds := s.Runs
	if r.cfg.Runs > 0 {
		rounds = r.cfg.Runs
	}
	dir := filepath.Join(r.cfg.Work, "run")
	for round := range rounds {
		for i, c := range contestants {
			run, err := r.once(ctx, c, dir, expected)
			if err != nil {
				return err
			}
			if i == 0 && s.MaxPeakBytes > 0 && run.PeakBytes > s.MaxPeakBytes {
				return fmt.Errorf("%s had %d bytes of memory, but may have %d", c.name(), run.PeakBytes, s.MaxPeakBytes)
			}
			r.cfg.Log("%s: round %d of %d: %s %.3f s, %.3f s CPU, %d MB", s.Name, round+1, rounds, c.name(), run.Seconds, run.CPUSeconds, run.PeakBytes/1e6)
			result.Contestants[i].Runs = append(result.Contestants[i].Runs, run)
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// expect returns the counts that every run has to find: those that the data was
// made with, or, for a rule of the scenario's own, those of the first peer that
// counts.
func (r *Runner) expect(ctx context.Context, s scenario.Scenario, contestants []contestant, data *dataset.Dataset) (dataset.Counts, error) {
	if !s.PeersCount() {
		return data.Expected, nil
	}
	dir := filepath.Join(r.cfg.Work, "expect")
	defer func() { _ = os.RemoveAll(dir) }()
	for _, c := range contestants {
		if _, ours := c.(*kalladCluster); ours || c.name() == (kalladRun{}).name() {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return dataset.Counts{}, err
		}
		said, err := c.run(ctx, dir)
		if err != nil {
			return dataset.Counts{}, err
		}
		if said.counts != nil {
			return *said.counts, nil
		}
	}
	return dataset.Counts{}, fmt.Errorf("scenario %s: no peer counts", s.Name)
}

// warmUp runs each contestant once, which brings the files into the page
// cache, and compares what they wrote, row by row of the keys.
func (r *Runner) warmUp(ctx context.Context, s scenario.Scenario, contestants []contestant, expected dataset.Counts) (string, error) {
	defer func() { _ = os.RemoveAll(filepath.Join(r.cfg.Work, "first")) }()
	var first *peer.Evidence
	for _, c := range contestants {
		dir := filepath.Join(r.cfg.Work, "first", c.name())
		if _, err := r.once(ctx, c, dir, expected); err != nil {
			return "", err
		}
		at, ok := c.evidence(dir)
		if !ok {
			continue
		}
		evidence, err := r.digest(ctx, at)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name(), err)
		}
		if first == nil {
			first = &evidence
		}
		if evidence != *first {
			return "", fmt.Errorf("the evidence of %s is %+v, that of %s %+v", c.name(), evidence, contestants[0].name(), *first)
		}
		r.cfg.Log("%s: %s: counts and evidence are right", s.Name, c.name())
	}
	source := "the data was made with"
	if s.PeersCount() {
		source = "a peer found"
	}
	return fmt.Sprintf("Every run that counts found the %d matches, %d and %d unmatched rows that %s, and all files that were written hold the same keys.",
		expected.Matched, expected.UnmatchedLeft, expected.UnmatchedRight, source), nil
}

// once runs a contestant and checks its counts.
func (r *Runner) once(ctx context.Context, c contestant, dir string, expected dataset.Counts) (report.Run, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return report.Run{}, err
	}
	settle()
	said, err := c.run(ctx, dir)
	if err != nil {
		return report.Run{}, err
	}
	if said.counts != nil && *said.counts != expected {
		return report.Run{}, fmt.Errorf("%s found %+v, but it should be %+v", c.name(), *said.counts, expected)
	}
	return said.took, nil
}

// contestants returns a scenario's, kallad first. They are to be closed, after
// an error too.
func (r *Runner) contestants(ctx context.Context, s scenario.Scenario, data *dataset.Dataset, at *place) ([]contestant, error) {
	var cores []int
	for i := range s.Cluster.AllCores() {
		cores = append(cores, i)
	}
	all := []contestant{oneProcess{command: kalladRun{binary: r.cfg.Kallad, scenario: s, at: at, profiles: r.cfg.Profiles}, cores: cores, env: at.env, writes: true}}
	if s.Cluster != nil {
		c, err := startCluster(ctx, r.cfg, s, at)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	for _, name := range s.Peers {
		if p := at.peers[name]; p != nil {
			all = append(all, oneProcess{command: p, cores: cores})
			continue
		}
		all = append(all, oneProcess{command: duckDB{self: r.cfg.Self, peer: name, scenario: s, data: data}, cores: cores, writes: true})
	}
	return all, nil
}
