package plan

import (
	"slices"
	"strconv"
	"strings"
)

// A SELECT that groups rows can be computed in two phases where that is exact:
// tasks aggregate what they have, and their few rows are brought together by
// group and aggregated once more. The first phase is a part with the groups'
// keys as columns u0, u1, ..., and its aggregates as a0, a1, ...

// phases is how a SELECT is computed in two of them.
type phases struct {
	// id is the first phase's, as a part.
	id int
	// groups are the nodes by which rows are grouped, aggregates those that
	// the first phase computes, and columns what it returns.
	groups, aggregates []node
	columns            []column
	// reads are the nodes above that are a group's key, and which.
	reads []read
}

type read struct {
	node  node
	group int
}

// secondPhase is the function by which partial results are aggregated. Those
// of sums are for exact numbers: others depend on the order of rows.
var secondPhase = map[string]string{
	"count": "sum", "count_star": "sum", "count_if": "sum", "countif": "sum", "sum": "sum", "min": "min", "max": "max",
	"bool_and": "bool_and", "bool_or": "bool_or", "bit_and": "bit_and", "bit_or": "bit_or", "bit_xor": "bit_xor",
}

// phases finds out whether a SELECT can be computed in two phases, nil if not.
func (r *resolver) phases(b *block) (*phases, error) {
	if !b.grouped || b.sets > 1 || len(b.subs) > 0 || b.loose != "" || slices.Contains(b.group, nil) {
		return nil, nil
	}
	f := &phases{id: r.id()}
	for i, k := range b.group {
		if k.kind == "" {
			return nil, nil
		}
		f.columns = append(f.columns, column{"u" + strconv.Itoa(i), k.kind})
	}
	f.groups = b.groupNodes()
	ok := len(f.groups) == len(b.group)
	b.overGroups(func(n node) bool {
		at := b.groupAt(n)
		switch {
		case at >= 0:
			f.reads = append(f.reads, read{n, at})
			return false
		case text(n, "class") == "COLUMN_REF":
			// A name of the select list; a column would have to be grouped by.
			ok = ok && r.known[address(n)] == nil
		case text(n, "class") == "FUNCTION" && aggregateFunctions[lower(text(n, "function_name"))]:
			distinct, _ := n["distinct"].(bool)
			ok = ok && !distinct && secondPhase[lower(text(n, "function_name"))] != "" && len(list(object(n, "order_bys"), "orders")) == 0
			f.aggregates = append(f.aggregates, n)
			return false
		}
		return true
	})
	if !ok {
		return nil, nil
	}
	return f, r.typePhases(b, f)
}

// typePhases finds out the types of what the first phase returns.
func (r *resolver) typePhases(b *block, f *phases) error {
	if len(f.aggregates) == 0 {
		return nil
	}
	items := make([]any, len(f.aggregates))
	for i, a := range f.aggregates {
		items[i] = cloneValue(a)
	}
	columns, err := r.columnsOf(plainSelect(items, b.from.tree))
	if err != nil {
		return err
	}
	if len(columns) != len(items) {
		f.columns = nil
		return nil
	}
	for i, c := range columns {
		f.columns = append(f.columns, column{"a" + strconv.Itoa(i), c.kind})
	}
	return nil
}

// overGroups visits the nodes of a SELECT that see its groups, parents first; visit
// returns whether to go on below.
func (b *block) overGroups(visit func(node) bool) {
	for _, clause := range []string{"select_list", "having", "qualify", "modifiers"} {
		walkWhile(b.tree[clause], visit)
	}
}

func walkWhile(v any, visit func(node) bool) {
	switch v := v.(type) {
	case node:
		if !visit(v) {
			return
		}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			walkWhile(v[name], visit)
		}
	case []any:
		for _, child := range v {
			walkWhile(child, visit)
		}
	}
}

// groupAt returns which of the keys that rows are grouped by an expression is,
// -1 if none.
func (b *block) groupAt(n node) int {
	if text(n, "class") == "" {
		return -1
	}
	k := b.view.keyOf(n)
	if k == nil {
		return -1
	}
	return slices.IndexFunc(b.group, func(g *key) bool { return g.text == k.text })
}

// firstPhase is the SELECT of the first phase.
func (b *block) firstPhase() node {
	var groups []any
	for _, n := range b.phases.groups {
		groups = append(groups, bare(n))
	}
	items := slices.Clone(groups)
	for _, a := range b.phases.aggregates {
		items = append(items, cloneValue(a))
	}
	tree := plainSelect(items, b.from.tree)
	tree["where_clause"] = b.tree["where_clause"]
	sets := make([]any, len(groups))
	for i := range sets {
		sets[i] = i
	}
	if len(groups) > 0 {
		tree["group_expressions"], tree["group_sets"] = cloneValue(groups), []any{sets}
	}
	return tree
}

// groupNodes are the expressions that rows are grouped by, where they stand.
func (b *block) groupNodes() []node {
	items := list(b.tree, "select_list")
	var out []node
	if text(b.tree, "aggregate_handling") == "FORCE_AGGREGATES" {
		for _, item := range items {
			if !aggregates(item) {
				out = append(out, item.(node))
			}
		}
		return out
	}
	for _, e := range list(b.tree, "group_expressions") {
		if n, ok := groupItem(b, e.(node), items).(node); ok {
			out = append(out, n)
		}
	}
	return out
}

// bare is an expression without its name.
func bare(expression any) any {
	n := cloneValue(expression).(node)
	n["alias"] = ""
	return n
}

// secondPhase makes a SELECT the second phase over a table that has the rows
// of the first.
func (r *resolver) secondPhase(b *block, table string) {
	r.spell(b)
	column := func(name string) node {
		return node{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": []any{table, name}}
	}
	type change struct{ from, to node }
	var changes []change
	for _, read := range b.phases.reads {
		changes = append(changes, change{read.node, column("u" + strconv.Itoa(read.group))})
	}
	for i, a := range b.phases.aggregates {
		changes = append(changes, change{a, again(a, column("a"+strconv.Itoa(i)))})
	}
	for _, c := range changes {
		alias := text(c.from, "alias")
		become(c.from, c.to)
		c.from["alias"] = alias
	}
	groups, sets := make([]any, len(b.group)), make([]any, len(b.group))
	for i := range b.group {
		groups[i], sets[i] = column("u"+strconv.Itoa(i)), i
	}
	b.tree["group_expressions"], b.tree["group_sets"], b.tree["aggregate_handling"] = groups, []any{}, "STANDARD_HANDLING"
	if len(groups) > 0 {
		b.tree["group_sets"] = []any{sets}
	}
	b.tree["from_table"], b.tree["where_clause"] = tableRef(table, table), nil
}

// again aggregates partial results of an aggregate.
func again(aggregate, partial node) node {
	name := lower(text(aggregate, "function_name"))
	call := node{}
	becomeCall(call, secondPhase[name], partial)
	call["alias"], call["query_location"] = "", 0
	if !strings.HasPrefix(name, "count") {
		return call
	}
	zero := node{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": 0,
		"value": node{"type": node{"id": "INTEGER", "type_info": nil}, "is_null": false, "value": 0}}
	return node{"class": "CAST", "type": "OPERATOR_CAST", "alias": "", "query_location": 0, "try_cast": false,
		"cast_type": node{"id": "BIGINT", "type_info": nil},
		"child":     node{"class": "OPERATOR", "type": "OPERATOR_COALESCE", "alias": "", "query_location": 0, "children": []any{call, zero}}}
}

// overPhase is a key of groups as a key over the columns of the first phase,
// false if it is none.
func (b *block) overPhase(k *key) (*key, bool) {
	at := func(i int) *key {
		r := ref{b.phases.id, i}
		return &key{refs: []ref{r}, strict: true, tree: refNode(r), kind: b.group[i].kind, label: b.group[i].label}
	}
	if i := slices.IndexFunc(b.group, func(g *key) bool { return g.text == k.text }); i >= 0 {
		out := at(i)
		out.text = treeText(out.tree)
		return out, true
	}
	return k.replace(func(r ref) (*key, bool) {
		i := slices.IndexFunc(b.group, func(g *key) bool { c, plain := g.column(); return plain && c == r })
		if i < 0 {
			return nil, false
		}
		return at(i), true
	})
}
