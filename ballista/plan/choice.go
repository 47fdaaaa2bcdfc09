package plan

import (
	"fmt"
	"maps"
	"slices"
)

// Which leaf is small enough to be copied can't always be told beforehand. If
// much could be saved by copying one whose size is a guess, that one is
// written first, placed by keys, and what comes after is planned both ways:
// with its rows read by every task, if they turn out to be few, and as they
// were placed if not.

// hope is a leaf that may turn out to be small.
type hope struct {
	leaf int
	// places are those of the region if it is.
	places map[int]placement
}

// hope finds the leaf of a solution that is worth waiting for, nil if there is
// none. Lookups want rows where they are placed.
func (p *planner) hope(s *solution) *hope {
	if len(p.Lookups) > 0 || s.assignment == nil {
		return nil
	}
	g := s.region
	var best *hope
	saved := int64(0)
	for _, l := range g.leaves {
		at := s.assignment.places[l.id]
		if at.copied || len(at.keys) == 0 || l.part.none() && p.table(l.item.table).Bytes >= 0 || l.part.phase != nil {
			continue
		}
		for _, others := range g.withCopy(p, s.assignment.places, l) {
			spot, no := g.spot(others)
			moved := g.moved(p, others) - g.bytes(p, l)*int64(p.tasks) + p.copyLimit*int64(p.tasks)
			if no == nil && spot.extent == split && s.assignment.moved-moved > saved {
				best, saved = &hope{leaf: l.id, places: others}, s.assignment.moved-moved
			}
		}
	}
	return best
}

// withCopy returns the places with a leaf copied, and the tables beside it
// read as they come, or placed as they were.
func (g *region) withCopy(p *planner, places map[int]placement, copied *leaf) []map[int]placement {
	keep := maps.Clone(places)
	at := keep[copied.id]
	at.copied = true
	keep[copied.id] = at
	loose := maps.Clone(keep)
	for _, l := range g.leaves {
		if l != copied && !loose[l.id].copied {
			loose[l.id] = p.home(l, false)
		}
	}
	return []map[int]placement{loose, keep}
}

// eitherWay joins two graphs that begin alike: when the output of the last
// stage that they share is small, what comes after is as in the second one.
func eitherWay(large, small Graph, output Output, limit int64) Graph {
	n := output.Stage + 1
	if len(large.Choices)+len(small.Choices) > 0 || n > len(small.Stages) || (Graph{Stages: large.Stages[:n]}).String() != (Graph{Stages: small.Stages[:n]}).String() {
		return large
	}
	shift := len(large.Stages) - n
	then := slices.Clone(small.Stages[n:])
	for i := range then {
		then[i].ID += shift
		then[i].Inputs = slices.Clone(then[i].Inputs)
		for j, in := range then[i].Inputs {
			if in.From != nil && in.From.Stage >= n {
				then[i].Inputs[j].From = &Output{Stage: in.From.Stage + shift, Step: in.From.Step}
			}
		}
	}
	return Graph{Stages: large.Stages[:n], Choices: []Choice{{
		If:   Condition{Stage: output.Stage, Write: output.Step, Limit: limit},
		Then: Graph{Stages: then}, Else: Graph{Stages: large.Stages[n:]},
		Why: fmt.Sprintf("how much stage %d writes is not known before; up to %s, every task reads all of it", output.Stage, size(limit)),
	}}}
}
