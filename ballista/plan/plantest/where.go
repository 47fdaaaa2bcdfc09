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
	if g.denial && depth > 0 {
		parts = append(parts, g.in(0, columns, " NOT IN "))
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
	if depth > 0 && !g.denial && g.one(3) {
		return g.subquery(depth-1, columns)
	}
	if g.one(2) {
		return g.equal(columns, columns)
	}
	return g.filter(columns)
}

// filter makes a condition on columns.
func (g *generator) filter(columns []column) string {
	c := columns[g.IntN(len(columns))]
	literal := g.value(c, 4)
	switch g.IntN(5) {
	case 0:
		return c.name + " IS NOT NULL"
	case 1:
		return c.name + " IS NULL"
	case 2:
		return fmt.Sprintf("(%s = %s OR %s)", c.name, literal, g.filter(columns))
	case 3:
		return fmt.Sprintf("%s <> %s", c.name, literal)
	}
	return fmt.Sprintf("%s %s %s", c.name, g.pick("=", ">=", "<="), literal)
}

// subquery makes a condition with a subquery.
func (g *generator) subquery(depth int, columns []column) string {
	around := columns
	if g.one(3) {
		around = nil
	}
	switch g.IntN(9) {
	case 0, 1:
		sql, _ := g.query(depth, around, !g.one(4))
		return g.pick("EXISTS (", "NOT EXISTS (") + sql + ")"
	case 2, 3:
		return g.in(depth, columns, " IN ")
	case 4:
		return g.in(depth, columns, " NOT IN ")
	case 5:
		return "(" + g.in(depth, columns, g.pick(" IN ", " NOT IN ")) + " OR " + g.filter(columns) + ")"
	case 6:
		// What is asked is not whether it is true.
		in := g.in(depth, columns, g.pick(" IN ", " NOT IN "))
		return fmt.Sprintf(g.pick("(%s) IS NOT TRUE", "(%s) IS NULL", "NOT (%s)", "CASE WHEN %s THEN true ELSE false END", "coalesce(%s, true)"), in)
	case 7:
		return g.in(depth, columns, g.pick(" = ANY ", " <> ALL ", " > ALL ", " <= ANY "))
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
		a, b, ok := g.member(columns, inner)
		if !ok {
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
		left, right := a.name, b.name
		if c, d, ok := g.member(columns, inner); ok && strings.HasSuffix(how, " IN ") && !g.denial && g.one(6) {
			left, right = "("+left+", "+c.name+")", right+", "+d.name
		}
		return left + how + "(SELECT " + right + " FROM " + from + where + ")"
	}
	return "true"
}

// member picks two columns that IN compares.
func (g *generator) member(columns, inner []column) (a, b column, ok bool) {
	a, b, ok = g.pair(columns, inner)
	return a, b, ok && (a.kind == "VARCHAR") == (b.kind == "VARCHAR")
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
