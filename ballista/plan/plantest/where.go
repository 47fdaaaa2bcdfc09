package plantest

import (
	"fmt"
	"strings"
)

// where makes a WHERE clause, or none. around are columns of the queries
// around.
func (g *generator) where(depth int, columns, around []column) string {
	var parts []string
	for n := g.IntN(3); n > 0; n-- {
		parts = append(parts, g.condition(depth, columns))
	}
	if len(around) > 0 && !g.one(5) {
		parts = append(parts, g.equal(columns, around))
		if g.one(4) {
			parts = append(parts, g.loose(columns, around))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

func (g *generator) condition(depth int, columns []column) string {
	if depth > 0 && g.one(3) {
		return g.subquery(depth-1, columns)
	}
	if g.one(2) {
		return g.equal(columns, columns)
	}
	return g.filter(columns)
}

// subquery makes a condition with a subquery.
func (g *generator) subquery(depth int, columns []column) string {
	around := columns
	if g.one(3) {
		around = nil
	}
	switch g.IntN(7) {
	case 0:
		sql, _ := g.query(depth, around, true)
		return "EXISTS (" + sql + ")"
	case 1:
		sql, _ := g.query(depth, around, true)
		return "NOT EXISTS (" + sql + ")"
	case 2, 3:
		return g.in(depth, columns, " IN ")
	case 4:
		return g.in(depth, columns, " NOT IN ")
	case 5:
		return "(" + g.in(depth, columns, g.pick(" IN ", " NOT IN ")) + " OR " + g.filter(columns) + ")"
	}
	sub, c := g.scalar(depth, columns)
	for _, o := range columns {
		if o.domain == c.domain && o.kind != "VARCHAR" && c.kind != "VARCHAR" {
			return o.name + g.pick(" = ", " < ", " >= ") + sub
		}
	}
	return sub + " IS NOT NULL"
}

// in makes a membership. The columns must be of types that IN compares.
func (g *generator) in(depth int, columns []column, how string) string {
	from, seen := g.from(depth)
	inner := allColumns(seen)
	for range 20 {
		a, b, ok := g.pair(columns, inner)
		if !ok || (a.kind == "VARCHAR") != (b.kind == "VARCHAR") {
			continue
		}
		var around []column
		if g.one(4) {
			around = columns
		}
		where := g.where(depth, inner, around)
		if g.one(3) {
			if where == "" {
				where = " WHERE true"
			}
			where += " AND " + b.name + " IS NOT NULL"
		}
		return a.name + how + "(SELECT " + b.name + " FROM " + from + where + ")"
	}
	return "true"
}

// scalar makes a subquery of one value.
func (g *generator) scalar(depth int, columns []column) (string, column) {
	around := columns
	if g.one(3) {
		around = nil
	}
	from, seen := g.from(depth)
	inner := allColumns(seen)
	c := inner[g.IntN(len(inner))]
	f := g.pick("max", "min", "count")
	if c.domain == "flag" {
		f = "bool_and"
	}
	out := computed("", c.kind, c.domain)
	if f == "count" {
		out = computed("", "BIGINT", "num")
	}
	return fmt.Sprintf("(SELECT %s(%s) FROM %s%s)", f, c.name, from, g.where(depth, inner, around)), out
}
