package jobtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes tables and queries.
type generator struct{ *rand.Rand }

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) table(name string) table {
	r := table{name: name}
	for i := range g.IntN(9) {
		r.rows = append(r.rows, []string{
			g.pick("7", "007", "07", "a", "A", "b", ""), g.pick("1", "2", "3", ""),
			g.pick("1.00", "1.01", "1.02", "-2.50", "0", ""), g.pick("2024-01-01", "2024-02-29", ""),
			g.pick("x", "y", "7", ""),
			[]string{"", "this", "that"}[i%3], fmt.Sprintf("%d.25", i/2), fmt.Sprint(i),
		})
	}
	return r
}

// query is one query as a caller writes it, and the same with the keys
// of both sides at its end. If kallad may refuse the first, named is what it
// asks for, and namedKeyed its twin.
type query struct {
	plain, keyed      string
	mayRefuse         bool
	named, namedKeyed string
}

// relation is a side in a FROM clause: with is its CTE, if it has one.
type relation struct{ with, from string }

// side returns a side as a table, a subquery, a CTE or a union, under the
// alias. Keyed, all but the table return their keys as <alias>k0, <alias>k1.
func (g *generator) side(table, alias string) (plain, keyed relation, carried bool) {
	where := g.pick("", " WHERE amount > 0", " WHERE note IN (SELECT note FROM right_src)", " WHERE line IS NOT NULL")
	keys := fmt.Sprintf(", %[1]s.id AS %[2]sk0, %[1]s.line AS %[2]sk1", table, alias)
	inner := func(keys string) string {
		return "SELECT id, amount, note, line, due" + keys + " FROM " + table + where
	}
	body := inner
	switch g.IntN(8) {
	case 0, 1:
		r := relation{from: table + " " + alias}
		return r, r, false
	case 2:
		body = func(keys string) string { return inner(keys) + " UNION ALL " + inner(keys) }
	case 3:
		body = func(keys string) string {
			return inner(keys) + " QUALIFY row_number() OVER (PARTITION BY note ORDER BY id, line, amount, due) = 1"
		}
	case 4:
		body = func(keys string) string {
			return "SELECT id, max(amount) AS amount, min(note) AS note, line, max(due) AS due" + keys + " FROM " + table + where + " GROUP BY id, line"
		}
	case 5:
		body = func(keys string) string {
			return "SELECT DISTINCT ON (id) id, amount, note, line, due" + keys + " FROM " + table + where + " ORDER BY id, line, amount, due, note"
		}
	case 6:
		body = func(keys string) string { return inner(keys) + " ORDER BY id, line, amount, due, note LIMIT 4" }
	case 7:
		body = func(keys string) string {
			return "SELECT *" + strings.ReplaceAll(keys, table+".", "q.") + " FROM (SELECT * FROM " + table + where + ") q"
		}
	}
	if g.IntN(2) == 0 {
		cte := alias + "_cte"
		return relation{cte + " AS (" + body("") + ")", cte + " " + alias}, relation{cte + " AS (" + body(keys) + ")", cte + " " + alias}, true
	}
	return relation{from: "(" + body("") + ") " + alias}, relation{from: "(" + body(keys) + ") " + alias}, true
}

func with(a, b relation) string {
	parts := slices.DeleteFunc([]string{a.with, b.with}, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return ""
	}
	return "WITH " + strings.Join(parts, ", ") + " "
}

func keysOf(alias string, carried bool) string {
	if carried {
		return fmt.Sprintf("%[1]s.%[1]sk0, %[1]s.%[1]sk1", alias)
	}
	return fmt.Sprintf("%[1]s.id, %[1]s.line", alias)
}

// query makes a join of both sides, or a union of two.
func (g *generator) query() query {
	l, lk, lc := g.side("left_src", "l")
	r, rk, rc := g.side("right_src", "r")
	keys := keysOf("l", lc) + ", " + keysOf("r", rc)
	join := g.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN", "LEFT JOIN")
	on := " ON " + g.pick("l.id = r.id", "l.id = r.id AND l.line = r.line", "l.amount = r.amount", "l.note = r.note AND l.due = r.due",
		"l.id = r.id AND tolerance_match(l.amount, r.amount, 0.01)", "l.id = r.note")
	if g.IntN(4) == 0 {
		on = g.pick(" USING (id)", " USING (line, id)")
	}
	from := func(l, r relation) string { return " FROM " + l.from + " " + join + " " + r.from + on }
	where := g.pick("", "", " WHERE l.amount > 0", " WHERE r.note IS NULL OR l.line = 1",
		" WHERE EXISTS (SELECT 1 FROM left_src x WHERE x.id = l.id AND x.line > 1)", " WHERE l.id NOT IN (SELECT id FROM right_src WHERE id IS NOT NULL)")
	items := g.pick("l.note, r.amount", "l.id, r.id", "l.id AS k, l.line, r.id, r.line", "l.amount + r.amount AS total, upper(l.id) AS id", "l.line, l.id, r.line, r.id",
		"r.note, row_number() OVER (PARTITION BY l.id, l.line, r.id, r.line) > 0 AS n", "l.*", "r.* EXCLUDE (note)", "*", "*", "(SELECT max(x.due) FROM right_src x WHERE x.id = l.id) AS due")
	keyedItems := hideKeys(items, lc, rc)
	head, keyedHead := with(l, r)+"SELECT ", with(lk, rk)+"SELECT "
	switch g.IntN(5) {
	case 0:
		second := " UNION ALL SELECT l.note, l.amount%s FROM left_src l" + g.pick("", " WHERE l.line = 2")
		first := "l.note, l.amount"
		return query{
			plain: head + first + from(l, r) + where + fmt.Sprintf(second, ""),
			keyed: keyedHead + first + ", " + keys + from(lk, rk) + where + fmt.Sprintf(second, ", l.id, l.line, NULL, NULL"),
		}
	case 1:
		named := "l.id AS left_src_id, l.line AS left_src_line, r.id AS right_src_id, r.line AS right_src_line"
		tail := from(l, r) + where
		return query{
			plain: head + "DISTINCT l.note, r.note" + tail, keyed: head + "DISTINCT l.note, r.note, " + strings.Repeat("NULL, ", 3) + "NULL" + tail,
			mayRefuse: true, named: head + "DISTINCT l.note, " + named + tail, namedKeyed: head + "DISTINCT l.note, " + named + ", l.id, l.line, r.id, r.line" + tail,
		}
	case 2:
		tail := where + " GROUP BY %s"
		group := "l.id, l.line, r.id, r.line"
		return query{
			plain: head + "l.id, count(*) AS n, sum(r.amount) AS s" + from(l, r) + fmt.Sprintf(tail, group),
			keyed: head + "l.id, count(*) AS n, sum(r.amount) AS s, " + group + from(l, r) + fmt.Sprintf(tail, group),
			// The keys of subqueries are other columns than those grouped by.
			mayRefuse: true, named: head + "max(l.note) AS m, l.id AS left_src_id, l.line AS left_src_line, r.id AS right_src_id, r.line AS right_src_line" + from(l, r) + fmt.Sprintf(tail, group),
			namedKeyed: head + "max(l.note) AS m, l.id AS left_src_id, l.line AS left_src_line, r.id AS right_src_id, r.line AS right_src_line, " + group + from(l, r) + fmt.Sprintf(tail, group),
		}
	}
	return query{plain: head + items + from(l, r) + where, keyed: keyedHead + keyedItems + ", " + keys + from(lk, rk) + where}
}

// hideKeys keeps the keys that were written into a side out of its stars.
func hideKeys(items string, left, right bool) string {
	if items == "*" && (left || right) {
		hidden := []string{}
		if left {
			hidden = append(hidden, "lk0", "lk1")
		}
		if right {
			hidden = append(hidden, "rk0", "rk1")
		}
		return "* EXCLUDE (" + strings.Join(hidden, ", ") + ")"
	}
	if left && items == "l.*" {
		return "l.* EXCLUDE (lk0, lk1)"
	}
	if right && strings.HasPrefix(items, "r.*") {
		return "r.* EXCLUDE (note, rk0, rk1)"
	}
	return items
}
