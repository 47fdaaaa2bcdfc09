package plan

import "slices"

// block is the rule for a SELECT.
func (p *prover) block(b *block, id int) (spot, *refusal) {
	s, no := p.groupedRows(b)
	if no != nil {
		return s, no
	}
	for _, q := range b.subs {
		if no := p.sub(q, s); no != nil {
			return s, no
		}
	}
	if s.extent == split {
		if no := p.gathered(b, s.location); no != nil {
			return s, no
		}
	}
	s.loose = either(s.loose, b.loose)
	s.location, s.filled = s.location.through(b, id), throughFilled(s.filled, b, id)
	return s, nil
}

// groupedRows is the rule for the rows that a SELECT groups, which the first of
// two phases may have grouped already.
func (p *prover) groupedRows(b *block) (spot, *refusal) {
	if b.phases != nil {
		if place, before := p.places[b.phases.id]; before {
			return leafSpot(place, same), nil
		}
	}
	return p.rows(b)
}

// rows is the rule for a SELECT's FROM and WHERE.
func (p *prover) rows(b *block) (spot, *refusal) {
	s, no := p.from(b.from, b.where)
	if no != nil {
		return s, no
	}
	filled := filledBy(b.where)
	for k, v := range s.filled {
		filled[k] = filled[k] || v
	}
	s.filled, s.location = filled, s.location.fill(filled)
	if p.before(b) {
		return s, nil
	}
	if s.extent == split && p.answers(s.location, b.where, nil, nil) {
		s.extent = answered
	}
	for _, q := range b.whereSubs {
		if no := p.sub(q, s); no != nil {
			return s, no
		}
	}
	return s, nil
}

// before reports whether a SELECT's FROM and WHERE are computed before.
func (p *prover) before(b *block) bool {
	_, placed := p.places[b.from.id]
	return placed && b.from.kind == joinItem
}

// answers reports whether every row that a row of a query around this one asks
// for lies where that row is: at every position, a condition holds the two to
// be equal. Of one position it may be that the subquery's own column is
// compared, by IN, with a key of the row.
func (p *prover) answers(l *location, conditions []*conjunct, column, asked *key) bool {
	if l == nil {
		return false
	}
	return slices.ContainsFunc(p.around, func(outer *location) bool {
		if outer == nil || !slices.Equal(outer.positions, l.positions) {
			return false
		}
		for i, at := range l.positions {
			_, _, ok := equated(at, i, l, outer, conditions)
			if !ok && column != nil && asked != nil && at.holds(column.kind) && at.holds(asked.kind) && !roundedByIn(column.kind, asked.kind) {
				_, inner := l.find(i, column)
				_, outside := outer.find(i, asked)
				ok = inner && outside
			}
			if !ok {
				return false
			}
		}
		return true
	})
}

// sub is the rule for a subquery in an expression of a SELECT whose rows lie
// as outer says.
func (p *prover) sub(q *sub, outer spot) *refusal {
	inner := &prover{places: p.places, around: p.around}
	if outer.extent == split {
		inner.around = append(slices.Clone(p.around), outer.location)
	}
	s, no := inner.relation(q.query, q.query.id)
	if no != nil {
		if no.sub == nil {
			no.sub = q
		}
		return no
	}
	switch {
	case s.extent == whole:
		return nil
	case s.extent == answered && (outer.extent != whole || s.loose == ""):
		return nil
	case s.extent == answered:
		return &refusal{why: s.loose + ", and each task would compute it by itself", sub: q}
	case outer.extent == split && inner.member(q, s, outer):
		return nil
	}
	return &refusal{why: "a subquery needs rows of all partitions", sub: q}
}

// member is the rule for x IN (SELECT y ...) where x and y are what the rows
// are placed by. The answer is right where it is true; where it is not, false
// and null must mean the same, because only all rows together know of a null
// among the y. NOT IN is right if there are no nulls at all.
func (p *prover) member(q *sub, s, outer spot) bool {
	if q.kind != "ANY" || !q.equal || q.child == nil {
		return false
	}
	y := q.query.columnKey(0)
	if !p.answers(s.location, nil, y, q.child) {
		return false
	}
	switch q.asked {
	case asTruth:
		return true
	case asDenial:
		return s.filled[y.text] && outer.filled[q.child.text]
	}
	return false
}

// columnKey is a column of the relation's result.
func (rel *relation) columnKey(col int) *key {
	k := &key{refs: []ref{{rel.id, col}}, strict: true, kind: rel.outputType(col), tree: refNode(ref{rel.id, col})}
	k.text = treeText(k.tree)
	if col < len(rel.columns) {
		k.label = rel.columns[col].name
	}
	return k
}

// outputType is the type of a result's column, "" if it is not known.
func (rel *relation) outputType(col int) sqlType {
	if col < len(rel.columns) {
		return rel.columns[col].kind
	}
	if rel.block != nil && col < len(rel.block.outputs) && rel.block.outputs[col] != nil {
		return rel.block.outputs[col].kind
	}
	return ""
}

// gathered is the rule for what brings rows of a split FROM clause together.
func (p *prover) gathered(b *block, l *location) *refusal {
	if b.grouped && (b.sets > 1 || !l.coveredBy(b.group)) {
		return &refusal{why: "rows that are grouped together may lie in different partitions", block: b}
	}
	for _, w := range b.windows {
		if !l.coveredBy(w) {
			return &refusal{why: "the rows of a window may lie in different partitions", block: b}
		}
	}
	if b.distinctOn != nil && !l.coveredBy(b.distinctOn) {
		return &refusal{why: "DISTINCT ON compares rows of different partitions", block: b}
	}
	if b.distinct && b.distinctOn == nil && !l.coveredBy(b.outputs) {
		return &refusal{why: "DISTINCT compares rows of different partitions", block: b}
	}
	return nil
}

// through says where a SELECT's rows lie in terms of its result.
func (l *location) through(b *block, id int) *location {
	if l == nil {
		return nil
	}
	out := &location{positions: l.positions, alternatives: make([][]alternative, len(l.positions))}
	for i, alternatives := range l.alternatives {
		for _, a := range alternatives {
			for _, k := range b.exported(a.key, id) {
				out.alternatives[i] = append(out.alternatives[i], alternative{k, a.sure})
			}
		}
		if len(out.alternatives[i]) == 0 {
			return nil
		}
	}
	return out
}

// exported returns a key over the FROM clause as keys over the result: the
// columns that are just that, or the same expression of columns.
func (b *block) exported(k *key, id int) []*key {
	var out []*key
	for i, o := range b.outputs {
		if o != nil && o.text == k.text {
			out = append(out, outputKey(id, i, k))
		}
	}
	if k.plain() {
		return out
	}
	over, ok := k.replace(func(r ref) (*key, bool) {
		for i, o := range b.outputs {
			if o == nil {
				continue
			}
			if at, plain := o.column(); plain && at == r {
				return outputKey(id, i, o), true
			}
		}
		return nil, false
	})
	if ok {
		out = append(out, over)
	}
	return out
}

func outputKey(id, col int, of *key) *key {
	k := &key{refs: []ref{{id, col}}, strict: true, kind: of.kind, label: of.label, tree: refNode(ref{id, col})}
	k.text = treeText(k.tree)
	return k
}

func throughFilled(filled map[string]bool, b *block, id int) map[string]bool {
	out := map[string]bool{}
	for i, o := range b.outputs {
		if o != nil && filled[o.text] {
			out[outputKey(id, i, o).text] = true
		}
	}
	return out
}
