package plan

import (
	"strings"
)

// block reads a SELECT.
func (r *resolver) block(tree node, parent *view) (*block, error) {
	if tree["sample"] != nil {
		return nil, &unsplittable{"USING SAMPLE"}
	}
	outer := r.untyped
	r.untyped = nil
	b := &block{tree: tree, sets: len(list(tree, "group_sets"))}
	var err error
	if b.from, err = r.from(object(tree, "from_table"), parent); err != nil {
		return nil, err
	}
	b.view = &view{from: b.from, parent: parent}
	s := &scanner{resolver: r, view: b.view, aliases: aliasesOf(tree)}
	if err := r.clauses(b, s); err != nil {
		return nil, err
	}
	b.subs = s.subs
	b.grouped = len(s.aggregates) > 0 || b.sets > 0 || text(tree, "aggregate_handling") == "FORCE_AGGREGATES"
	r.groups(b, s)
	for _, w := range s.windows {
		b.windows = append(b.windows, r.keysIn(b.view, list(w, "partitions")))
	}
	if err := r.loose(b, s); err != nil {
		return nil, err
	}
	err = r.typeKeys(b)
	r.untyped = append(outer, r.untyped...)
	if err == nil {
		b.phases, err = r.phases(b)
	}
	return b, err
}

func aliasesOf(tree node) []string {
	var out []string
	for _, item := range list(tree, "select_list") {
		if alias := text(item.(node), "alias"); alias != "" {
			out = append(out, alias)
		}
	}
	return out
}

// clauses scans the expressions of a SELECT.
func (r *resolver) clauses(b *block, s *scanner) error {
	where := b.tree["where_clause"]
	if err := s.scan(where, asTruth); err != nil {
		return err
	}
	if where != nil {
		b.where = s.conjuncts(where)
	}
	b.whereSubs, s.subs = s.subs, nil
	for _, item := range list(b.tree, "select_list") {
		if n := item.(node); text(n, "type") == "STAR" {
			// What it stands for is known by its own rules.
			item = []any{n["replace_list"], n["expr"]}
		}
		if err := s.scan(item, asValue); err != nil {
			return err
		}
	}
	if err := s.scan(b.tree["group_expressions"], asValue); err != nil {
		return err
	}
	for _, clause := range []string{"having", "qualify"} {
		if err := s.scan(b.tree[clause], asTruth); err != nil {
			return err
		}
	}
	for _, m := range list(b.tree, "modifiers") {
		modifier := m.(node)
		if text(modifier, "type") == "DISTINCT_MODIFIER" {
			b.distinct = true
			if on := list(modifier, "distinct_on_targets"); len(on) > 0 {
				b.distinctOn = r.keysIn(b.view, on)
			}
		}
		s.aliasFirst = true
		err := s.scan([]any{modifier["orders"], modifier["distinct_on_targets"], modifier["limit"], modifier["offset"]}, asValue)
		s.aliasFirst = false
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) keysIn(v *view, expressions []any) []*key {
	out := make([]*key, len(expressions))
	for i, e := range expressions {
		out[i] = r.keyIn(v, e)
	}
	return out
}

// groups finds out what rows are grouped by.
func (r *resolver) groups(b *block, s *scanner) {
	items := list(b.tree, "select_list")
	if text(b.tree, "aggregate_handling") == "FORCE_AGGREGATES" {
		for _, item := range items {
			if !aggregates(item) {
				b.group = append(b.group, r.keyIn(b.view, item))
			}
		}
		b.sets = 1
		return
	}
	for _, expression := range list(b.tree, "group_expressions") {
		b.group = append(b.group, r.keyIn(b.view, groupItem(b, expression.(node), items)))
	}
}

// aggregates reports whether an expression has an aggregate in it.
func aggregates(expression any) bool {
	found := false
	walk(expression, func(n node) {
		found = found || text(n, "class") == "FUNCTION" && aggregateFunctions[lower(text(n, "function_name"))]
	})
	return found
}

// groupItem is what stands in the select list for a group expression that is
// a position there, or an alias.
func groupItem(b *block, expression node, items []any) any {
	value := object(expression, "value")
	if text(expression, "class") == "CONSTANT" {
		if at, ok := value["value"].(interface{ Int64() (int64, error) }); ok {
			if i, err := at.Int64(); err == nil && i >= 1 && int(i) <= len(items) {
				return items[i-1]
			}
		}
		return nil
	}
	names := texts(list(expression, "column_names"))
	if len(names) != 1 || b.view.resolve(names) != nil {
		return expression
	}
	for _, item := range items {
		if strings.EqualFold(text(item.(node), "alias"), names[0]) {
			return item
		}
	}
	return nil
}

// loose finds out what in the block depends on more than the rows that it
// sees: on their order, for one.
func (r *resolver) loose(b *block, s *scanner) error {
	var sums []any
	for _, a := range s.aggregates {
		name := strings.ToLower(text(a, "function_name"))
		switch children := list(a, "children"); {
		case steadyAggregates[name]:
		case exactAggregates[name] && len(children) == 1:
			sums = append(sums, children[0])
		default:
			b.loose = name + "() depends on the order of rows"
		}
	}
	for _, w := range s.windows {
		kind, frame := text(w, "type"), text(w, "start")+" "+text(w, "end")
		name := strings.ToLower(text(w, "function_name"))
		switch {
		case steadyWindows[kind]:
		case kind == "WINDOW_AGGREGATE" && steadyAggregates[name] && !strings.Contains(frame, "ROWS") && text(w, "exclude_clause") == "NO_OTHER":
		default:
			b.loose = name + "() over a window depends on the order of peers"
		}
	}
	if b.distinctOn != nil {
		b.loose = "DISTINCT ON may keep another row each time"
	}
	if b.loose != "" || len(sums) == 0 {
		return nil
	}
	columns, err := r.columnsOf(plainSelect(cloneValue(sums).([]any), b.from.tree))
	if err != nil {
		return err
	}
	if columns == nil {
		b.loose = "a sum of values of an unknown type"
	}
	for _, c := range columns {
		if f := c.kind.family(); f != familyInteger && f != familyDecimal {
			b.loose = "a sum of inexact numbers depends on the order of rows"
		}
	}
	return nil
}

// typeKeys asks the engine for the types of the block's keys that are more
// than a column. Those that read a query around the block stay without one.
func (r *resolver) typeKeys(b *block) error {
	var open, rest []untyped
	var items []any
	for _, u := range r.untyped {
		local := true
		for _, ref := range u.key.refs {
			local = local && b.from.has(ref.id)
		}
		if local {
			open, items = append(open, u), append(items, cloneValue(u.expression))
		} else {
			rest = append(rest, u)
		}
	}
	r.untyped = rest
	if len(open) == 0 {
		return nil
	}
	columns, err := r.columnsOf(plainSelect(items, b.from.tree))
	if err != nil || len(columns) != len(open) {
		return err
	}
	for i, u := range open {
		u.key.kind = columns[i].kind
	}
	return nil
}

// expand says what each column of the block's result is, false if the select
// list has something of which that is not known.
func (b *block) expand(columns []column) bool {
	for _, c := range columns {
		b.names = append(b.names, c.name)
	}
	var outputs []*key
	var names []string
	for _, e := range list(b.tree, "select_list") {
		n := e.(node)
		if text(n, "type") == "STAR" {
			keys, ok := b.star(n)
			if !ok {
				b.outputs = make([]*key, len(columns))
				return false
			}
			for _, k := range keys {
				outputs, names = append(outputs, k.key), append(names, k.name)
			}
			continue
		}
		k := b.view.keyOf(n)
		outputs, names = append(outputs, k), append(names, "")
	}
	if columns != nil && len(outputs) != len(columns) {
		b.outputs = make([]*key, len(columns))
		return false
	}
	for i, c := range columns {
		if i < len(names) && names[i] != "" && !strings.EqualFold(names[i], c.name) {
			b.outputs = make([]*key, len(columns))
			return false
		}
		if outputs[i] != nil && outputs[i].kind == "" {
			outputs[i].kind = c.kind
		}
	}
	b.outputs = outputs
	return true
}

type namedKey struct {
	name string
	key  *key
}

// star returns the columns that a star stands for, false if that is not sure.
func (b *block) star(n node) ([]namedKey, bool) {
	pattern, _ := n["columns"].(bool)
	if pattern || n["expr"] != nil || len(list(n, "replace_list"))+len(list(n, "qualified_exclude_list"))+len(list(n, "rename_list")) > 0 {
		return nil, false
	}
	from := b.from
	if relation := text(n, "relation_name"); relation != "" {
		if from = b.from.named(relation); from == nil {
			return nil, false
		}
	}
	excluded := texts(list(n, "exclude_list"))
	if len(excluded) != len(list(n, "exclude_list")) {
		return nil, false
	}
	var out []namedKey
	for _, k := range from.star() {
		if !containsFold(excluded, k.name) {
			out = append(out, k)
		}
	}
	return out, true
}

func (it *item) star() []namedKey {
	var out []namedKey
	if it.kind != joinItem {
		for i, c := range it.columns {
			out = append(out, namedKey{c.name, columnKey(it, i)})
		}
		return out
	}
	for _, k := range it.left.star() {
		if containsFold(it.using, k.name) {
			k.key, _ = it.lookup(k.name)
		}
		out = append(out, k)
	}
	if it.join == "SEMI" || it.join == "ANTI" {
		return out
	}
	for _, k := range it.right.star() {
		if !containsFold(it.using, k.name) {
			out = append(out, k)
		}
	}
	return out
}
