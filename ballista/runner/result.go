package runner

import (
	"fmt"

	"kallad/ballista/plan"
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
	result.ReadBytes, result.ShuffledBytes = o.read, o.shuffled
	result.PeakMemoryBytes = peakMemory()
	return result
}

// sourceBytes is what a job reads of its sources in one session, whose stage
// nobody tells of.
func sourceBytes(job plan.Job) (read int64) {
	for _, scan := range job.Scans {
		for _, p := range scan.Partitions {
			read += max(0, p.Bytes)
		}
	}
	return read
}

// volumes sums what stages took in from sources, and what they handed to other
// stages. A stage that reads a source beside what others wrote counts as a
// reader of the latter.
func volumes(stages []plan.StageStatus) (read, shuffled int64) {
	feeds := map[int]bool{}
	for _, s := range stages {
		for _, in := range s.Inputs {
			feeds[in] = true
		}
		if len(s.Inputs) == 0 {
			read += s.BytesIn
		}
	}
	for _, s := range stages {
		if feeds[s.ID] {
			shuffled += s.BytesOut
		}
	}
	return read, shuffled
}

// sideCounts takes each count from where it is a fact: the rows that the
// readers delivered, the rows that matched, the rows that were written.
func (r *run) sideCounts(o *observer, side int) recon.SideCounts {
	t, step := r.tables[side], unmatchedStep[side]
	c := recon.SideCounts{Alias: t.alias, Rows: o.loaded[t.alias], MatchedRows: o.dropped[step]}
	if v := o.counts[keysStep[side]]; len(v) == 2 {
		c.DuplicateKeyRows, c.NullKeyRows = v[0], v[1]
	}
	if v := o.counts[matchedRowsStep[side]]; v != nil {
		c.MatchedRows += v[0]
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
