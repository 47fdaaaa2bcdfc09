package plantest

import (
	"fmt"
	"strings"
)

// query makes a SELECT and returns its columns. around are columns of the
// queries around it that it may use.
func (g *generator) query(depth int, around []column, plain bool) (string, []column) {
	end := openEnd
	if depth > 0 && !g.denial && g.one(4) {
		return g.setop(depth)
	}
	from, seen := g.from(depth)
	columns := allColumns(seen)
	where := g.where(depth, columns, around)
	defer func() { g.end = end }()
	if plain {
		items, out := g.items(columns, "c")
		return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where, out
	}
	switch g.IntN(11) {
	case 0, 1:
		return g.grouped(from, where, columns)
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
			end = ordered
			items, out := g.items(columns, "c")
			return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where + g.ordering(out, openEnd) + g.limit(), out
		}
	case 6:
		if out := starred(seen); len(out) > 0 {
			end = starEnd
			return "SELECT * FROM " + from + where, out
		}
	case 7:
		if r := seen[g.IntN(len(seen))]; r.alias != "" {
			end = starEnd
			return "SELECT " + r.alias + ".* FROM " + from + where, starred([]relation{{alias: r.alias, columns: r.columns}})
		}
	case 8:
		// The order is over the whole of a row, so that it is always the same
		// one that is kept.
		end = ordered
		items, out := g.items(columns, "c")
		on, _, _ := strings.Cut(items[0], " AS ")
		return "SELECT DISTINCT ON (" + on + ") " + strings.Join(items, ", ") + " FROM " + from + where + " ORDER BY ALL", out
	}
	items, out := g.items(columns, "c")
	if depth > 0 && g.one(6) {
		sub, c := g.scalar(depth-1, columns)
		items, out = append(items, sub+" AS s"), append(out, c.as("s"))
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + from + where, out
}

// end is how the text of a query ends.
type end int

const (
	// openEnd: an ORDER BY may follow.
	openEnd end = iota
	// starEnd: the same, but there may be more columns than those known.
	starEnd
	// ordered: there is one.
	ordered
)

// ordering makes an ORDER BY in which only rows that are alike are equal.
func (g *generator) ordering(columns []column, end end) string {
	if end == starEnd || g.one(2) {
		return " ORDER BY ALL" + g.pick("", "", " DESC")
	}
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.name + g.pick("", "", " DESC", " DESC NULLS LAST", " NULLS FIRST")
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

func (g *generator) limit() string {
	return " LIMIT " + g.pick("0", "1", "2", "3", "5", "8", "40%") + g.pick("", "", " OFFSET 1", " OFFSET 4")
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
