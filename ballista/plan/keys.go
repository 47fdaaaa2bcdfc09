package plan

import "strings"

// Carry asks for columns of a table in the query's result.
type Carry struct {
	// Table is whose columns are wanted.
	Table string
	// Columns are the table's columns, and As the names under which the
	// result shall have them, one each. As must be names that nothing else
	// in the query has.
	Columns, As []string
}

// Carry adds columns of a table to the end of the query's select list, and to
// those of the subqueries and CTEs on the way. It changes nothing and returns
// false where the query's rows do not come, one to one or repeated, from rows
// of exactly one mention of the table, or where a wider row would change the
// result: DISTINCT, UNION without ALL, a self join, and so on.
//
// Whether an aggregate stands in the way shows when the engine binds the
// query: a column that is neither grouped nor aggregated is an error there.
func (q *Query) Carry(c Carry) bool {
	attempt := q.Clone()
	if !(&carrier{query: attempt, want: c}).node(object(attempt.root, "node"), scope{}) {
		return false
	}
	q.root = attempt.root
	return true
}

// scope is the CTEs that a node can see, by lower-case name, innermost first.
type scope struct {
	parent *scope
	ctes   map[string]node
}

func (s *scope) find(name string) node {
	for ; s != nil; s = s.parent {
		if cte, ok := s.ctes[strings.ToLower(name)]; ok {
			return cte
		}
	}
	return nil
}

func (s *scope) enter(n node) scope {
	inner := scope{parent: s, ctes: map[string]node{}}
	for _, entry := range list(object(n, "cte_map"), "map") {
		if e, ok := entry.(node); ok {
			inner.ctes[strings.ToLower(text(e, "key"))] = object(e, "value")
		}
	}
	return inner
}

type carrier struct {
	query *Query
	want  Carry
}

// node makes a query node return the wanted columns.
func (c *carrier) node(n node, outer scope) bool {
	inner := outer.enter(n)
	switch text(n, "type") {
	case "SELECT_NODE":
		return c.selectNode(n, inner)
	case "SET_OPERATION_NODE":
		return c.union(n, inner)
	}
	return false
}

func (c *carrier) union(n node, s scope) bool {
	kind := text(n, "setop_type")
	all, _ := n["setop_all"].(bool)
	if !all || kind != "UNION" && kind != "UNION_BY_NAME" || !widenable(n) {
		return false
	}
	left, right := object(n, "left"), object(n, "right")
	if left == nil || right == nil {
		return false
	}
	return c.branch(left, s) && c.branch(right, s)
}

// branch is a node of a union: one that does not mention the table at all
// returns nulls for its columns.
func (c *carrier) branch(n node, s scope) bool {
	if c.node(n, s) {
		return true
	}
	if text(n, "type") != "SELECT_NODE" || !widenable(n) || c.mentions(n, s, map[string]bool{}) {
		return false
	}
	for _, as := range c.want.As {
		n["select_list"] = append(list(n, "select_list"), nullConstant(as))
	}
	return true
}

// mentions reports whether n reads the table, itself or through CTEs.
func (c *carrier) mentions(n node, s scope, seen map[string]bool) bool {
	found := false
	walk(n, func(m node) {
		if found || text(m, "type") != "BASE_TABLE" {
			return
		}
		name := strings.ToLower(text(m, "table_name"))
		if cte := s.find(name); cte != nil && !seen[name] {
			seen[name] = true
			found = c.mentions(cte, s, seen)
			return
		}
		found = strings.EqualFold(name, c.want.Table)
	})
	return found
}

func (c *carrier) selectNode(n node, s scope) bool {
	if !widenable(n) || text(n, "aggregate_handling") == "FORCE_AGGREGATES" || len(list(n, "group_sets")) > 1 {
		return false
	}
	refs := c.sources(object(n, "from_table"), s)
	if len(refs) != 1 {
		return false
	}
	ref := refs[0]
	columns := c.want.Columns
	if ref.inner != nil {
		if !c.node(ref.inner, ref.scope) || !hideFromStars(list(n, "select_list"), ref.name, c.want.As) {
			return false
		}
		columns = c.want.As
	}
	for i, column := range columns {
		n["select_list"] = append(list(n, "select_list"), columnRef(ref.name, column, c.want.As[i]))
	}
	return true
}

// widenable reports whether further columns leave a node's rows as they are.
func widenable(n node) bool {
	limited, orderedByAll := false, false
	for _, m := range list(n, "modifiers") {
		modifier, _ := m.(node)
		switch text(modifier, "type") {
		case "DISTINCT_MODIFIER":
			if len(list(modifier, "distinct_on_targets")) == 0 {
				return false
			}
		case "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER":
			limited = true
		case "ORDER_MODIFIER":
			for _, o := range list(modifier, "orders") {
				order, _ := o.(node)
				orderedByAll = orderedByAll || text(object(order, "expression"), "type") == "STAR"
			}
		}
	}
	return !(limited && orderedByAll)
}

// source is one mention of the table in a FROM clause, or a subquery or CTE
// that contains such a mention.
type source struct {
	name  string
	inner node
	scope scope
}

// sources finds the mentions in a FROM clause whose columns can be named.
func (c *carrier) sources(from node, s scope) []source {
	switch text(from, "type") {
	case "JOIN":
		found := c.sources(object(from, "left"), s)
		if kind := text(from, "join_type"); kind == "SEMI" || kind == "ANTI" {
			return found
		}
		return append(found, c.sources(object(from, "right"), s)...)
	case "BASE_TABLE":
		return c.baseTable(from, s)
	case "SUBQUERY":
		inner := object(object(from, "subquery"), "node")
		if !c.mentionsInFrom(inner, s) {
			return nil
		}
		if text(from, "alias") == "" {
			from["alias"] = "kallad_subquery"
		}
		return []source{{name: text(from, "alias"), inner: inner, scope: s}}
	}
	return nil
}

func (c *carrier) baseTable(from node, s scope) []source {
	name := text(from, "alias")
	if name == "" {
		name = text(from, "table_name")
	}
	if cte := s.find(text(from, "table_name")); cte != nil {
		inner := object(object(cte, "query"), "node")
		if !c.mentionsInFrom(inner, s) {
			return nil
		}
		if c.query.references(text(from, "table_name")) != 1 {
			// A wider CTE could change its other users. Two sources make
			// the caller give up.
			return []source{{}, {}}
		}
		return []source{{name: name, inner: inner, scope: s}}
	}
	if !strings.EqualFold(text(from, "table_name"), c.want.Table) {
		return nil
	}
	if len(list(from, "column_name_alias")) > 0 {
		return []source{{}, {}}
	}
	return []source{{name: name}}
}

// mentionsInFrom reports whether rows of the table can come out of n: a
// mention in WHERE, such as in an IN (SELECT ...), does not count.
func (c *carrier) mentionsInFrom(n node, outer scope) bool {
	s := outer.enter(n)
	switch text(n, "type") {
	case "SELECT_NODE":
		return len(c.sources(object(n, "from_table"), s)) > 0
	case "SET_OPERATION_NODE":
		return c.mentionsInFrom(object(n, "left"), s) || c.mentionsInFrom(object(n, "right"), s)
	}
	return c.mentions(n, s, map[string]bool{})
}

// references counts the mentions of a table name in the whole query.
func (q *Query) references(name string) int {
	count := 0
	walk(q.root, func(n node) {
		if text(n, "type") == "BASE_TABLE" && strings.EqualFold(text(n, "table_name"), name) {
			count++
		}
	})
	return count
}

// hideFromStars keeps carried columns out of what the stars of a select list
// return. It gives up on COLUMNS(...), which may pick by pattern.
func hideFromStars(items []any, ref string, hidden []string) bool {
	for _, item := range items {
		star, _ := item.(node)
		if text(star, "type") != "STAR" {
			continue
		}
		if columns, _ := star["columns"].(bool); columns {
			return false
		}
		if relation := text(star, "relation_name"); relation != "" && !strings.EqualFold(relation, ref) {
			continue
		}
		excluded := list(star, "exclude_list")
		for _, h := range hidden {
			excluded = append(excluded, h)
		}
		star["exclude_list"] = excluded
	}
	return true
}

func columnRef(table, column, as string) node {
	return node{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": as, "query_location": 0, "column_names": []any{table, column}}
}

func nullConstant(as string) node {
	return node{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": as, "query_location": 0,
		"value": node{"type": node{"id": "NULL", "type_info": nil}, "is_null": true}}
}
