package plantest

import "strings"

// setop makes a set operation of SELECTs with columns of like domains, or of
// such an operation and a further one.
func (g *generator) setop(depth int) (string, []column) {
	from, seen := g.from(depth - 1)
	columns := allColumns(seen)
	items, out := g.items(columns, "c")
	sql := "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(depth-1, columns, nil)
	for n := 1 + g.IntN(5)/4; n > 0; n-- {
		other := g.like(depth-1, out)
		if other == "" {
			break
		}
		op := g.pick("UNION ALL", "UNION", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL", "UNION ALL BY NAME")
		if g.one(2) || op == "UNION ALL BY NAME" {
			sql = "(" + sql + ") " + op + " (" + other + ")"
		} else {
			sql = "(" + other + ") " + op + " (" + sql + ")"
		}
	}
	g.end = openEnd
	return sql, out
}

// like makes a SELECT that can be the other side of a set operation, under the
// same names; "" if it finds none.
func (g *generator) like(depth int, out []column) string {
	for range 8 {
		from, seen := g.from(depth)
		columns := allColumns(seen)
		if items := g.alike(columns, out); items != nil {
			return "SELECT " + strings.Join(items, ", ") + " FROM " + from + g.where(depth, columns, nil)
		}
	}
	return ""
}

// alike picks columns of the domains and, for text, the types of others, under
// their names.
func (g *generator) alike(columns, like []column) []string {
	var items []string
	for _, want := range like {
		item := ""
		for _, i := range g.Perm(len(columns)) {
			c := columns[i]
			if c.domain == want.domain && (c.kind == want.kind || c.kind != "VARCHAR" && want.kind != "VARCHAR" && g.one(3)) {
				item = c.name + " AS " + want.name
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
