package plantest

import (
	"fmt"
	"slices"
	"strings"
)

// relation is something that can stand in FROM: sql with its alias, and the
// columns that it has under the alias.
type relation struct {
	sql, alias string
	columns    []column
}

func (r relation) named(c column) column { return c.as(r.alias + "." + c.name) }

// extended is the relation as the side of an outer join that may be missing.
func (r relation) extended() relation {
	r.columns = slices.Clone(r.columns)
	for i := range r.columns {
		r.columns[i].extended = true
	}
	return r
}

func allColumns(relations []relation) []column {
	var out []column
	for _, r := range relations {
		for _, c := range r.columns {
			out = append(out, r.named(c))
		}
	}
	return out
}

func (g *generator) alias() string {
	g.aliases++
	return fmt.Sprintf("q%d", g.aliases)
}

// item makes something to stand in FROM.
func (g *generator) item(depth int) relation {
	alias := g.alias()
	if depth <= 0 || !g.one(3) || g.mentions >= maxMentions {
		t := g.tables[g.IntN(len(g.tables))]
		if g.common != "" {
			// The keys of a table that is there twice are not carried.
			t = g.tables[g.mentions%len(g.tables)]
		}
		g.mentions++
		return relation{t.Name + " AS " + alias, alias, t.columns}
	}
	if len(g.ctes) > 0 && g.one(3) {
		g.mentions++
		c := g.ctes[g.IntN(len(g.ctes))]
		return relation{c.alias + " AS " + alias, alias, c.columns}
	}
	sql, columns := g.query(depth-1, nil, g.one(5))
	if g.one(4) {
		name := "cte_" + alias
		c := relation{name + " AS (" + sql + ")", name, columns}
		g.ctes = append(g.ctes, c)
		return relation{name + " AS " + alias, alias, columns}
	}
	return relation{"(" + sql + ") AS " + alias, alias, columns}
}

// from makes a FROM clause and returns what can be seen of it.
func (g *generator) from(depth int) (string, []relation) {
	first := g.item(depth)
	sql, seen := first.sql, []relation{first}
	hidden := false
	kinds := []string{
		"JOIN", "JOIN", "JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN",
		"CROSS JOIN", ",",
	}
	if g.outer || g.one(4) {
		kinds = []string{"LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}
	}
	joins := g.IntN(3)
	if g.common != "" {
		joins = 1 + g.IntN(2)
	}
	for n := joins; n > 0 && g.mentions < maxMentions; n-- {
		next := g.item(depth)
		kind := g.pick(kinds...)
		if kind == "," || kind == "CROSS JOIN" {
			if g.products++; g.products > maxProducts {
				kind = "JOIN"
			}
		}
		if kind == "," || kind == "CROSS JOIN" {
			if kind == "," {
				// A comma binds less than what follows it.
				if n > 1 {
					kind = "CROSS JOIN"
				}
			}
			sql, seen = sql+" "+kind+" "+next.sql, append(seen, next)
			continue
		}
		condition := " ON " + g.on(seen, next)
		if name := g.shared(seen, next); name != "" && !hidden && g.one(4) {
			condition = " USING (" + name + ")"
		}
		sql += " " + kind + " " + next.sql + condition
		if kind == "RIGHT JOIN" || kind == "FULL JOIN" {
			for i := range seen {
				seen[i] = seen[i].extended()
			}
		}
		if kind == "LEFT JOIN" || kind == "FULL JOIN" {
			next = next.extended()
			for _, c := range next.columns {
				if g.hot[next.alias+"."+c.name] && c.base != "" {
					g.missing = append(g.missing, c)
				}
			}
		}
		if kind != "SEMI JOIN" && kind != "ANTI JOIN" {
			seen = append(seen, next)
		} else {
			hidden = true
		}
	}
	return sql, seen
}

// shared is a column that USING can be of.
func (g *generator) shared(seen []relation, next relation) string {
	if len(seen) != 1 {
		return ""
	}
	for _, a := range seen[0].columns {
		for _, b := range next.columns {
			if a.name == b.name && a.domain == b.domain && (a.kind == "VARCHAR") == (b.kind == "VARCHAR") {
				return a.name
			}
		}
	}
	return ""
}

// on makes a join condition.
func (g *generator) on(seen []relation, next relation) string {
	left, right := allColumns(seen), allColumns([]relation{next})
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
	if a.domain == "num" && a.kind != "VARCHAR" && b.kind != "VARCHAR" && g.one(2) {
		return fmt.Sprintf("tolerance_match(%s, %s, 1)", a.name, b.name)
	}
	return a.name + g.pick(" < ", " >= ", " <> ") + b.name
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

// query makes a SELECT and returns its columns. around are columns of the
// queries around it that it may use.
func (g *generator) query(depth int, around []column, plain bool) (string, []column) {
	if depth > 0 && g.one(4) {
		return g.setop(depth)
	}
	from, seen := g.from(depth)
	columns := allColumns(seen)
	where := g.where(depth, columns, around)
	if plain {
		items, out := g.items(columns, "c")
		return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where, out
	}
	switch g.IntN(10) {
	case 0, 1:
		return g.grouped(depth, from, where, columns)
	case 2:
		items, out := g.aggregates(columns)
		return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where, out
	case 3:
		items, out := g.items(columns, "c")
		return "SELECT DISTINCT " + strings.Join(items, ", ") + " FROM " + from + where, out
	case 4:
		return g.windowed(from, where, columns)
	case 5:
		if depth > 0 {
			items, out := g.items(columns, "c")
			return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + " ORDER BY ALL LIMIT " + fmt.Sprint(g.IntN(6)), out
		}
	case 6:
		if len(seen) == 1 {
			return "SELECT * FROM " + from + where, seen[0].columns
		}
	case 7:
		r := seen[g.IntN(len(seen))]
		return "SELECT " + r.alias + ".* FROM " + from + where, r.columns
	}
	items, out := g.items(columns, "c")
	if depth > 0 && g.one(6) {
		sub, c := g.scalar(depth-1, columns)
		items, out = append(items, sub+" AS s"), append(out, c.as("s"))
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where, out
}

// coldness is 0 for a column that was compared, 1 for others.
func (g *generator) coldness(c column) int {
	if g.hot[c.name] || g.hot[c.base] {
		return 0
	}
	return 1
}

// column picks a column, rather one that was compared.
func (g *generator) column(columns []column) column {
	c := columns[g.IntN(len(columns))]
	for range 4 {
		if g.coldness(c) == 0 || g.one(3) {
			break
		}
		c = columns[g.IntN(len(columns))]
	}
	return c
}

// items makes a select list.
func (g *generator) items(columns []column, prefix string) ([]string, []column) {
	var items []string
	var out []column
	for i := range []int{1, 1, 2, 3}[g.IntN(4)] {
		c := g.column(columns)
		expression := c.name
		name := fmt.Sprint(prefix, i)
		if g.one(8) && c.domain == "word" {
			expression, c.base = g.wrapped(c), ""
		}
		items = append(items, expression+" AS "+name)
		out = append(out, c.as(name))
	}
	return items, out
}

func (g *generator) aggregates(columns []column) ([]string, []column) {
	c := columns[g.IntN(len(columns))]
	items, out := []string{"count(*) AS n"}, []column{computed("n", "BIGINT", "num")}
	if g.one(2) {
		return items, out
	}
	if c.domain == "num" && c.kind != "VARCHAR" && c.kind != "DOUBLE" && c.kind != "FLOAT" {
		f := g.pick("sum", "avg", "min", "max", "count", "median")
		kind := "DOUBLE"
		switch {
		case f == "sum" && strings.HasPrefix(c.kind, "DEC"):
			kind = "DECIMAL(38,10)"
		case f == "sum":
			kind = "HUGEINT"
		case f == "count":
			kind = "BIGINT"
		case f == "min" || f == "max":
			kind = c.kind
		}
		return append(items, f+"("+c.name+") AS m"), append(out, computed("m", kind, "num"))
	}
	if c.domain == "flag" {
		return append(items, "bool_or("+c.name+") AS m"), append(out, computed("m", "BOOLEAN", "flag"))
	}
	if g.one(4) {
		return append(items, "count(DISTINCT "+c.name+") AS m"), append(out, computed("m", "BIGINT", "num"))
	}
	if g.one(6) {
		return append(items, "string_agg(DISTINCT CAST("+c.name+" AS VARCHAR), ',' ORDER BY CAST("+c.name+" AS VARCHAR)) AS m"), append(out, computed("m", "VARCHAR", "word"))
	}
	return append(items, g.pick("min", "max")+"("+c.name+") AS m"), append(out, computed("m", c.kind, c.domain))
}

func (g *generator) grouped(depth int, from, where string, columns []column) (string, []column) {
	keys, out := g.items(columns, "g")
	group := make([]string, len(keys))
	for i, k := range keys {
		group[i], _, _ = strings.Cut(k, " AS ")
	}
	items, more := g.aggregates(columns)
	by := strings.Join(group, ", ")
	if g.one(4) {
		by = "ALL"
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
	window := g.pick("count(*) OVER (PARTITION BY %[1]s)", "max(%[2]s) OVER (PARTITION BY %[1]s)", "rank() OVER (PARTITION BY %[1]s ORDER BY %[2]s)",
		"count(%[2]s) OVER (PARTITION BY %[1]s)", "count(*) OVER ()", "dense_rank() OVER (ORDER BY %[2]s)")
	qualify := ""
	if g.one(3) {
		qualify = " QUALIFY rank() OVER (PARTITION BY " + by + " ORDER BY " + over.name + ") = 1"
	}
	items = append(items, "CAST("+fmt.Sprintf(window+"%[3]s", by, over.name, "")+" AS VARCHAR) AS o")
	return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + qualify, append(out, computed("o", "VARCHAR", "word"))
}

// setop makes a set operation of two SELECTs with columns of like domains.
func (g *generator) setop(depth int) (string, []column) {
	from, seen := g.from(depth - 1)
	columns := allColumns(seen)
	items, out := g.items(columns, "c")
	left := "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(depth-1, columns, nil)
	for range 8 {
		from, seen = g.from(depth - 1)
		columns = allColumns(seen)
		if items = g.alike(columns, out); items != nil {
			break
		}
	}
	if items == nil {
		return left, out
	}
	right := "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(depth-1, columns, nil)
	op := g.pick("UNION ALL", "UNION", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL")
	return "(" + left + ") " + op + " (" + right + ")", out
}

// alike picks columns of the domains and, for text, the types of others.
func (g *generator) alike(columns, like []column) []string {
	var items []string
	for _, want := range like {
		item := ""
		for _, i := range g.Perm(len(columns)) {
			c := columns[i]
			if c.domain == want.domain && (c.kind == want.kind || c.kind != "VARCHAR" && want.kind != "VARCHAR" && g.one(3)) {
				item = c.name
				break
			}
		}
		if item == "" {
			return nil
		}
		items = append(items, item)
	}
	return items
}
