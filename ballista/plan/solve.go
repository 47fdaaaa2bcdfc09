package plan

import (
	"cmp"
	"slices"
)

// solution is how a region is computed: its leaves placed in a way that is
// proved, its parts solved before. Without an assignment one task computes it
// alone.
type solution struct {
	region     *region
	assignment *assignment
	parts      map[int]*solution
	// moved is about how many bytes it sends from task to task, in all.
	moved int64
	// why says why one task is to do it.
	why string
}

const (
	// maxCuts bounds how many parts are cut off one region.
	maxCuts = 5
	// maxTries bounds how many sets of cuts are looked at for one region.
	maxTries = 24
	// largeCopy is up to what size a table is copied to every task where there
	// is no better way to split the work. Unit: bytes.
	largeCopy = 2 << 30
)

// solve finds how a part of the query can be computed by several tasks. Where
// what is above it can't be split as a whole, parts are cut off at the places
// that the rules object to, computed before, and placed anew. Only if that
// does not help, large tables are copied; then, one task does what is above
// some parts; and last, one task does everything.
func (p *planner) solve(of root) *solution {
	whole := newRegion(p.resolver, of, map[int]bool{})
	best, refused := p.search(whole)
	if best == nil && p.ctx.Err() == nil {
		limit := p.copyLimit
		p.copyLimit = max(limit, largeCopy)
		best, _ = p.search(whole)
		p.copyLimit = limit
	}
	if best != nil {
		return best
	}
	why := "nothing is known by which its tables could be split"
	if len(refused) > 0 {
		why = refused[0].why
	}
	if s := p.late(whole, refused); s != nil {
		s.why = why
		return s
	}
	return whole.alone(p, why)
}

// search looks for the cuts with which a region can be split.
func (p *planner) search(whole *region) (best *solution, refused []*refusal) {
	queue := []*region{whole}
	seen := map[string]bool{}
	for tries := 0; len(queue) > 0 && tries < maxTries && p.ctx.Err() == nil; tries++ {
		g := queue[0]
		queue = queue[1:]
		a, no := g.assign(p)
		if a != nil {
			s, no := p.complete(g, a)
			if no != nil {
				refused = append(refused, no)
			} else if best == nil || s.moved < best.moved {
				best = s
			}
			if g == whole {
				queue = append(queue, g.inPhases(p)...)
			}
			continue
		}
		if g == whole {
			refused = append(refused, no...)
		}
		if best != nil {
			continue
		}
		for _, next := range g.cuts(p, no) {
			if key := next.cutKey(); !seen[key] && len(next.cut) <= maxCuts {
				seen[key] = true
				queue = append(queue, next)
			}
		}
	}
	return best, refused
}

// inPhases returns the region with each of its SELECTs in two phases that
// can be. Rows that are looked up want rows as they are.
func (g *region) inPhases(p *planner) []*region {
	if len(p.Lookups) > 0 {
		return nil
	}
	var out []*region
	for _, b := range g.blocks {
		if p.inPhases(b) {
			out = append(out, g.without(b.phases.id))
		}
	}
	return out
}

// alone is the solution that one task has a region's tables and computes it.
func (g *region) alone(p *planner, why string) *solution {
	s := &solution{region: g, why: why}
	for _, l := range g.leaves {
		s.moved += g.bytes(p, l)
	}
	return s
}

// late is the solution that one task computes a region above parts that
// several tasks compute, nil if there is none.
func (p *planner) late(whole *region, refused []*refusal) *solution {
	var best *solution
	for _, g := range whole.cuts(p, refused) {
		s := g.alone(p, "")
		s.parts = map[int]*solution{}
		split := true
		for _, l := range g.leaves {
			if l.part.none() {
				continue
			}
			part := p.part(l)
			s.parts[l.id] = part
			s.moved += part.moved
			split = split && part.assignment != nil && part.loose() == ""
		}
		if split && s.loose() == "" && (best == nil || s.moved < best.moved) {
			best = s
		}
	}
	return best
}

// part is the solution of a leaf that is a part.
func (p *planner) part(l *leaf) *solution {
	s, known := p.solved[l.id]
	if !known {
		s = p.solve(l.part)
		p.solved[l.id] = s
	}
	return s
}

// complete solves the parts of a region that is proved.
func (p *planner) complete(g *region, a *assignment) (*solution, *refusal) {
	s := &solution{region: g, assignment: a, parts: map[int]*solution{}, moved: a.moved}
	for _, l := range g.leaves {
		if l.part.none() {
			continue
		}
		part := p.part(l)
		if loose := part.loose(); loose != "" {
			return nil, &refusal{why: loose + ", and several tasks would read it, of which one may see another outcome if something is lost and computed again"}
		}
		s.parts[l.id] = part
		s.moved += part.moved
		if part.assignment == nil {
			// One task is slower than several.
			s.moved += part.moved
		}
	}
	return s, nil
}

// loose says why the rows may be others when they are computed again, "" if
// they are the same.
func (s *solution) loose() string {
	if s.assignment != nil {
		return s.assignment.spot.loose
	}
	places := map[int]placement{}
	for _, l := range s.region.leaves {
		places[l.id] = placement{copied: true}
	}
	out, no := s.region.spot(places)
	if no != nil {
		return no.why
	}
	return out.loose
}

func (g *region) cutKey() string {
	ids := make([]int, 0, len(g.cut))
	for id := range g.cut {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := ""
	for _, id := range ids {
		out += string(rune(id)) + ","
	}
	return out
}

// cuts proposes parts to cut off where rules have refused a region.
func (g *region) cuts(p *planner, refused []*refusal) []*region {
	var ids []int
	add := func(id int) {
		if !g.cut[id] && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, no := range refused {
		switch {
		case no.sub != nil:
			if no.sub.alone && p.movable(no.sub.query.columns) {
				add(no.sub.query.id)
			}
			if no.item != nil {
				g.cutJoin(p, no.item, add)
			}
		case no.block != nil:
			if p.inPhases(no.block) {
				add(no.block.phases.id)
			}
			if from := no.block.from; from.kind == joinItem && !p.resolver.unclear() && len(no.block.names) > 0 && portable(from) {
				add(no.block.from.id)
			}
			g.cutDerived(p, no.block.from, add)
		case no.item != nil:
			g.cutJoin(p, no.item, add)
		case no.relation != nil && no.relation.block == nil:
			for _, side := range []*relation{no.relation.left, no.relation.right} {
				if p.movable(side.columns) {
					add(side.id)
				}
			}
		}
	}
	out := make([]*region, 0, len(ids))
	for _, id := range ids {
		if id != g.rootID() {
			out = append(out, g.without(id))
		}
	}
	slices.SortStableFunc(out, func(a, b *region) int { return cmp.Compare(len(a.leaves), len(b.leaves)) })
	return out
}

// inPhases reports whether a SELECT may be computed in two phases.
func (p *planner) inPhases(b *block) bool {
	return b.phases != nil && !p.resolver.unclear() && len(b.names) > 0 && p.movable(b.phases.columns)
}

// rootID is the id that would cut off all of the region.
func (g *region) rootID() int {
	switch {
	case g.root.query != nil:
		return g.root.query.id
	case g.root.rows != nil:
		return g.root.rows.from.id
	case g.root.phase != nil:
		return g.root.phase.phases.id
	}
	return g.root.item.id
}

// cutJoin proposes the sides of a join, if they are more than a table.
func (g *region) cutJoin(p *planner, it *item, add func(int)) {
	for _, side := range []*item{it.left, it.right} {
		switch {
		case side.kind == joinItem && !p.resolver.unclear() && g.detachable(side) && portable(side):
			add(side.id)
		case side.kind == derivedItem && p.movable(side.columns):
			add(side.id)
		}
	}
	for _, side := range []*item{it.left, it.right} {
		if side.kind == joinItem {
			g.cutDerived(p, side, add)
		}
	}
}

// detachable reports whether a join can be computed by itself: nothing of the
// queries around its own is read in it, and what is above finds its columns
// under new names.
func (g *region) detachable(it *item) bool {
	blocks := g.blocks
	switch {
	case g.root.rows != nil:
		blocks = append(slices.Clone(blocks), g.root.rows)
	case g.root.phase != nil:
		blocks = append(slices.Clone(blocks), g.root.phase)
	case g.root.item != nil:
		blocks = append(slices.Clone(blocks), g.root.in)
	}
	for _, b := range blocks {
		if !b.from.has(it.id) || len(b.names) == 0 {
			continue
		}
		for at := b.from; at != it; {
			if len(at.using) > 0 {
				return false
			}
			if at.left.has(it.id) {
				at = at.left
			} else {
				at = at.right
			}
		}
		return true
	}
	return false
}

// cutDerived proposes the subqueries below an item.
func (g *region) cutDerived(p *planner, it *item, add func(int)) {
	switch {
	case it.kind == derivedItem && p.movable(it.columns):
		add(it.id)
	case it.kind == joinItem && !g.cut[it.id]:
		g.cutDerived(p, it.left, add)
		g.cutDerived(p, it.right, add)
	}
}

// unclear reports whether names in the query are not known for what they mean,
// so that no part of a FROM clause can be renamed.
func (r *resolver) unclear() bool { return len(r.opaque) > 0 }

// portable reports whether the columns that can be seen of a join have types
// that come back as they were.
func portable(it *item) bool {
	ok := true
	it.each(func(i *item) {
		for _, c := range i.columns {
			_, restored := c.kind.restored("x")
			ok = ok && restored
		}
	})
	return ok
}

// movable reports whether a part with these columns can be written and read:
// they have names of their own, and types that come back as they were.
func (p *planner) movable(columns []column) bool {
	seen := map[string]bool{}
	for _, c := range columns {
		if _, ok := c.kind.restored("x"); !ok || seen[lower(c.name)] || c.name == "" {
			return false
		}
		seen[lower(c.name)] = true
	}
	return len(columns) > 0
}
