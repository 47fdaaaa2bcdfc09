package plantest

import (
	"fmt"
	"slices"
	"strings"
)

// from makes a FROM clause and returns what can be seen of it. The conditions
// of lateral subqueries may use its columns, and those of the queries around.
func (g *generator) from(depth int) (string, []relation) {
	first := g.item(depth)
	sql, seen := first.sql, []relation{first}
	kinds := []string{
		"JOIN", "JOIN", "JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN",
		"CROSS JOIN", ",",
	}
	if g.outer || g.one(4) {
		kinds = []string{"LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}
	}
	joins := g.IntN(3)
	switch {
	case g.denial:
		joins = g.IntN(6) / 5
	case g.common != "":
		joins = 1 + g.IntN(2)
	}
	hidden := false
	for n := joins; n > 0 && g.mentions < maxMentions; n-- {
		kind := g.pick(kinds...)
		if kind == "," || kind == "CROSS JOIN" {
			if g.products++; g.products > maxProducts {
				kind = "JOIN"
			}
		}
		if kind == "," && n > 1 {
			kind = "CROSS JOIN" // a comma binds less than what follows it
		}
		if depth > 0 && kind == "CROSS JOIN" && g.one(6) {
			text, next := g.lateral(depth, seen)
			sql, seen = sql+text, append(seen, next)
			continue
		}
		text, next := g.side(depth)
		if kind == "," || kind == "CROSS JOIN" {
			sql, seen = sql+" "+kind+" "+text, append(seen, next...)
			continue
		}
		names := g.shared(seen, next)
		if hidden || len(names) == 0 || !g.one(4) {
			condition := g.on(seen, next)
			sql, seen = sql+" "+kind+" "+text+" ON "+condition, g.joined(kind, seen, next)
		} else {
			sql, seen = g.using(sql, text, kind, names, seen, next, n == 1)
		}
		hidden = hidden || kind == "SEMI JOIN" || kind == "ANTI JOIN"
	}
	return sql, seen
}

// side makes what is joined to the rest: an item, or a join in parentheses.
func (g *generator) side(depth int) (string, []relation) {
	a := g.item(depth)
	if g.common != "" || !g.one(9) || g.mentions >= maxMentions {
		return a.sql, []relation{a}
	}
	b := g.item(depth)
	kind := g.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN")
	sql := "(" + a.sql + " " + kind + " " + b.sql + " ON " + g.on([]relation{a}, []relation{b}) + ")"
	return sql, g.joined(kind, []relation{a}, []relation{b})
}

// joined are the relations that can be seen of a join.
func (g *generator) joined(kind string, left, right []relation) []relation {
	switch kind {
	case "SEMI JOIN", "ANTI JOIN":
		return left
	case "LEFT JOIN":
		right = g.missed(right)
	case "RIGHT JOIN":
		left = extended(left)
	case "FULL JOIN":
		left, right = extended(left), g.missed(right)
	}
	return slices.Concat(left, right)
}

// missed are relations that a join may find missing; it notes which of their
// columns were compared.
func (g *generator) missed(relations []relation) []relation {
	relations = extended(relations)
	for _, r := range relations {
		for _, c := range r.columns {
			if g.hot[r.alias+"."+c.name] && c.base != "" {
				g.missing = append(g.missing, c)
			}
		}
	}
	return relations
}

// using joins by columns that have the same name on both sides. If it is the
// last join, such a column can be named without saying whose it is.
func (g *generator) using(sql, text, kind string, names []string, seen, next []relation, last bool) (string, []relation) {
	left := seen[0]
	if natural := g.one(2); natural {
		sql += " NATURAL " + kind + " " + text
	} else {
		if len(names) > 1 && g.one(2) {
			names = names[:1]
		}
		// A name that both have and that is not one of these is ambiguous.
		sql += " " + kind + " " + text + " USING (" + strings.Join(names, ", ") + ")"
	}
	seen = g.joined(kind, seen, next)
	if len(seen) == 1 {
		return sql, seen
	}
	seen[1].merged = names
	if last && g.one(2) {
		var free relation
		for _, c := range left.columns {
			if slices.Contains(names, c.name) {
				c.base, c.extended = "", kind != "JOIN"
				free.columns = append(free.columns, c)
			}
		}
		seen = append(seen, free)
	}
	return sql, seen
}

// shared are the columns by which a natural join of two relations would join
// them, nil if it could not.
func (g *generator) shared(seen, next []relation) []string {
	if len(seen) != 1 || len(next) != 1 {
		return nil
	}
	var out []string
	for _, a := range seen[0].columns {
		for _, b := range next[0].columns {
			if a.name != b.name {
				continue
			}
			if a.domain != b.domain || (a.kind == "VARCHAR") != (b.kind == "VARCHAR") {
				return nil
			}
			out = append(out, a.name)
		}
	}
	return out
}

// lateral makes a subquery that reads what stands before it.
func (g *generator) lateral(depth int, seen []relation) (string, relation) {
	alias := g.alias()
	sql, columns := g.query(depth-1, allColumns(seen), true)
	return g.pick(", LATERAL ", " CROSS JOIN LATERAL ") + "(" + sql + ") AS " + alias, relation{alias: alias, columns: columns}
}

// on makes a join condition.
func (g *generator) on(seen, next []relation) string {
	left, right := allColumns(seen), allColumns(next)
	parts := []string{g.equal(left, right)}
	if g.one(3) {
		parts = append(parts, g.equal(left, right))
	}
	switch g.IntN(16) {
	case 0:
		parts = append(parts, g.loose(left, right))
	case 1:
		parts = append(parts, g.filter(append(left, right...)))
	case 2:
		if g.products++; g.products <= maxProducts {
			parts = []string{g.loose(left, right)}
		}
	case 3:
		parts = []string{"(" + strings.Join(append(parts, g.equal(left, right)), " OR ") + ")"}
	}
	return strings.Join(parts, " AND ")
}

// pair picks two columns of one domain.
func (g *generator) pair(left, right []column) (a, b column, ok bool) {
	for range 20 {
		a, b = g.column(left), g.column(right)
		if a.domain == b.domain {
			return a, b, true
		}
	}
	return a, b, false
}

// equal makes an equality of a column of each side.
func (g *generator) equal(left, right []column) string {
	a, b, ok := g.pair(left, right)
	if !ok {
		return "true"
	}
	if g.one(2) {
		a, b = b, a
	}
	for _, name := range []string{a.name, b.name, a.base, b.base} {
		g.hot[name] = name != ""
	}
	switch {
	case g.one(8), (a.extended || b.extended) && g.one(3):
		return fmt.Sprintf("%s IS NOT DISTINCT FROM %s", a.name, b.name)
	case g.one(6):
		return g.wrapped(a) + " = " + g.wrapped(b)
	case g.one(12):
		return g.wrapped(a) + " = " + b.name
	}
	return a.name + " = " + b.name
}

// wrapped makes an expression of a column.
func (g *generator) wrapped(c column) string {
	switch {
	case c.domain == "word":
		return g.pick("lower", "upper", "trim") + "(" + c.name + ")"
	case c.domain == "num" && c.kind != "VARCHAR":
		return g.pick("("+c.name+" + 0)", "CAST("+c.name+" AS DECIMAL(38,4))", "coalesce("+c.name+", 1)", "abs("+c.name+")")
	case c.kind == "TIMESTAMPTZ" && g.one(2):
		return "CAST(" + c.name + " AT TIME ZONE 'Asia/Tokyo' AS DATE)"
	case c.domain == "day":
		return "CAST(" + c.name + " AS DATE)"
	}
	return c.name
}

// loose makes a condition between both sides that is no equality.
func (g *generator) loose(left, right []column) string {
	a, b, ok := g.pair(left, right)
	if !ok || a.domain == "flag" || a.domain == "uid" {
		return "true"
	}
	if a.domain == "num" && a.kind != "VARCHAR" && b.kind != "VARCHAR" {
		switch g.IntN(4) {
		case 0, 1:
			return fmt.Sprintf("tolerance_match(%s, %s, 1)", a.name, b.name)
		case 2:
			return fmt.Sprintf("%s BETWEEN %s - 0.5 AND %s + 1", a.name, b.name, b.name)
		}
	}
	return a.name + g.pick(" < ", " >= ", " <> ") + b.name
}
