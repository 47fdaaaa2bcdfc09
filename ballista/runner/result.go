package runner

import (
	"fmt"

	"kallad/worker/recon"
)

func (r *run) result(o *observer) *recon.Result {
	result := &recon.Result{
		RunID:        r.job.RunID,
		MatchedCount: o.counts[stepCount][0],
		OutputPaths:  outputPaths(r.job.OutputPath),
		Left:         r.sideCounts(o, 0),
		Right:        r.sideCounts(o, 1),
		EngineMode:   r.mode,
		Notes:        r.notes(),
		StartedAt:    r.startedAt.UTC(),
		FinishedAt:   r.cfg.Now().UTC(),
		StageSeconds: r.progress.stageSeconds(),
	}
	result.UnmatchedLeftCount = result.Left.UnmatchedRows
	result.UnmatchedRightCount = result.Right.UnmatchedRows
	result.PeakMemoryBytes = peakMemory()
	return result
}

// sideCounts takes each count from where it is a fact: the rows that the
// readers delivered, the rows that matched, the rows that were written.
func (r *run) sideCounts(o *observer, side int) recon.SideCounts {
	t, step := r.tables[side], unmatchedStep[side]
	c := recon.SideCounts{Alias: t.alias, Rows: o.loaded[t.alias], MatchedRows: o.dropped[step]}
	if v := o.counts[keysStep[side]]; len(v) == 2 {
		c.DuplicateKeyRows, c.NullKeyRows = v[0], v[1]
	}
	if file := o.files[step]; file != nil {
		c.UnmatchedRows = file.Rows()
	}
	return c
}

func (r *run) notes() []string {
	var notes []string
	for _, t := range r.tables {
		for _, n := range t.about.Notes {
			notes = append(notes, fmt.Sprintf("source %q: %s", t.alias, n))
		}
	}
	return notes
}
