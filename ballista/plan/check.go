package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// tableFunctions are the functions that may stand in FROM: they make rows out
// of their arguments and reach nothing.
var tableFunctions = []string{"generate_series", "range", "unnest"}

// refusedFunctions tell about the process or act on it, or wait.
var refusedFunctions = []string{
	"current_connection_id", "current_query", "current_query_id", "current_setting", "currval", "getenv", "getvariable",
	"json_execute_serialized_sql", "nextval", "parse_duckdb_log_message", "pg_sleep", "setseed", "sleep_ms", "write_log",
}

// catalogName matches the views that DuckDB has by itself. A CTE must not bear
// such a name: outside of the CTE's reach it would mean the view.
var catalogName = regexp.MustCompile(`(?i)^(duckdb_|sqlite_|pragma_|pg_)`)

// Check reports everything in the query that it may not name: tables other
// than the given ones, table functions, and functions that reach outside.
func (q *Query) Check(tables []string) error {
	c := checker{tables: tables, ctes: q.cteNames()}
	walk(q.root, c.visit)
	// The tree is walked in no order, but people compare error texts.
	slices.SortFunc(c.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(c.problems...)
}

type checker struct {
	tables   []string
	ctes     map[string]bool
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

func (c *checker) visit(n node) {
	switch text(n, "type") {
	case "BASE_TABLE":
		c.table(n)
	case "TABLE_FUNCTION":
		name := text(object(n, "function"), "function_name")
		if !slices.Contains(tableFunctions, strings.ToLower(name)) {
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
	if text(n, "class") == "FUNCTION" || text(n, "class") == "WINDOW" {
		c.function(n)
	}
}

func (c *checker) function(n node) {
	name := strings.ToLower(text(n, "function_name"))
	schema := strings.ToLower(text(n, "schema"))
	if slices.Contains(refusedFunctions, name) || strings.HasPrefix(name, "kallad_") {
		c.report("function %q is not allowed", name)
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
