package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// catalogName matches the views that DuckDB has by itself. A CTE must not bear
// such a name: outside of the CTE's reach it would mean the view.
var catalogName = regexp.MustCompile(`(?i)^(duckdb_|sqlite_|pragma_|pg_)`)

// Near finds the names among others that a person may have meant, at most so
// many.
type Near func(word string, among []string, most int) []string

// Check reports everything in the query that it may not name, tables other
// than the given ones and functions that it may not call, and what makes it
// too large. near is for suggestions.
func (q *Query) Check(tables []string, near Near) error {
	c := checker{tables: tables, near: near, ctes: q.cteNames(), judged: map[uintptr]bool{}}
	walk(q.root, c.visit)
	c.size(q.root)
	// The tree is walked in no order, but people compare error texts.
	slices.SortFunc(c.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(c.problems...)
}

type checker struct {
	tables   []string
	near     Near
	ctes     map[string]bool
	judged   map[uintptr]bool // functions of FROM clauses
	problems []error
}

func (c *checker) report(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, known := range c.problems {
		if known.Error() == err.Error() {
			return
		}
	}
	c.problems = append(c.problems, err)
}

// parts are the kinds of a query's parts other than expressions: what queries
// are made of, what they read and how results are shaped. A statement of
// another kind inside of a query, should DuckDB learn that, is none of them.
var parts = words(`
	SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE
	BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY PIVOT SHOW_REF
	ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING`)

func (c *checker) visit(n node) {
	if kind := text(n, "type"); text(n, "class") == "" && kind != "" && !parts[kind] && !strings.HasSuffix(kind, "_TYPE_INFO") {
		c.report("the query has a part of a kind that is not allowed (%s)", kind)
	}
	switch text(n, "type") {
	case "BASE_TABLE":
		c.table(n)
	case "TABLE_FUNCTION":
		name := text(object(n, "function"), "function_name")
		c.judged[address(object(n, "function"))] = true
		if !callable().table[strings.ToLower(name)] {
			c.report("table function %q is not allowed; the query reads the job's sources (%s) only", name, strings.Join(c.tables, ", "))
		}
	case "SHOW_REF":
		c.report("DESCRIBE, SHOW and SUMMARIZE are not allowed; give a SELECT over the job's sources")
	case "JOIN":
		if text(n, "ref_type") == "POSITIONAL" {
			c.report("POSITIONAL JOIN is not allowed: sources have no row order")
		}
	case "VALUE_PARAMETER":
		c.report("parameter $%s has no value; write the value into the query", text(n, "identifier"))
	}
	if (text(n, "class") == "FUNCTION" || text(n, "class") == "WINDOW") && !c.judged[address(n)] {
		c.function(n)
	}
}

// meant suggests a name.
func (c *checker) meant(name string, among []string) string {
	if names := c.near(name, among, 1); len(names) > 0 {
		return "; did you mean " + names[0] + "?"
	}
	return ""
}

func (c *checker) function(n node) {
	name := strings.ToLower(text(n, "function_name"))
	schema := strings.ToLower(text(n, "schema"))
	if known := callable(); !known.scalar[name] && !known.table[name] {
		c.report("function %q is not one that a query may call%s", name, c.meant(name, known.names))
	}
	if text(n, "catalog") != "" || schema != "" && schema != "main" && schema != "pg_catalog" {
		c.report("function %q is not allowed under a catalog or schema", name)
	}
}

func (c *checker) table(n node) {
	name := text(n, "table_name")
	qualified := text(n, "schema_name") != "" || text(n, "catalog_name") != ""
	known := containsFold(c.tables, name) || c.ctes[strings.ToLower(name)] && !catalogName.MatchString(name)
	switch {
	case known && !qualified:
	case qualified:
		c.report("table %q.%q is not allowed; name the job's sources (%s) without a schema", text(n, "schema_name"), name, strings.Join(c.tables, ", "))
	case strings.ContainsAny(name, "/.:*"):
		c.report("table %q is not allowed: files cannot be named in the query; declare them as a source and use its alias", name)
	default:
		c.report("table %q is not a source of the job; its sources are %s", name, strings.Join(c.tables, ", "))
	}
}

// Tables returns which of the given tables the query reads, in their order.
func (q *Query) Tables(tables []string) []string {
	found := map[string]bool{}
	walk(q.root, func(n node) {
		if text(n, "type") == "BASE_TABLE" {
			found[strings.ToLower(text(n, "table_name"))] = true
		}
	})
	var out []string
	for _, t := range tables {
		if found[strings.ToLower(t)] {
			out = append(out, t)
		}
	}
	return out
}

func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
