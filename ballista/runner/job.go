package runner

import (
	"context"
	"encoding/json"
	"fmt"

	"kallad/ballista/plan"
	"kallad/worker/source"
)

// planJob splits what the graph reads of the sources and says where they are.
func (r *run) planJob(ctx context.Context) (plan.Job, error) {
	job := plan.Job{
		ID: r.job.RunID, Repeatable: true, Graph: r.graph, Scans: map[string]plan.Scan{}, Locations: map[string]plan.Secret{},
		Labels: map[string]string{"run_id": r.job.RunID},
	}
	for _, stage := range r.graph.AllStages() {
		for _, in := range stage.Inputs {
			key := in.ScanKey()
			if _, known := job.Scans[key]; known || in.Source == "" {
				continue
			}
			scan, err := r.scan(ctx, in)
			if err != nil {
				return plan.Job{}, fmt.Errorf("source %q: %w", in.Source, err)
			}
			job.Scans[key] = scan
		}
	}
	for _, t := range r.tables {
		job.Locations[t.alias] = plan.Secret(t.origin.URI.Reveal())
	}
	return job, nil
}

// scan splits a source, of which a stage reads some columns. All scans of a
// source show one moment of it.
func (r *run) scan(ctx context.Context, in plan.StageInput) (plan.Scan, error) {
	t := r.table(in.Source)
	want := source.Scan{Columns: in.Reads(), Filters: t.origin.Filters}
	partitions, err := t.source.Split(ctx, want, r.shares(t.about))
	if err != nil {
		return plan.Scan{}, err
	}
	scan := plan.Scan{Source: in.Source, Schema: plan.Schema{Schema: project(t.about.Schema, want.Columns)}}
	if scan.Raw, err = json.Marshal(want); err != nil {
		return plan.Scan{}, err
	}
	for _, p := range partitions {
		raw, err := json.Marshal(p)
		if err != nil {
			return plan.Scan{}, err
		}
		scan.Partitions = append(scan.Partitions, plan.Partition{Raw: raw, Rows: p.Rows, Bytes: p.Bytes, Once: p.Once})
	}
	return scan, nil
}

func (r *run) table(alias string) *table {
	for _, t := range r.tables {
		if t.alias == alias {
			return t
		}
	}
	return nil
}

const (
	// shareBytes is the least that is worth a partition of its own.
	shareBytes = 4 << 20
	// sharesPerThread lets threads that finish early take from the others.
	sharesPerThread = 4
)

// shares is how many partitions a source is to be split into.
func (r *run) shares(about *source.Description) int {
	if r.cfg.Partitions > 0 {
		return r.cfg.Partitions
	}
	readers := max(r.cfg.Threads, r.places)
	if about.Bytes < 0 {
		return readers
	}
	return max(1, min(readers*sharesPerThread, int(about.Bytes/shareBytes)))
}
