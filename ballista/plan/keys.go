package plan

import (
	"reflect"
	"strings"
)

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
	carrier := &carrier{query: attempt, want: c, inFrom: map[uintptr]bool{}}
	if !carrier.node(object(attempt.root, "node"), nil) || !carrier.reached {
		return false
	}
	q.root = attempt.root
	return true
}

// scope is the CTEs that a node can see, innermost first; nil is none. A CTE
// sees those that stand before it and not itself: WITH t AS (SELECT * FROM t)
// reads the table t.
type scope struct {
	parent *scope
	name   string
	cte    node
}

// find returns the CTE of that name and the scope of its own query.
func (s *scope) find(name string) (node, *scope) {
	for ; s != nil; s = s.parent {
		if strings.EqualFold(s.name, name) {
			return s.cte, s.parent
		}
	}
	return nil, nil
}

func (s *scope) enter(n node) *scope {
	for _, entry := range list(object(n, "cte_map"), "map") {
		if e, ok := entry.(node); ok {
			s = &scope{parent: s, name: text(e, "key"), cte: object(e, "value")}
		}
	}
	return s
}

type carrier struct {
	query *Query
	want  Carry
	// reached says that a mention of the table was found to carry from.
	reached bool
	// inFrom holds what mentionsInFrom found, by the node's address: CTEs that
	// read one another twice would be looked at exponentially often.
	inFrom map[uintptr]bool
}

// node makes a query node return the wanted columns.
func (c *carrier) node(n node, outer *scope) bool {
	inner := outer.enter(n)
	switch text(n, "type") {
	case "SELECT_NODE":
		return c.selectNode(n, inner)
	case "SET_OPERATION_NODE":
		return c.union(n, inner)
	}
	return false
}

func (c *carrier) union(n node, s *scope) bool {
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
func (c *carrier) branch(n node, s *scope) bool {
	if c.node(n, s) {
		return true
	}
	if text(n, "type") != "SELECT_NODE" || !widenable(n) || c.mentions(n, s, map[uintptr]bool{}) {
		return false
	}
	for _, as := range c.want.As {
		n["select_list"] = append(list(n, "select_list"), nullConstant(as))
	}
	return true
}

// mentions reports whether n reads the table, itself or through CTEs.
func (c *carrier) mentions(n node, s *scope, seen map[uintptr]bool) bool {
	found := false
	walk(n, func(m node) {
		if found || text(m, "type") != "BASE_TABLE" {
			return
		}
		name := strings.ToLower(text(m, "table_name"))
		if cte, outer := s.find(name); cte != nil {
			if !seen[address(cte)] {
				seen[address(cte)] = true
				found = c.mentions(cte, outer, seen)
			}
			return
		}
		found = strings.EqualFold(name, c.want.Table)
	})
	return found
}

func (c *carrier) selectNode(n node, s *scope) bool {
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
		if readsRow(n, ref.name) || !c.node(ref.inner, ref.scope) || !hideFromStars(list(n, "select_list"), ref.name, c.want.As) {
			return false
		}
		columns = c.want.As
	} else {
		c.reached = true
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
	scope *scope
}

// sources finds the mentions in a FROM clause whose columns can be named.
func (c *carrier) sources(from node, s *scope) []source {
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
			from["alias"] = c.query.unusedAlias("kallad_subquery")
		}
		return []source{{name: text(from, "alias"), inner: inner, scope: s}}
	}
	return nil
}

func (c *carrier) baseTable(from node, s *scope) []source {
	name := text(from, "alias")
	if name == "" {
		name = text(from, "table_name")
	}
	if cte, outer := s.find(text(from, "table_name")); cte != nil {
		inner := object(object(cte, "query"), "node")
		if !c.mentionsInFrom(inner, outer) {
			return nil
		}
		if c.query.references(text(from, "table_name")) != 1 {
			// A wider CTE could change its other users. Two sources make
			// the caller give up.
			return []source{{}, {}}
		}
		return []source{{name: name, inner: inner, scope: outer}}
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
func (c *carrier) mentionsInFrom(n node, outer *scope) bool {
	found, known := c.inFrom[address(n)]
	if !known {
		found = c.findInFrom(n, outer.enter(n))
		c.inFrom[address(n)] = found
	}
	return found
}

func (c *carrier) findInFrom(n node, s *scope) bool {
	switch text(n, "type") {
	case "SELECT_NODE":
		return len(c.sources(object(n, "from_table"), s)) > 0
	case "SET_OPERATION_NODE":
		return c.mentionsInFrom(object(n, "left"), s) || c.mentionsInFrom(object(n, "right"), s)
	}
	return c.mentions(n, s, map[uintptr]bool{})
}

// address tells nodes of one tree apart.
func address(n node) uintptr { return reflect.ValueOf(n).Pointer() }

// unusedAlias returns a name like the given one that no table of the query
// has as its alias.
func (q *Query) unusedAlias(name string) string {
	used := false
	walk(q.root, func(n node) { used = used || strings.EqualFold(text(n, "alias"), name) })
	if used {
		return q.unusedAlias(name + "_")
	}
	return name
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
