package race

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"kallad/bench/dataset"
	"kallad/bench/scenario"
	"kallad/worker/recon"
)

// kalladRun is `kallad run` in local mode.
type kalladRun struct {
	binary   string
	scenario scenario.Scenario
	// left and right are the sources' URIs.
	left, right string
}

func (k kalladRun) name() string { return "kallad" }

func (k kalladRun) writesEvidence() bool { return true }
func (k kalladRun) worksAlone() bool     { return true }

func (k kalladRun) about() string {
	return strings.Join(append([]string{"`kallad run --json"}, k.scenario.KalladArgs...), " ") + " job.json`"
}

func (k kalladRun) prepare(dir string) ([]string, error) {
	job := recon.Job{
		RunID:    "bench-" + k.scenario.Name,
		MatchSQL: k.scenario.MatchSQL,
		Sources: []recon.Source{
			{Alias: scenario.Left, URI: recon.URI(k.left)},
			{Alias: scenario.Right, URI: recon.URI(k.right)},
		},
		OutputPath:  dir,
		PrimaryKeys: map[string][]string{scenario.Left: {k.scenario.LeftColumns[0]}, scenario.Right: {k.scenario.RightColumns[0]}},
	}
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "job.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return nil, err
	}
	return append(append([]string{k.binary, "run", "--json"}, k.scenario.KalladArgs...), path), nil
}

func (k kalladRun) outcome(stdout []byte) (outcome, error) {
	var result recon.Result
	if err := json.Unmarshal(stdout, &result); err != nil {
		return outcome{}, err
	}
	stages := make(map[string]float64, len(result.StageSeconds))
	for stage, seconds := range result.StageSeconds {
		stages[string(stage)] = seconds
	}
	return outcome{
		counts: &dataset.Counts{
			Matched: result.MatchedCount, UnmatchedLeft: result.UnmatchedLeftCount, UnmatchedRight: result.UnmatchedRightCount,
		},
		stages: stages,
	}, nil
}
