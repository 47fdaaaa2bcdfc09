package plan

import (
	"maps"
	"slices"
)

// region is a part of a query that one stage computes: what stands below it
// are its leaves, which are mentions of tables, or parts that are computed
// before.
type region struct {
	resolver *resolver
	root     root
	// cut are the ids of the parts that are computed before.
	cut map[int]bool

	leaves []*leaf
	// conjuncts, subs and sets are all that there are above the leaves.
	conjuncts []*conjunct
	subs      []*sub
	sets      []*relation
	blocks    []*block
}

// root is what a region computes. One of the fields is set.
type root struct {
	query *relation
	// rows are the FROM and WHERE of a SELECT.
	rows *block
	// phase is a SELECT of whose two phases it is the first.
	phase *block
	// item is a join, that of the block in, and the conditions that its rows
	// must meet to be of any consequence.
	item    *item
	in      *block
	filters []*conjunct
}

func (r root) none() bool { return r.query == nil && r.rows == nil && r.phase == nil && r.item == nil }

// leaf is what a region starts from.
type leaf struct {
	id int
	// item is set for mentions of tables, and for parts that stand in a FROM
	// clause.
	item *item
	// query is set for parts that are queries.
	query *relation
	// part is the root of the region that computes the leaf.
	part root
}

// newRegion returns a region, without what is cut off it.
func newRegion(r *resolver, of root, cut map[int]bool) *region {
	g := &region{resolver: r, root: of, cut: cut}
	switch {
	case of.query != nil:
		g.relation(of.query)
	case of.rows != nil:
		g.rows(of.rows)
	case of.phase != nil:
		g.rows(of.phase)
	default:
		g.item(of.item, of.in)
	}
	return g
}

// without returns the region with one more part cut off.
func (g *region) without(id int) *region {
	cut := maps.Clone(g.cut)
	cut[id] = true
	return newRegion(g.resolver, g.root, cut)
}

func (g *region) relation(rel *relation) {
	if g.cut[rel.id] {
		g.leaves = append(g.leaves, &leaf{id: rel.id, query: rel, part: root{query: rel}})
		return
	}
	if rel.block == nil {
		g.sets = append(g.sets, rel)
		g.relation(rel.left)
		g.relation(rel.right)
		return
	}
	b := rel.block
	g.blocks = append(g.blocks, b)
	switch {
	case b.phases != nil && g.cut[b.phases.id]:
		g.leaves = append(g.leaves, &leaf{id: b.phases.id, item: b.from, part: root{phase: b}})
	case g.cut[b.from.id] && b.from.kind == joinItem:
		g.leaves = append(g.leaves, &leaf{id: b.from.id, item: b.from, part: root{rows: b}})
		g.conjuncts = append(g.conjuncts, b.where...)
	default:
		g.rows(b)
	}
	g.sub(b.subs)
}

func (g *region) rows(b *block) {
	g.conjuncts = append(g.conjuncts, b.where...)
	g.item(b.from, b)
	g.sub(b.whereSubs)
}

func (g *region) sub(subs []*sub) {
	for _, s := range subs {
		g.subs = append(g.subs, s)
		g.relation(s.query)
	}
}

func (g *region) item(it *item, in *block) {
	switch {
	case it.kind == leafItem:
		g.leaves = append(g.leaves, &leaf{id: it.id, item: it})
	case g.cut[it.id] && it.kind == derivedItem:
		g.leaves = append(g.leaves, &leaf{id: it.id, item: it, query: it.query, part: root{query: it.query}})
	case g.cut[it.id]:
		g.leaves = append(g.leaves, &leaf{id: it.id, item: it, part: root{item: it, in: in, filters: in.above(it)}})
	case it.kind == derivedItem:
		g.relation(it.query)
	case it.kind == joinItem:
		g.conjuncts = append(g.conjuncts, it.on...)
		g.item(it.left, in)
		g.item(it.right, in)
		g.sub(it.onSubs)
	}
}

// above returns the conditions that rows of a part of the FROM clause must
// meet, if only inner joins are above it.
func (b *block) above(it *item) []*conjunct {
	filters := slices.Clone(b.where)
	for at := b.from; at != it; {
		if at.join != "INNER" {
			return nil
		}
		filters = append(filters, at.on...)
		if at.left.has(it.id) {
			at = at.left
		} else {
			at = at.right
		}
	}
	return filters
}

// owner returns the leaf that a column belongs to, nil if it belongs to none.
func (g *region) owner(id int) *leaf {
	for _, l := range g.leaves {
		if l.id == id || l.item != nil && l.item.has(id) {
			return l
		}
	}
	return nil
}

func (g *region) leaf(id int) *leaf {
	for _, l := range g.leaves {
		if l.id == id {
			return l
		}
	}
	return nil
}

// spot holds the region's root against the rules.
func (g *region) spot(places map[int]placement) (spot, *refusal) {
	p := &prover{places: places}
	switch {
	case g.root.query != nil:
		return p.relation(g.root.query, 0)
	case g.root.rows != nil:
		return p.rows(g.root.rows)
	case g.root.phase != nil:
		return p.rows(g.root.phase)
	}
	return p.from(g.root.item, g.root.filters)
}

// unfold returns the keys over the columns of leaves that a key comes down to:
// several where it comes out of a union.
func (g *region) unfold(k *key) []*key {
	for _, r := range k.refs {
		if g.owner(r.id) != nil {
			continue
		}
		var out []*key
		for _, below := range g.below(r) {
			over, _ := k.replace(func(other ref) (*key, bool) {
				if other == r {
					return below, true
				}
				return &key{refs: []ref{other}, strict: true, tree: refNode(other)}, true
			})
			if k.plain() {
				over.kind, over.label = below.kind, below.label
			}
			out = append(out, g.unfold(over)...)
		}
		return out
	}
	return []*key{k}
}

// below returns what a column of a subquery's or query's result is made of.
func (g *region) below(r ref) []*key {
	if it := g.resolver.items[r.id]; it != nil && it.query != nil {
		return g.outputs(it.query, r.col)
	}
	if rel := g.resolver.relations[r.id]; rel != nil {
		return g.outputs(rel, r.col)
	}
	return nil
}

func (g *region) outputs(rel *relation, col int) []*key {
	if g.cut[rel.id] {
		return []*key{rel.columnKey(col)}
	}
	if rel.block == nil {
		if rel.setop == "UNION_BY_NAME" {
			return nil
		}
		return append(g.outputs(rel.left, col), g.outputs(rel.right, col)...)
	}
	if col >= len(rel.block.outputs) || rel.block.outputs[col] == nil {
		return nil
	}
	return []*key{rel.block.outputs[col]}
}

// bytes is about how large a leaf is.
func (g *region) bytes(p *planner, l *leaf) int64 {
	if l.part.none() {
		return p.table(l.item.table).bytes()
	}
	return p.partBytes(l.part)
}

// oneRow is what a result of one row is taken to have. Unit: bytes.
const oneRow = 1 << 10

// partBytes guesses how large a part is: as large as the largest of its
// tables, or a quarter of that if its rows are grouped.
func (p *planner) partBytes(of root) int64 {
	if of.phase != nil && len(of.phase.group) == 0 || of.query != nil && of.query.block != nil && of.query.block.grouped && len(of.query.block.group) == 0 {
		return oneRow
	}
	whole := newRegion(p.resolver, of, map[int]bool{})
	most := int64(oneRow)
	for _, l := range whole.leaves {
		most = max(most, p.table(l.item.table).bytes())
	}
	if of.phase != nil || of.query != nil && of.query.block != nil && of.query.block.grouped {
		most /= 4
	}
	return most
}
