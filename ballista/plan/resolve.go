package plan

import (
	"context"
	"fmt"
	"strings"
)

// resolver reads a query's tree as a relation.
type resolver struct {
	ctx    context.Context
	binder Binder
	tables []Table
	// columns are those of the tables, by their name in lower case.
	columns map[string][]column
	next    int
	// items and relations are all that were read, by id.
	items     map[int]*item
	relations map[int]*relation
	// known are the columns that names mean, by the address of the reference.
	known map[uintptr]*key
	// moved are the names of columns that a part has taken over, by now.
	moved map[ref][]string
	// opaque are names whose meaning is not known.
	opaque []string
	// untyped are keys whose type the engine is still to be asked for, with
	// the expressions that they were read from.
	untyped []untyped
}

type untyped struct {
	key        *key
	expression any
}

func (r *resolver) id() int { r.next++; return r.next }

// read reads a query node. parent is what its names can mean besides its own
// columns.
func (r *resolver) read(tree node, parent *view) (*relation, error) {
	rel := &relation{id: r.id(), tree: tree}
	r.relations[rel.id] = rel
	for _, m := range list(tree, "modifiers") {
		switch kind := text(m.(node), "type"); kind {
		case "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER":
			rel.limited = true
		case "ORDER_MODIFIER":
			rel.ordered = true
		case "DISTINCT_MODIFIER":
		default:
			return nil, &unsplittable{"a clause " + kind + " that is not known here"}
		}
	}
	var err error
	switch kind := text(tree, "type"); kind {
	case "SELECT_NODE":
		rel.block, err = r.block(tree, parent)
	case "SET_OPERATION_NODE":
		rel.setop = text(tree, "setop_type")
		rel.all, _ = tree["setop_all"].(bool)
		if rel.left, err = r.read(object(tree, "left"), parent); err == nil {
			rel.right, err = r.read(object(tree, "right"), parent)
		}
	default:
		err = &unsplittable{"a query of the kind " + kind}
	}
	if err != nil {
		return nil, err
	}
	return rel, r.describe(rel)
}

// describe finds out the columns of a relation. One that names columns of the
// queries around it, which cannot be bound by itself, has none.
func (r *resolver) describe(rel *relation) error {
	columns, err := r.columnsOf(rel.tree)
	if err != nil {
		return err
	}
	rel.columns = columns
	if rel.block != nil {
		if !rel.block.expand(columns) {
			r.opaque = append(r.opaque, "*")
		}
	}
	return r.ctx.Err()
}

// columnsOf binds a query node by itself; it returns none where that cannot
// be done.
func (r *resolver) columnsOf(tree node) ([]column, error) {
	sql, err := r.format(tree)
	if err != nil {
		return nil, err
	}
	names, types, err := r.binder.Columns(r.ctx, sql)
	if err != nil {
		return nil, r.ctx.Err()
	}
	out := make([]column, len(names))
	for i, n := range names {
		out[i] = column{n, sqlType(types[i])}
	}
	return out, r.typeless(tree, sql, out)
}

// typeless finds the columns of a query that have no type yet, such as NULL,
// and get that of what they meet. The engine calls them INTEGER; beside a
// TINYINT, they are none.
func (r *resolver) typeless(tree node, sql string, columns []column) error {
	suspect, other := false, make([]string, len(columns))
	walk(tree, func(n node) {
		null, _ := n["is_null"].(bool)
		suspect = suspect || null
	})
	integers := false
	for i, c := range columns {
		other[i] = "NULL"
		if c.kind == "INTEGER" {
			integers, other[i] = true, "CAST(NULL AS TINYINT)"
		}
	}
	if !suspect || !integers {
		return nil
	}
	_, types, err := r.binder.Columns(r.ctx, "("+sql+") UNION ALL SELECT "+strings.Join(other, ", "))
	if err != nil || len(types) != len(columns) {
		return r.ctx.Err()
	}
	for i := range columns {
		if types[i] == "TINYINT" {
			columns[i].kind = noType
		}
	}
	return nil
}

// format writes a query node as SQL.
func (r *resolver) format(tree node) (string, error) {
	parsed, err := (&Query{root: node{"node": tree, "named_param_map": []any{}}}).Parsed()
	if err != nil {
		return "", err
	}
	return r.binder.Format(r.ctx, parsed)
}

// expression writes an expression as SQL.
func (r *resolver) expression(tree any) (string, error) {
	sql, err := r.format(plainSelect([]any{tree}, node{"type": "EMPTY", "alias": "", "sample": nil, "query_location": 0}))
	return strings.TrimPrefix(sql, "SELECT "), err
}

// from reads a FROM clause. parent is what the names in its conditions can
// mean besides the clause's own columns.
func (r *resolver) from(tree node, parent *view) (*item, error) {
	if tree["sample"] != nil {
		return nil, &unsplittable{"TABLESAMPLE"}
	}
	it := &item{id: r.id(), tree: tree, name: text(tree, "alias")}
	r.items[it.id] = it
	switch kind := text(tree, "type"); kind {
	case "BASE_TABLE":
		return it, r.leaf(it)
	case "SUBQUERY":
		return it, r.derived(it)
	case "JOIN":
		return it, r.join(it, parent)
	case "EXPRESSION_LIST", "TABLE_FUNCTION":
		return it, r.constant(it)
	case "EMPTY":
		it.kind = constItem
		return it, nil
	default:
		return nil, &unsplittable{"a " + kind + " in FROM"}
	}
}

func (r *resolver) leaf(it *item) error {
	name := text(it.tree, "table_name")
	it.kind, it.table = leafItem, name
	for _, t := range r.tables {
		if strings.EqualFold(t.Name, name) {
			it.table = t.Name
		}
	}
	columns, ok := r.columns[strings.ToLower(name)]
	if !ok {
		return fmt.Errorf("internal error: the query reads %q, which is no table of the request", name)
	}
	if it.name == "" {
		it.name = name
	}
	it.columns = renamed(columns, it.tree)
	return nil
}

// renamed gives columns the names that stand behind a table's alias.
func renamed(columns []column, tree node) []column {
	out := append([]column{}, columns...)
	for i, name := range texts(list(tree, "column_name_alias")) {
		if i < len(out) {
			out[i].name = name
		}
	}
	return out
}

func (r *resolver) derived(it *item) error {
	it.kind = derivedItem
	query, err := r.read(object(object(it.tree, "subquery"), "node"), nil)
	if err != nil {
		return err
	}
	if query.columns == nil {
		return &unsplittable{"a subquery in FROM that reads its neighbours (LATERAL)"}
	}
	it.query, it.columns = query, renamed(query.columns, it.tree)
	return nil
}

// constant reads an item that must read no column.
func (r *resolver) constant(it *item) error {
	it.kind = constItem
	reads := false
	walk(it.tree, func(n node) {
		class := text(n, "class")
		reads = reads || class == "COLUMN_REF" || class == "SUBQUERY" || class == "FUNCTION" && volatileFunctions[strings.ToLower(text(n, "function_name"))]
	})
	if reads {
		return &unsplittable{"a function in FROM that reads columns"}
	}
	columns, err := r.columnsOf(plainSelect([]any{star()}, it.tree))
	if err == nil && columns == nil {
		err = &unsplittable{"an item in FROM whose columns are not known"}
	}
	it.columns = columns
	return err
}

var knownJoins = words("INNER LEFT RIGHT FULL SEMI ANTI")

func (r *resolver) join(it *item, parent *view) error {
	it.kind, it.join = joinItem, text(it.tree, "join_type")
	how := text(it.tree, "ref_type")
	if !knownJoins[it.join] || how != "REGULAR" && how != "CROSS" && how != "NATURAL" {
		return &unsplittable{fmt.Sprintf("a %s %s join", how, it.join)}
	}
	var err error
	if it.left, err = r.from(object(it.tree, "left"), parent); err != nil {
		return err
	}
	if it.right, err = r.from(object(it.tree, "right"), parent); err != nil {
		return err
	}
	it.using = texts(list(it.tree, "using_columns"))
	if how == "NATURAL" {
		it.using = common(it.left, it.right)
	}
	for _, name := range it.using {
		left, l := it.left.lookup(name)
		right, n := it.right.lookup(name)
		if l == 1 && n == 1 {
			it.on = append(it.on, &conjunct{left: left, right: right, filled: []*key{left, right}})
		}
	}
	condition := it.tree["condition"]
	if condition == nil {
		return nil
	}
	both := &view{from: &item{kind: joinItem, join: "INNER", left: it.left, right: it.right}, parent: parent}
	s := &scanner{resolver: r, view: both}
	if err := s.scan(condition, asTruth); err != nil {
		return err
	}
	it.onSubs = s.subs
	it.on = append(it.on, s.conjuncts(condition)...)
	return nil
}

// common returns the names that both sides of a natural join have.
func common(left, right *item) []string {
	var out []string
	left.each(func(i *item) {
		for _, c := range i.columns {
			if _, n := right.lookup(c.name); n > 0 && !containsFold(out, c.name) {
				out = append(out, c.name)
			}
		}
	})
	return out
}
