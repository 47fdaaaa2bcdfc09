package race

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"kallad/bench/dataset"
	"kallad/bench/report"
	"kallad/bench/scenario"
	"kallad/worker/recon"
)

// kalladRun is `kallad run` in local mode.
type kalladRun struct {
	binary   string
	scenario scenario.Scenario
	at       *place
	// profiles is a folder for profiles; empty: none are made.
	profiles string
}

func (k kalladRun) name() string { return "kallad" }

func (k kalladRun) worksAlone() bool { return true }

func (k kalladRun) about() string {
	return strings.Join(append([]string{"`kallad run --json"}, k.scenario.KalladArgs...), " ") + " job.json`"
}

func (k kalladRun) prepare(dir string) ([]string, error) {
	text, err := json.Marshal(newJob(k.scenario, k.at, "bench-"+k.scenario.Name, dir))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "job.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return nil, err
	}
	argv := append([]string{k.binary, "run", "--json"}, k.scenario.KalladArgs...)
	if k.profiles != "" {
		name := filepath.Join(k.profiles, k.scenario.Name)
		argv = append(argv, "--cpu-profile", name+".cpu.pprof", "--heap-profile", name+".heap.pprof")
	}
	return append(argv, path), nil
}

// newJob is the job of a scenario, with its evidence in dir.
func newJob(s scenario.Scenario, at *place, runID, dir string) recon.Job {
	return recon.Job{
		RunID:    runID,
		MatchSQL: s.MatchSQL,
		Sources: []recon.Source{
			{Alias: scenario.Left, URI: recon.URI(at.left), Filters: s.LeftFilters},
			{Alias: scenario.Right, URI: recon.URI(at.right), Filters: s.RightFilters},
		},
		OutputPath:      dir,
		EvidenceColumns: s.EvidenceColumns,
		PrimaryKeys:     map[string][]string{scenario.Left: {s.LeftColumns[0]}, scenario.Right: {s.RightColumns[0]}},
	}
}

func (k kalladRun) outcome(stdout []byte) (outcome, error) {
	var result recon.Result
	if err := json.Unmarshal(stdout, &result); err != nil {
		return outcome{}, err
	}
	return outcome{counts: countsOf(&result), took: report.Run{
		ReadBytes: result.ReadBytes, ShuffledBytes: result.ShuffledBytes, Stages: stagesOf(&result),
	}}, nil
}

func countsOf(r *recon.Result) *dataset.Counts {
	return &dataset.Counts{Matched: r.MatchedCount, UnmatchedLeft: r.UnmatchedLeftCount, UnmatchedRight: r.UnmatchedRightCount}
}

func stagesOf(r *recon.Result) map[string]float64 {
	stages := make(map[string]float64, len(r.StageSeconds))
	for stage, seconds := range r.StageSeconds {
		stages[string(stage)] = seconds
	}
	return stages
}
