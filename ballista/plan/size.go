package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The largest query that is taken. They are far beyond what people and
// programs write, and keep the time that it takes to bind and optimize a query
// to seconds: some of that grows with the square of these numbers, and some
// faster.
const (
	// maxNodes bounds the expressions, constants in lists left aside.
	maxNodes = 20_000
	// maxConstants bounds the constants.
	maxConstants = 50_000
	// maxDepth bounds how deep expressions are in one another.
	maxDepth = 300
	// maxSelects bounds the SELECTs, subqueries and branches of unions.
	maxSelects = 200
	// maxJoined bounds the tables, subqueries and functions of one FROM.
	maxJoined = 50
)

// fewConstants refuses a query with too many constants before its tree is built,
// which takes time that nothing can interrupt and a hundred times the memory of
// the text. Quotes inside of the query's own texts are escaped, so that none of
// them looks like a constant.
func fewConstants(parsed json.RawMessage) error {
	if bytes.Count(parsed, []byte(`"class":"CONSTANT"`)) > maxConstants {
		return fmt.Errorf("the query has too many constants: %d are allowed; read them from a source of their own, and join it", maxConstants)
	}
	return nil
}

// size reports what else makes a query too large.
func (c *checker) size(root any) {
	var m measure
	m.take(root, 0)
	c.limit(m.nodes, maxNodes, "the query has too many expressions: %d are allowed; read long lists from a source of their own, and join it")
	c.limit(m.depth, maxDepth, "the query has expressions nested too deep: %d levels are allowed")
	c.limit(m.selects, maxSelects, "the query has too many SELECTs: %d are allowed")
	c.limit(m.joined, maxJoined, "the query joins too many tables: %d are allowed in one FROM")
}

func (c *checker) limit(found, most int, format string) {
	if found > most {
		c.report(format, most)
	}
}

// measure is how large a query is.
type measure struct {
	nodes, depth, selects, joined int
}

// take measures what is below v, at a depth of expressions.
func (m *measure) take(v any, depth int) {
	switch v := v.(type) {
	case []any:
		for _, child := range v {
			m.take(child, depth)
		}
	case node:
		depth = m.one(v, depth)
		for _, child := range v {
			m.take(child, depth)
		}
	}
}

func (m *measure) one(n node, depth int) int {
	switch text(n, "class") {
	case "", "CONSTANT":
	default:
		m.nodes++
		depth++
		m.depth = max(m.depth, depth)
	}
	if text(n, "type") == "SELECT_NODE" {
		m.selects++
		m.joined = max(m.joined, tablesIn(n["from_table"]))
	}
	return depth
}

// tablesIn counts what one FROM clause joins, not what its subqueries do.
func tablesIn(v any) int {
	n, ok := v.(node)
	if !ok {
		return 0
	}
	if text(n, "type") != "JOIN" {
		return 1
	}
	return tablesIn(n["left"]) + tablesIn(n["right"])
}
