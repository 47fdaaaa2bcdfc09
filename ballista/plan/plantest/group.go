package plantest

import (
	"fmt"
	"strings"
)

// aggregates makes one or two aggregates.
func (g *generator) aggregates(columns []column) ([]string, []column) {
	c := columns[g.IntN(len(columns))]
	items, out := []string{"count(*)" + g.filtered(columns) + " AS n"}, []column{computed("n", "BIGINT", "num")}
	if g.one(2) {
		return items, out
	}
	call, as := g.aggregate(c)
	return append(items, call+g.filtered(columns)+" AS m"), append(out, as)
}

// filtered makes the FILTER of an aggregate, mostly none.
func (g *generator) filtered(columns []column) string {
	if !g.one(8) {
		return ""
	}
	return " FILTER (WHERE " + g.filter(columns) + ")"
}

// aggregate makes an aggregate of a column.
func (g *generator) aggregate(c column) (string, column) {
	if c.domain == "num" && c.kind != "VARCHAR" && c.kind != "DOUBLE" && c.kind != "FLOAT" {
		f := g.pick("sum", "avg", "min", "max", "count", "median", "sum(DISTINCT", "avg(DISTINCT")
		kind := "DOUBLE"
		switch {
		case strings.HasPrefix(f, "sum") && strings.HasPrefix(c.kind, "DEC"):
			kind = "DECIMAL(38,10)"
		case strings.HasPrefix(f, "sum"):
			kind = "HUGEINT"
		case f == "count":
			kind = "BIGINT"
		case f == "min" || f == "max":
			kind = c.kind
		}
		if !strings.Contains(f, "(") {
			f += "("
		}
		return f + " " + c.name + ")", computed("m", kind, "num")
	}
	if c.domain == "flag" {
		return g.pick("bool_or(", "bool_and(") + c.name + ")", computed("m", "BOOLEAN", "flag")
	}
	if g.one(4) {
		return "count(DISTINCT " + c.name + ")", computed("m", "BIGINT", "num")
	}
	if g.one(6) {
		return "string_agg(DISTINCT CAST(" + c.name + " AS VARCHAR), ',' ORDER BY CAST(" + c.name + " AS VARCHAR))", computed("m", "VARCHAR", "word")
	}
	return g.pick("min", "max") + "(" + c.name + ")", computed("m", c.kind, c.domain)
}

func (g *generator) grouped(from, where string, columns []column) (string, []column) {
	keys, out := g.items(columns, "g")
	group := make([]string, len(keys))
	for i, k := range keys {
		group[i], _, _ = strings.Cut(k, " AS ")
	}
	items, more := g.aggregates(columns)
	by := strings.Join(group, ", ")
	switch g.IntN(12) {
	case 0, 1, 2:
		by = "ALL"
	case 3:
		by = g.pick("ROLLUP", "CUBE") + " (" + by + ")"
	case 4:
		by = "GROUPING SETS ((" + by + "), (" + group[0] + ")" + g.pick("", ", ()") + ")"
	}
	having := ""
	if g.one(4) {
		having = " HAVING count(*) " + g.pick("> 1", "= 1", "< 4")
	}
	return "SELECT " + strings.Join(append(keys, items...), ", ") + " FROM " + from + where + " GROUP BY " + by + having, append(out, more...)
}

func (g *generator) windowed(from, where string, columns []column) (string, []column) {
	items, out := g.items(columns, "c")
	by := g.column(columns).name
	over := columns[g.IntN(len(columns))]
	if g.one(3) {
		by += ", " + g.column(columns).name
	}
	qualify := ""
	if g.one(3) {
		qualify = " QUALIFY rank() OVER (PARTITION BY " + by + " ORDER BY " + over.name + ") = 1"
	}
	items = append(items, "CAST("+g.window(by, over.name, columns)+" AS VARCHAR) AS o")
	return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + qualify, append(out, computed("o", "VARCHAR", "word"))
}

// window makes a window function whose value does not depend on the order of
// rows that are alike to it.
func (g *generator) window(by, over string, columns []column) string {
	if g.one(4) {
		// Rows are told apart by all that there is of them.
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = c.name
		}
		return g.pick("row_number()", "count(*)", "min("+over+")", "last_value("+over+")", "lag("+over+")") +
			" OVER (PARTITION BY " + by + " ORDER BY " + strings.Join(names, ", ") + g.pick("", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS UNBOUNDED PRECEDING") + ")"
	}
	return fmt.Sprintf(g.pick("count(*) OVER (PARTITION BY %[1]s)", "max(%[2]s) OVER (PARTITION BY %[1]s)", "rank() OVER (PARTITION BY %[1]s ORDER BY %[2]s)",
		"count(%[2]s) OVER (PARTITION BY %[1]s)", "dense_rank() OVER (ORDER BY %[2]s DESC NULLS FIRST)", "percent_rank() OVER (PARTITION BY %[1]s ORDER BY %[2]s)",
		"min(%[2]s) OVER (PARTITION BY %[1]s ORDER BY %[2]s GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
		"count(*) OVER (PARTITION BY %[1]s ORDER BY %[2]s RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
		"(count(%[2]s) OVER () + count(*) OVER ())"), by, over)
}
