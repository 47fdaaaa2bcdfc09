package plan

import "slices"

// from is the rule for FROM clauses. filters are conditions that every row
// must meet to be of any consequence.
func (p *prover) from(it *item, filters []*conjunct) (spot, *refusal) {
	if place, isLeaf := p.places[it.id]; isLeaf {
		return leafSpot(place, same), nil
	}
	switch it.kind {
	case constItem:
		return spot{extent: whole}, nil
	case derivedItem:
		return p.relation(it.query, it.id)
	case joinItem:
		return p.join(it, filters)
	}
	return spot{}, &refusal{why: "internal error: the table " + it.table + " has no place"}
}

// join is the rule for joins.
//
// The conditions of an inner join hold for what is below it as well. Those of
// an outer join hold for its inner side: a pair of rows there that does not
// meet them joins nothing. What a condition further up refuses may be lost
// below: a row that would have been paired with it, and now shows with nulls,
// does not meet the condition either, unless it holds nulls to be equal.
func (p *prover) join(it *item, filters []*conjunct) (spot, *refusal) {
	if it.join != "INNER" {
		filters = slices.DeleteFunc(slices.Clone(filters), func(c *conjunct) bool { return c.nullSafe })
	}
	leftFilters, rightFilters := filters, filters
	switch it.join {
	case "INNER":
		leftFilters, rightFilters = with(filters, it.on), with(filters, it.on)
	case "LEFT", "ANTI":
		rightFilters = with(filters, it.on)
	case "SEMI":
		leftFilters, rightFilters = with(filters, it.on), with(filters, it.on)
	case "RIGHT":
		leftFilters = with(filters, it.on)
	}
	left, no := p.from(it.left, leftFilters)
	if no != nil {
		return left, no
	}
	right, no := p.from(it.right, rightFilters)
	if no != nil {
		return right, no
	}
	for _, s := range it.onSubs {
		if answer, no := p.relation(s.query, s.query.id); no != nil || answer.extent != whole {
			return left, &refusal{why: "a subquery in a join condition", sub: s}
		}
	}
	out := spot{loose: either(left.loose, right.loose), filled: p.joinFilled(it, left, right)}
	switch {
	case left.extent == split && right.extent == split:
		out.extent = split
		// Conditions from above count only where the columns in them are
		// those that the join yields.
		conditions := it.on
		if it.join != "SEMI" && it.join != "ANTI" {
			conditions = with(filters, it.on)
		}
		out.location, no = together(it, left.location, right.location, conditions)
		if no != nil {
			return out, no
		}
		out.location = out.location.fill(out.filled)
	case left.extent == whole && right.extent == whole:
		out.extent = whole
	case left.extent == split:
		if it.join == "RIGHT" || it.join == "FULL" {
			return out, &refusal{why: "every task would return the rows of the copied right side that none of its own rows joins", item: it}
		}
		out.extent, out.location = split, left.location.fill(out.filled)
	default:
		if it.join != "INNER" && it.join != "RIGHT" {
			return out, &refusal{why: "every task would return the rows of the copied left side by its own rows alone", item: it}
		}
		out.extent, out.location = split, right.location.fill(out.filled)
	}
	return out, nil
}

func with(filters, on []*conjunct) []*conjunct { return append(slices.Clone(filters), on...) }

// joinFilled returns what is not null in any row of a join.
func (p *prover) joinFilled(it *item, left, right spot) map[string]bool {
	out := map[string]bool{}
	add := func(from map[string]bool) {
		for k, v := range from {
			out[k] = out[k] || v
		}
	}
	if it.join != "RIGHT" && it.join != "FULL" {
		add(left.filled)
	}
	if it.join == "INNER" || it.join == "RIGHT" {
		add(right.filled)
	}
	if it.join == "INNER" || it.join == "SEMI" {
		add(filledBy(it.on))
	}
	return out
}

// filledBy returns the texts of the keys that conditions make not null.
func filledBy(conditions []*conjunct) map[string]bool {
	out := map[string]bool{}
	for _, c := range conditions {
		for _, k := range c.filled {
			out[k.text] = true
		}
	}
	return out
}

// together says where the rows of a join lie, both sides of which are split.
// They must be placed by values that the conditions hold to be equal.
func together(it *item, left, right *location, conditions []*conjunct) (*location, *refusal) {
	no := &refusal{why: "the two sides of a join are not placed by values that it holds to be equal", item: it}
	if left == nil || right == nil || !slices.Equal(left.positions, right.positions) {
		return nil, no
	}
	out := &location{positions: left.positions, alternatives: make([][]alternative, len(left.positions))}
	for i, at := range left.positions {
		l, r, ok := equated(at, i, left, right, conditions)
		if !ok {
			return nil, no
		}
		out.alternatives[i] = joined(it, left.alternatives[i], right.alternatives[i], l, r)
		if len(out.alternatives[i]) == 0 {
			return nil, nil
		}
	}
	return out, nil
}

// equated finds a condition that two alternatives at a position are equal.
func equated(at *position, i int, left, right *location, conditions []*conjunct) (l, r alternative, ok bool) {
	for _, c := range conditions {
		if c.left == nil || !at.holds(c.left.kind) || !at.holds(c.right.kind) {
			continue
		}
		for _, pair := range [][2]*key{{c.left, c.right}, {c.right, c.left}} {
			l, isLeft := left.find(i, pair[0])
			r, isRight := right.find(i, pair[1])
			if isLeft && isRight && (!c.nullSafe || l.sure && r.sure) {
				return l, r, true
			}
		}
	}
	return l, r, false
}

// joined are the alternatives at a position of a join's rows. Those of a side
// that may be missing are not sure any more, and must be null where the side
// is missing.
func joined(it *item, left, right []alternative, l, r alternative) []alternative {
	var out []alternative
	add := func(from []alternative, missing bool) {
		for _, a := range from {
			if !missing {
				out = append(out, a)
			} else if a.key.strict {
				out = append(out, alternative{a.key, false})
			}
		}
	}
	add(left, it.join == "RIGHT" || it.join == "FULL")
	if it.join != "SEMI" && it.join != "ANTI" {
		add(right, it.join == "LEFT" || it.join == "FULL")
	}
	if it.join == "FULL" && l.key.kind == r.key.kind {
		sure := l.sure && r.sure
		out = append(out, alternative{coalesceKey(l.key, r.key), sure}, alternative{coalesceKey(r.key, l.key), sure})
	}
	return out
}
