package plan

// region is a part of a query that one stage computes: what stands below it
// are its leaves, which are mentions of tables, or parts that are computed
// before.
type region struct {
	resolver *resolver
	// Either query or rows is the root. rows is the FROM and WHERE of a SELECT.
	query *relation
	// cut are the ids of the parts that are computed before.
	cut map[int]bool

	leaves []*leaf
	// conjuncts, subs and sets are all that there are above the leaves.
	conjuncts []*conjunct
	subs      []*sub
	sets      []*relation
	blocks    []*block
}

// leaf is what a region starts from.
type leaf struct {
	id    int
	item  *item
	bytes int64
}

// explore finds what the region is made of.
func (g *region) explore() { g.relation(g.query) }

func (g *region) relation(rel *relation) {
	if g.cut[rel.id] {
		g.leaves = append(g.leaves, &leaf{id: rel.id})
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
	g.conjuncts = append(g.conjuncts, b.where...)
	g.item(b.from)
	g.sub(b.subs)
}

func (g *region) sub(subs []*sub) {
	for _, s := range subs {
		g.subs = append(g.subs, s)
		g.relation(s.query)
	}
}

func (g *region) item(it *item) {
	if g.cut[it.id] || it.kind == leafItem {
		g.leaves = append(g.leaves, &leaf{id: it.id, item: it})
		return
	}
	switch it.kind {
	case derivedItem:
		g.relation(it.query)
	case joinItem:
		g.conjuncts = append(g.conjuncts, it.on...)
		g.item(it.left)
		g.item(it.right)
		g.sub(it.onSubs)
	}
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
