package plantest

import (
	"fmt"
	"strings"
	"time"

	"kallad/ballista/plan"
)

// maxGathered is the largest share of random queries that may fall to one task.
const maxGathered = 0.2

// Patience is how long one session has for a random query. Some multiply their
// tables beyond all measure; these are left out.
const Patience = 10 * time.Second

// Tally counts what became of random queries.
type Tally struct {
	// Queries were run, of which Gathered fell to one task. Unusable were no
	// queries, Failed are those that fail in one session,
	// too, or do not end there.
	Queries, Gathered, Unusable, Failed int
	// Stages, Choices and Rows are those of graphs, branches that did not run
	// included, and of what was compared.
	Stages, Choices, Rows int
	why                   map[string]int
}

// Note counts the graph of a query and reports whether one task does it all.
func (a *Tally) Note(g plan.Graph) (gathered bool) {
	stages := g.AllStages()
	a.Queries++
	a.Stages += len(stages)
	if len(g.Choices) > 0 {
		a.Choices++
	}
	if len(stages) > 1 || stages[0].Tasks > 1 {
		return false
	}
	a.Gathered++
	if a.why == nil {
		a.why = map[string]int{}
	}
	why, _, _ := strings.Cut(strings.Join(stages[0].Why, "; "), " of t")
	a.why[why]++
	return true
}

// Compared counts the rows of a result.
func (a *Tally) Compared(r *Result) {
	for _, rows := range r.Rows {
		a.Rows += len(rows)
	}
}

// fewQueries are too few to tell a share of them from chance.
const fewQueries = 100

// Check is an error if too many queries fell to one task: then a rule has
// become narrower than it was.
func (a *Tally) Check() error {
	if a.Queries >= fewQueries && float64(a.Gathered) > maxGathered*float64(a.Queries) {
		return fmt.Errorf("more than %.0f%% of the queries fell to one task: %s", 100*maxGathered, a)
	}
	return nil
}

func (a *Tally) String() string {
	out := fmt.Sprintf("%d queries, %d of them on one task (%.1f%%); %d stages, %d choices, %d rows; %d more were no queries, %d failed as they do unsplit",
		a.Queries, a.Gathered, 100*float64(a.Gathered)/float64(max(1, a.Queries)), a.Stages, a.Choices, a.Rows, a.Unusable, a.Failed)
	for why, n := range a.why {
		out += fmt.Sprintf("\n%6d %s", n, why)
	}
	return out
}
