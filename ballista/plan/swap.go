package plan

import (
	"slices"
	"strconv"
)

// A part of a FROM clause that is computed before takes its place as a table
// with columns of new names. Here the rest of the SELECT is made to read those.

// needed are the columns of a part of a FROM clause that the rest of its block
// mentions.
func (g *region) needed(l *leaf) []ref {
	b := g.blockOf(l)
	var out []ref
	each := func(n node) {
		k := g.resolver.known[address(n)]
		if k == nil {
			return
		}
		for _, r := range k.refs {
			if l.item.has(r.id) && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	g.resolver.spell(b)
	g.outside(b, l, each)
	return out
}

// blockOf returns the SELECT in whose FROM clause a part stands.
func (g *region) blockOf(l *leaf) *block {
	if l.part.rows != nil {
		return l.part.rows
	}
	return l.part.in
}

// outside visits the column references of a block that are not part of a leaf.
func (g *region) outside(b *block, l *leaf, visit func(node)) {
	for name, child := range b.tree {
		if l.part.rows != nil && (name == "from_table" || name == "where_clause") {
			continue
		}
		walkOutside(child, l.item.tree, visit)
	}
}

func walkOutside(v any, skip node, visit func(node)) {
	switch v := v.(type) {
	case node:
		if address(v) == address(skip) {
			return
		}
		// The address of a reference is looked up before it is changed.
		if text(v, "class") == "COLUMN_REF" {
			visit(v)
			return
		}
		for _, child := range v {
			walkOutside(child, skip, visit)
		}
	case []any:
		for _, child := range v {
			walkOutside(child, skip, visit)
		}
	}
}

// spell writes out the stars of a block's select list, and gives every item
// the name that its column has: references are about to change theirs.
func (r *resolver) spell(b *block) {
	items := list(b.tree, "select_list")
	if len(b.names) == 0 {
		return
	}
	if len(items) != len(b.names) || slices.ContainsFunc(items, func(i any) bool { return text(i.(node), "type") == "STAR" }) {
		items = nil
		at := 0
		for _, e := range list(b.tree, "select_list") {
			n := e.(node)
			if text(n, "type") != "STAR" {
				items = append(items, n)
				at++
				continue
			}
			keys, _ := b.star(n)
			for range keys {
				items = append(items, r.mention(b.outputs[at]))
				at++
			}
		}
	}
	for i, e := range items {
		if n := e.(node); text(n, "alias") == "" {
			n["alias"] = b.names[i]
		}
	}
	b.tree["select_list"] = items
}

// mention is an expression that is a key over columns with names, known to the
// resolver.
func (r *resolver) mention(k *key) node {
	tree := k.sql(r.qualified).(node)
	var refs []ref
	refs = append(refs, k.refs...)
	at := 0
	walkOutside(tree, node{}, func(n node) {
		one := refs[min(at, len(refs)-1)]
		at++
		it := r.items[one.id]
		r.known[address(n)] = columnKey(it, one.col)
	})
	return tree
}

// qualified is a column's name with that of its item, or of the part of which
// it is a column by now.
func (r *resolver) qualified(at ref) []string {
	if name, ok := r.moved[at]; ok {
		return name
	}
	it := r.items[at.id]
	if it.name == "" {
		it.name = "kallad_q" + strconv.Itoa(it.id)
		it.tree["alias"] = it.name
	}
	return []string{it.name, it.columns[at.col].name}
}

// rowsSQL is the SELECT of a part's rows. Its columns are those that naming
// has, in the order of their names.
func (b *builder) rowsSQL(l *leaf, naming map[ref]string) (string, error) {
	if l.part.phase != nil {
		return b.resolver.format(l.part.phase.firstPhase())
	}
	if l.query != nil {
		return b.resolver.format(l.query.tree)
	}
	refs := make([]ref, 0, len(naming))
	for r := range naming {
		refs = append(refs, r)
	}
	slices.SortFunc(refs, func(x, y ref) int {
		if x.id != y.id {
			return x.id - y.id
		}
		return x.col - y.col
	})
	var items []any
	for _, r := range refs {
		items = append(items, columnKey(b.resolver.items[r.id], r.col).sql(b.resolver.qualified))
	}
	if len(items) == 0 {
		items = []any{node{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": 0,
			"value": node{"type": node{"id": "INTEGER", "type_info": nil}, "is_null": false, "value": 1}}}
	}
	tree := plainSelect(items, l.item.tree)
	if l.part.rows != nil {
		tree["where_clause"] = l.part.rows.tree["where_clause"]
	} else if where := b.pushed(l); len(where) > 0 {
		tree["where_clause"] = node{"class": "CONJUNCTION", "type": "CONJUNCTION_AND", "alias": "", "query_location": 0, "children": where}
	}
	return b.resolver.format(tree)
}

// pushed are the conditions on a part's rows alone that all of them must meet.
func (b *builder) pushed(l *leaf) []any {
	var out []any
	for _, c := range l.part.filters {
		local := true
		walk(c.tree, func(n node) {
			switch text(n, "class") {
			case "SUBQUERY":
				local = false
			case "COLUMN_REF":
				k := b.resolver.known[address(n)]
				local = local && k != nil && !slices.ContainsFunc(k.refs, func(r ref) bool { return !l.item.has(r.id) })
			}
		})
		if local && c.tree != nil {
			out = append(out, cloneValue(c.tree))
		}
	}
	if len(out) == 1 {
		out = append(out, out[0])
	}
	return out
}

// swap has what is above a part read its rows from a table.
func (b *builder) swap(l *leaf, table string, naming map[ref]string) {
	if l.part.phase != nil {
		b.resolver.secondPhase(l.part.phase, table)
		return
	}
	if l.query != nil {
		if l.item != nil {
			become(l.item.tree, tableRef(table, l.item.name))
			return
		}
		become(l.query.tree, plainSelect([]any{star()}, tableRef(table, table)))
		return
	}
	g := b.solution.region
	block := g.blockOf(l)
	for r, name := range naming {
		b.resolver.moved[r] = []string{table, name}
	}
	var found []node
	g.outside(block, l, func(n node) {
		k := b.resolver.known[address(n)]
		if k != nil && slices.ContainsFunc(k.refs, func(r ref) bool { return l.item.has(r.id) }) {
			found = append(found, n)
		}
	})
	for _, n := range found {
		b.resolver.rename(n)
	}
	become(l.item.tree, tableRef(table, table))
	if l.part.rows != nil {
		block.tree["where_clause"] = nil
	}
}

// rename writes a reference anew, with the names that its columns have now.
func (r *resolver) rename(n node) {
	k := r.known[address(n)]
	alias := n["alias"]
	if at, plain := k.column(); plain {
		names := []any{}
		for _, part := range r.qualified(at) {
			names = append(names, part)
		}
		n["column_names"] = names
		return
	}
	become(n, r.mention(k))
	n["alias"] = alias
}

// become makes a node another one, where it stands.
func become(n, other node) {
	clear(n)
	for name, v := range other {
		n[name] = v
	}
}

func star() node {
	return node{"class": "STAR", "type": "STAR", "alias": "", "query_location": 0, "relation_name": "", "exclude_list": []any{}, "replace_list": []any{},
		"columns": false, "expr": nil, "qualified_exclude_list": []any{}, "rename_list": []any{}}
}
