package plan

import (
	"fmt"
	"slices"
)

// The rules by which it is proved that a query may be solved partition by
// partition. A session holds a share of some relations and the whole of
// others. A relation is
//
//   - whole, if every session computes all of its rows,
//   - split, if every row of it is computed in exactly one session,
//   - answered, for the subquery of a row: if the session that holds the row
//     computes the same as one that held everything.
//
// A query whose result is split may be solved that way: its result is what the
// sessions return together.
//
// For a split relation, its location says where a row is. Rows are placed by
// the hash of some values in a canonical form, the positions. A location names
// for each position the expressions that have the value there. A sure one has
// it in every row, also where it is null. An unsure one has it where it is not
// null, and where it is null, the row may be anywhere: the null may come from
// an outer join, or nulls are spread. A condition that only holds for values
// that are not null needs unsure ones; what holds nulls to be alike, such as
// GROUP BY, needs sure ones.

type extent int

const (
	whole extent = iota
	split
	answered
)

// position is what the rows of some relations are placed by: values of some
// types that have one canonical form. Positions are the same if they are one
// and the same object.
type position struct {
	form  form
	types []sqlType
}

func (p *position) holds(t sqlType) bool { return slices.Contains(p.types, t) }

// placement says how the rows of a leaf come into the sessions.
type placement struct {
	// copied: all of them into every session.
	copied bool
	// keys say by which values they are placed, one for each position; with
	// none of them they lie anywhere, each in one session.
	keys      []*key
	positions []*position
	// spread says that rows with a null among the keys lie anywhere.
	spread bool
}

// alternative is an expression that has the value at a position.
type alternative struct {
	key  *key
	sure bool
}

// location is where the rows of a split relation are.
type location struct {
	positions    []*position
	alternatives [][]alternative
}

// spot describes a relation under the rules.
type spot struct {
	extent extent
	// location is nil for rows that may lie anywhere.
	location *location
	// loose says why the rows may be others when computed again, "" if they
	// are the same.
	loose string
	// filled are the texts of keys that are null in no row.
	filled map[string]bool
}

// refusal says why something may not be solved partition by partition, and
// where in the query that is.
type refusal struct {
	why   string
	sub   *sub
	block *block
	item  *item
	// relation is the one that has a LIMIT or is a set operation.
	relation *relation
}

func (r *refusal) Error() string { return r.why }

// prover applies the rules.
type prover struct {
	// places say how leaves come into the sessions, by their id. A leaf is a
	// mention of a table, or a part of the query that is computed before.
	places map[int]placement
	// around are the locations of the queries around a subquery.
	around []*location
}

// relation finds out how the rows of a query node lie. The columns of the
// result are known by the given id.
func (p *prover) relation(rel *relation, id int) (spot, *refusal) {
	var s spot
	var no *refusal
	if place, cut := p.places[rel.id]; cut {
		return leafSpot(place, renameTo(id)), nil
	}
	if rel.block != nil {
		s, no = p.block(rel.block, id)
	} else {
		s, no = p.setop(rel, id)
	}
	if no != nil {
		return s, no
	}
	if rel.limited {
		if s.extent == split {
			return s, &refusal{why: "a LIMIT is over all rows", relation: rel}
		}
		s.loose = "a LIMIT may take other rows each time"
	}
	if s.extent == whole && s.loose != "" {
		return s, &refusal{why: s.loose + ", and each task would compute it by itself", relation: rel}
	}
	return s, nil
}

// leafSpot is how the rows of a leaf lie. rename says how its keys are called
// from outside.
func leafSpot(place placement, rename func(*key) *key) spot {
	if place.copied {
		return spot{extent: whole}
	}
	if len(place.keys) == 0 {
		return spot{extent: split}
	}
	l := &location{positions: place.positions}
	for _, k := range place.keys {
		if k = rename(k); k == nil {
			return spot{extent: split}
		}
		l.alternatives = append(l.alternatives, []alternative{{k, !place.spread}})
	}
	return spot{extent: split, location: l}
}

func same(k *key) *key { return k }

// renameTo returns keys over a relation's own id as keys over another id.
func renameTo(id int) func(*key) *key {
	return func(k *key) *key {
		out, _ := k.replace(func(r ref) (*key, bool) {
			return &key{refs: []ref{{id, r.col}}, strict: true, tree: refNode(ref{id, r.col})}, true
		})
		return out
	}
}

// setop is the rule for UNION, INTERSECT and EXCEPT.
func (p *prover) setop(rel *relation, id int) (spot, *refusal) {
	left, no := p.relation(rel.left, id)
	if no != nil {
		return left, no
	}
	right, no := p.relation(rel.right, id)
	if no != nil {
		return right, no
	}
	out := spot{extent: left.extent, loose: either(left.loose, right.loose)}
	switch {
	case left.extent == split && right.extent == split:
		if rel.setop == "UNION" {
			out.filled = intersect(left.filled, right.filled)
		}
		if rel.setop != "UNION_BY_NAME" {
			out.location = both(rel, left.location, right.location)
		}
		if rel.all && (rel.setop == "UNION" || rel.setop == "UNION_BY_NAME") {
			return out, nil
		}
		if !out.location.sure() {
			return out, &refusal{why: "equal rows of the two sides of " + rel.setop + " may lie in different partitions", relation: rel}
		}
		return out, nil
	case left.extent != split && right.extent != split:
		if right.extent == answered {
			out.extent = answered
		}
		return out, nil
	}
	return out, &refusal{why: "one side of " + rel.setop + " is split and the other is not", relation: rel}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func intersect(a, b map[string]bool) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = b[k]
	}
	return out
}

// both is where the rows of either side lie: what holds for both of them, and
// for columns that have one type on either side.
func both(rel *relation, a, b *location) *location {
	if a == nil || b == nil || !slices.Equal(a.positions, b.positions) {
		return nil
	}
	out := &location{positions: a.positions, alternatives: make([][]alternative, len(a.positions))}
	for i := range a.positions {
		for _, x := range a.alternatives[i] {
			at, plain := x.key.column()
			if !plain || !sameType(rel, at.col) {
				continue
			}
			for _, y := range b.alternatives[i] {
				if x.key.text == y.key.text {
					out.alternatives[i] = append(out.alternatives[i], alternative{x.key, x.sure && y.sure})
				}
			}
		}
		if len(out.alternatives[i]) == 0 {
			return nil
		}
	}
	return out
}

func sameType(rel *relation, col int) bool {
	if len(rel.columns) <= col || len(rel.left.columns) <= col || len(rel.right.columns) <= col {
		return false
	}
	t := rel.columns[col].kind
	return t == rel.left.columns[col].kind && t == rel.right.columns[col].kind
}

// sure reports whether every position has a sure alternative.
func (l *location) sure() bool {
	if l == nil {
		return false
	}
	for _, alternatives := range l.alternatives {
		if !slices.ContainsFunc(alternatives, func(a alternative) bool { return a.sure }) {
			return false
		}
	}
	return true
}

// coveredBy reports whether, for every position, one of the keys is a sure
// alternative: rows that are alike in the keys are then in one session.
func (l *location) coveredBy(keys []*key) bool {
	if l == nil {
		return false
	}
	for _, alternatives := range l.alternatives {
		if !slices.ContainsFunc(alternatives, func(a alternative) bool {
			return a.sure && slices.ContainsFunc(keys, func(k *key) bool { return k != nil && k.text == a.key.text })
		}) {
			return false
		}
	}
	return true
}

// find returns the alternative of that text at a position.
func (l *location) find(at int, k *key) (alternative, bool) {
	for _, a := range l.alternatives[at] {
		if a.key.text == k.text {
			return a, true
		}
	}
	return alternative{}, false
}

// fill makes alternatives sure that are not null in any row.
func (l *location) fill(filled map[string]bool) *location {
	if l == nil {
		return nil
	}
	out := &location{positions: l.positions, alternatives: make([][]alternative, len(l.positions))}
	for i, alternatives := range l.alternatives {
		for _, a := range alternatives {
			a.sure = a.sure || filled[a.key.text]
			out.alternatives[i] = append(out.alternatives[i], a)
		}
	}
	return out
}

func (l *location) String() string {
	if l == nil {
		return "anywhere"
	}
	out := ""
	for i, alternatives := range l.alternatives {
		for _, a := range alternatives {
			out += fmt.Sprintf(" %d:%s/%v", i, a.key.label, a.sure)
		}
	}
	return out
}
