package plan

import (
	"maps"
	"slices"
)

// assignment says where the rows of a region's leaves go, which is proved to
// be right.
type assignment struct {
	places map[int]placement
	spot   spot
	// moved is about how many bytes go from task to task.
	moved int64
}

const (
	// maxPositions bounds by how many values rows are placed: more of them
	// even out rows that are alike in one, and cost a little.
	maxPositions = 3
	// maxFree bounds how many leaves are tried both copied and not.
	maxFree = 4
)

// assign proposes ways to place the leaves, has them proved and returns the
// one that moves least, or why there is none.
func (g *region) assign(p *planner) (*assignment, []*refusal) {
	classes := g.classes()
	var best *assignment
	var refused []*refusal
	try := func(places map[int]placement) {
		for _, option := range g.free(p, places) {
			a, no := g.prove(p, option)
			switch {
			case no != nil:
				refused = append(refused, no)
			case best == nil || a.moved < best.moved:
				best = a
			}
		}
	}
	for _, first := range classes {
		places := map[int]placement{}
		first.place(places, nil)
		single := maps.Clone(places)
		for _, more := range classes {
			if more != first && more.covers(first) {
				more.place(places, first)
			}
		}
		g.others(classes, places)
		try(places)
		g.others(classes, single)
		try(single)
	}
	try(map[int]placement{})
	return best, refused
}

// place adds a class as a position to the leaves that it has keys for, or to
// those that another class has, too.
func (c *class) place(places map[int]placement, only *class) {
	for id, k := range c.keys {
		if only != nil && only.keys[id] == nil {
			continue
		}
		at := places[id]
		if len(at.keys) == maxPositions {
			continue
		}
		at.keys, at.positions = append(slices.Clone(at.keys), k), append(slices.Clone(at.positions), c.position)
		places[id] = at
	}
}

// others places what is left by classes of its own: parts of a union need not
// be placed alike.
func (g *region) others(classes []*class, places map[int]placement) {
	for _, c := range classes {
		if !c.meets(places) {
			c.place(places, nil)
		}
	}
}

// free completes a proposal: each leaf that it says nothing of may be copied,
// or lie anywhere.
func (g *region) free(p *planner, places map[int]placement) []map[int]placement {
	var open []*leaf
	for _, l := range g.leaves {
		if _, ok := places[l.id]; !ok {
			open = append(open, l)
		}
	}
	var out []map[int]placement
	for choice := range 1 << min(len(open), maxFree) {
		option, ok := maps.Clone(places), true
		for i, l := range open {
			copied := choice>>min(i, maxFree-1)&1 == 0
			ok = ok && (!copied || g.bytes(p, l) <= p.copyLimit)
			option[l.id] = p.home(l, copied)
		}
		if ok {
			out = append(out, option)
		}
	}
	return out
}

// prove holds a proposal against the rules, with nulls spread if that can be.
func (g *region) prove(p *planner, places map[int]placement) (*assignment, *refusal) {
	var why *refusal
	for _, spread := range []bool{true, false} {
		tried := maps.Clone(places)
		for id, at := range tried {
			at.spread = spread && !p.keepsNulls(g.leaf(id), at)
			tried[id] = at
		}
		s, no := g.spot(tried)
		if no == nil && s.extent == whole {
			no = &refusal{why: "its tables are small, and every task would compute the same rows"}
		}
		if no == nil {
			return &assignment{places: tried, spot: s, moved: g.moved(p, tried)}, nil
		}
		why = no
	}
	return nil, why
}

// moved is about how many bytes a proposal sends from task to task.
func (g *region) moved(p *planner, places map[int]placement) int64 {
	total := int64(0)
	for _, l := range g.leaves {
		switch at := places[l.id]; {
		case at.copied:
			total += g.bytes(p, l) * int64(p.tasks)
		case len(at.keys) > 0:
			total += g.bytes(p, l)
		}
	}
	return total
}
