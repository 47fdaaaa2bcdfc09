package plan

import (
	"fmt"
	"slices"
	"strings"
)

// class is a set of keys of a region's leaves that the query relates by
// equality: what the leaves may be placed by, together.
type class struct {
	position *position
	// keys are one for each leaf, by its id.
	keys  map[int]*key
	order string
}

// covers reports whether the class has a key for every leaf of another one.
func (c *class) covers(other *class) bool {
	for id := range other.keys {
		if c.keys[id] == nil {
			return false
		}
	}
	return true
}

// meets reports whether the classes have a leaf in common.
func (c *class) meets(places map[int]placement) bool {
	for id := range c.keys {
		if _, ok := places[id]; ok {
			return true
		}
	}
	return false
}

// classes finds the classes of a region, those of more leaves first. They are
// proposals: whether rows may be placed so is for the prover to say.
func (g *region) classes() []*class {
	u := &union{parent: map[string]string{}, members: map[string]member{}}
	for _, c := range g.conjuncts {
		if c.left != nil {
			u.link(g.members(c.left), g.members(c.right))
		}
	}
	for _, s := range g.subs {
		if s.kind == "ANY" && s.equal && s.child != nil {
			u.link(g.members(s.child), g.members(s.query.columnKey(0)))
		}
	}
	for _, rel := range g.sets {
		for i := range rel.columns {
			u.link(g.members(rel.left.columnKey(i)), g.members(rel.right.columnKey(i)))
		}
	}
	for _, b := range g.blocks {
		g.singles(u, b)
	}
	return u.classes()
}

// singles adds the keys that a block brings rows together by.
func (g *region) singles(u *union, b *block) {
	keys := slices.Concat(append([][]*key{b.group, b.distinctOn}, b.windows...)...)
	if b.distinct {
		keys = append(keys, b.outputs...)
	}
	for _, k := range keys {
		if k != nil {
			u.link(g.members(k), nil)
		}
	}
}

// member is a key over the columns of one leaf.
type member struct {
	leaf int
	key  *key
}

func (m member) name() string { return fmt.Sprintf("%06d %s", m.leaf, m.key.text) }

func (g *region) members(k *key) []member {
	var out []member
	for _, below := range g.unfold(k) {
		if below.kind == "" {
			continue
		}
		owner := g.owner(below.refs[0].id)
		if owner != nil && owner.part.phase != nil {
			if _, ok := owner.part.phase.overPhase(below); !ok {
				continue
			}
		}
		if owner != nil && !slices.ContainsFunc(below.refs, func(r ref) bool { return g.owner(r.id) != owner }) {
			out = append(out, member{owner.id, below})
		}
	}
	return out
}

// union finds what is related, directly or by way of others.
type union struct {
	parent  map[string]string
	members map[string]member
}

func (u *union) find(name string) string {
	for u.parent[name] != name {
		name = u.parent[name]
	}
	return name
}

func (u *union) link(a, b []member) {
	first := ""
	for _, m := range append(a, b...) {
		name := m.name()
		if _, known := u.parent[name]; !known {
			u.parent[name], u.members[name] = name, m
		}
		if first == "" {
			first = u.find(name)
		}
		u.parent[u.find(name)] = first
	}
}

func (u *union) classes() []*class {
	sets := map[string][]string{}
	for name := range u.parent {
		root := u.find(name)
		sets[root] = append(sets[root], name)
	}
	var out []*class
	for _, names := range sets {
		slices.Sort(names)
		c := &class{keys: map[int]*key{}, order: names[0]}
		var types []sqlType
		for _, name := range names {
			m := u.members[name]
			types = append(types, m.key.kind)
			if c.keys[m.leaf] == nil || !c.keys[m.leaf].plain() && m.key.plain() {
				c.keys[m.leaf] = m.key
			}
		}
		if f, ok := canonical(types); ok {
			c.position = &position{form: f, types: types}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *class) int {
		if len(a.keys) != len(b.keys) {
			return len(b.keys) - len(a.keys)
		}
		return strings.Compare(a.order, b.order)
	})
	return out
}
