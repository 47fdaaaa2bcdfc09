package runner

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
)

// held is how many bytes a task holds for each byte of its tables: the tables,
// and what joins and counts keep of them. Measured on bench's 1:1 scenarios.
const held = 2

// footprint estimates what the query needs when one task does it all, in
// bytes; 0 when a table's rows are not known.
func (r *run) footprint() int64 {
	total := int64(0)
	for _, t := range r.tables {
		if t.about.Rows < 0 {
			return 0
		}
		total += held * t.about.Rows * width(project(t.about.Schema, t.columns))
	}
	return total
}

// tooLarge reports whether one task would have to spill most of the query,
// so that tasks of which each fits are done sooner.
func (r *run) tooLarge() bool {
	return r.cfg.Tasks > 0 && r.footprint() > r.cfg.Memory
}

// partitions is how many shares the query is split into; 0 leaves it to the
// planner.
func (r *run) partitions() int {
	if r.cfg.Partitions > 0 || r.places == 0 || r.mode != EngineModeLocal {
		return r.cfg.Partitions
	}
	// Twice as many as would fit: shares are not equal, and estimates are not
	// right.
	share := r.cfg.Memory / int64(2*r.cfg.Tasks)
	return int(min(max(r.footprint()/max(1, share)+1, int64(r.cfg.Tasks)), maxShares))
}

// maxShares bounds how many files are open at once while rows are placed.
const maxShares = 256

// gathers reports whether one task computes the matches from what others
// wrote: it would hold as much as one that does everything.
func gathers(g plan.Graph) bool {
	return len(g.Stages) > 1 && slices.ContainsFunc(g.AllStages(), func(s plan.Stage) bool {
		return s.Tasks == 1 && slices.ContainsFunc(s.Steps, func(step plan.Step) bool { return step.Name == stepMatched })
	})
}

// width is about what a row takes in the engine's vectors. Unit: bytes.
func width(schema *arrow.Schema) int64 {
	const short, long = 8, 24
	total := int64(0)
	for _, f := range schema.Fields() {
		switch t := f.Type.(type) {
		case *arrow.Decimal128Type:
			if t.Precision > 18 {
				total += 2 * short
			} else {
				total += short
			}
		case arrow.FixedWidthDataType:
			total += min(max(int64(t.Bytes()), 1), 2*short)
		default:
			total += long
		}
	}
	return total
}
