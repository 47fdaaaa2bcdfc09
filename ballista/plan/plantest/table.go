package plantest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"kallad/ballista/engine"
)

// column is a column of a random table or query, its name as SQL writes it.
// Columns of one domain can be compared with each other, whatever their types.
type column struct {
	name, kind, domain string
	// base is the table's column that has its values, as table.column; "" if
	// they were computed.
	base string
	// extended says that an outer join may have put nulls there.
	extended bool
}

func computed(name, kind, domain string) column {
	return column{name: name, kind: kind, domain: domain}
}

// as is the column under another name.
func (c column) as(name string) column {
	c.name = name
	return c
}

// alone are the statements that leave a table with rows that have a key of
// their own, and none with a null in it.
func (t Table) alone(keys []string) []string {
	nulls := make([]string, len(keys))
	for i, k := range keys {
		nulls[i] = k + " IS NULL"
	}
	return []string{
		fmt.Sprintf("DELETE FROM %s WHERE %s", t.Name, strings.Join(nulls, " OR ")),
		fmt.Sprintf("DELETE FROM %[1]s WHERE rowid NOT IN (SELECT min(rowid) FROM %[1]s GROUP BY %[2]s)", t.Name, strings.Join(keys, ", ")),
	}
}

// Table is a random table.
type Table struct {
	Name    string
	columns []column
	rows    [][]string
	// further are columns that only a star or a lookup reads.
	further []column
	// Bytes is what the planner is told of its size.
	Bytes int64
}

// Column is a table's column and its type, as the engine writes it.
type Column struct{ Name, Kind string }

// Columns are the table's.
func (t Table) Columns() []Column {
	var out []Column
	for _, c := range slices.Concat(t.columns, t.further) {
		out = append(out, Column{bare(c.name), c.kind})
	}
	return out
}

// bare is a name that SQL writes in quotes, or without, as it is.
func bare(name string) string {
	if !strings.HasPrefix(name, `"`) {
		return name
	}
	return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
}

// Rows are the table's, each value as a literal of SQL.
func (t Table) Rows() [][]string {
	out := make([][]string, len(t.rows))
	for i, r := range t.rows {
		out[i] = slices.Clone(r)
		for j := range t.further {
			out[i] = append(out[i], fmt.Sprintf("'%d-%d'", i, j))
		}
	}
	return out
}

// Create are the statements that make the table.
func (t Table) Create() []string {
	var columns []string
	for _, c := range t.Columns() {
		columns = append(columns, engine.Quote(c.Name)+" "+c.Kind)
	}
	out := []string{fmt.Sprintf("CREATE TABLE %s (%s)", t.Name, strings.Join(columns, ", "))}
	rows := make([]string, len(t.rows))
	for i, r := range t.Rows() {
		rows[i] = "(" + strings.Join(r, ", ") + ")"
	}
	if len(rows) > 0 {
		out = append(out, fmt.Sprintf("INSERT INTO %s VALUES %s", t.Name, strings.Join(rows, ", ")))
	}
	return out
}

// domains are the types whose values can be equal to each other.
var domains = map[string][]string{
	"num": {
		"TINYINT", "SMALLINT", "INTEGER", "INTEGER", "BIGINT", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DECIMAL(9,2)", "DECIMAL(18,3)", "DECIMAL(18,2)",
		"DECIMAL(38,0)", "DECIMAL(38,10)", "DOUBLE", "FLOAT", "VARCHAR",
	},
	"day":  {"DATE", "DATE", "TIMESTAMP", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ", "VARCHAR"},
	"word": {"VARCHAR"},
	"uid":  {"UUID", "VARCHAR"},
	"flag": {"BOOLEAN"},
	"hour": {"TIME"},
	"blob": {"BLOB"},
	"list": {"INTEGER[]", "INTEGER[]", "BIGINT[]"},
	"row":  {"STRUCT(x INTEGER, y VARCHAR)"},
}

// oddNames are columns that must be written in quotes.
var oddNames = []string{`"odd one"`, `"x.y"`, `"sel""ect"`, `"Größe"`, `"order"`}

const (
	maxMentions = 8
	maxProducts = 1
)

// generator makes random things.
type generator struct {
	*rand.Rand
	tables  []Table
	aliases int
	ctes    []relation
	// mentions counts the tables in FROM clauses, products the joins without
	// an equality: of many, a query does not end in a test's lifetime.
	mentions, products int
	// common is the domain of a column that every table has, and says that
	// tables are large; "" for any.
	common string
	// outer says that joins are outer ones; missing are the columns that such
	// a join compares, of the side that may be missing.
	outer   bool
	missing []column
	// denial says that the query asks what is NOT IN a subquery.
	denial bool
	// end is that of the query that was made last.
	end end
	// hot are columns that were compared: what is done with those is where
	// splitting can go wrong. They are there by their name and by their base.
	hot map[string]bool
}

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

// one reports true once in n times.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

// table makes a table. Column names come from a small pool, so that tables
// have some in common.
func (g *generator) table(name string) Table {
	t := Table{Name: name, Bytes: []int64{1 << 20, 20 << 20, 200 << 20, 300 << 20, 1000 << 20, -1}[g.IntN(6)]}
	names := []string{"k", "k2", "a", "b", "v", "w", oddNames[g.IntN(len(oddNames))]}
	g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if g.common != "" {
		t.Bytes = max(t.Bytes, 100<<20)
	}
	for i, n := range names[:2+g.IntN(4)] {
		domain := g.pick("num", "num", "num", "num", "num", "num", "day", "day", "word", "word", "word", "word", "uid", "uid", "flag", "flag", "hour", "blob", g.pick("list", "row", "num", "word"))
		if n == "k" {
			domain = g.pick("num", "num", "word", "day")
		}
		if i == 0 && g.common != "" {
			domain = g.common
		}
		kinds := domains[domain]
		t.columns = append(t.columns, column{name: n, kind: kinds[g.IntN(len(kinds))], domain: domain, base: name + "." + n})
	}
	rows := g.IntN([]int{10, 30}[g.IntN(2)])
	if g.one(8) {
		rows = g.IntN(2)
	}
	spread := 2 + g.IntN(8)
	// One null in so many values, or none. Where one side of a join has nulls
	// and the other has none is where they are told apart.
	nulls := make([]int, len(t.columns))
	for i := range nulls {
		nulls[i] = []int{0, 0, 12, 5, 2}[g.IntN(5)]
	}
	if g.common != "" {
		// Many values do not meet another, and the first table has no nulls.
		spread, nulls[0] = 9, min(1, len(g.tables))*3
	}
	for range rows {
		row := make([]string, len(t.columns))
		for i, c := range t.columns {
			row[i] = g.value(c, spread)
			if nulls[i] > 0 && g.one(nulls[i]) {
				row[i] = "NULL"
			}
		}
		t.rows = append(t.rows, row)
		if g.one(6) {
			t.rows = append(t.rows, row)
		}
	}
	return t
}

// value is a literal of a column, of which there are few, so that values meet.
func (g *generator) value(c column, spread int) string {
	n := g.IntN(spread)
	if g.one(4) {
		n = 1
	}
	switch c.domain {
	case "num":
		return g.number(c.kind, n)
	case "day":
		return g.day(c.kind, n%5+1)
	case "uid":
		id := fmt.Sprintf("550e8400-e29b-41d4-a716-44665544000%d", n%3)
		if c.kind == "VARCHAR" && g.one(3) {
			id = strings.ToUpper(id)
		}
		return "'" + id + "'"
	case "flag":
		return g.pick("true", "false")
	case "hour":
		return fmt.Sprintf("'0%d:30:00'", n%9)
	case "blob":
		return fmt.Sprintf(`'\x0%d'`, n%9)
	case "list":
		return []string{"[]", "[1]", "[1, 2]", "[1, NULL]", "[2]"}[n%5]
	case "row":
		return fmt.Sprintf("{'x': %d, 'y': %s}", n%3, g.pick("'a'", "'a'", "NULL"))
	}
	return "'" + []string{"a", "A", "b", "", "ä", "a ", "ab", "B", "a''b", wide + "1", wide + "2"}[n%11] + "'"
}

// wide is longer than what the engine keeps of a text beside its length.
const wide = "a text that is wider than twelve bytes "

func (g *generator) number(kind string, n int) string {
	switch kind {
	case "VARCHAR":
		return fmt.Sprintf(g.pick("'%d'", "'%d'", "'0%d'", "'%d.0'", "'+%d'", "'%d.5'", "'%d.004'"), n)
	case "DOUBLE", "FLOAT":
		if g.one(8) {
			return g.pick("'nan'", "-0.0", "'inf'", "0.1", "1e15")
		}
	}
	if strings.HasPrefix(kind, "DECIMAL") && !strings.HasSuffix(kind, ",0)") || kind == "DOUBLE" || kind == "FLOAT" {
		return fmt.Sprintf(g.pick("%d", "%d", "%d.5", "%d.25", "%d.01"), n)
	}
	return fmt.Sprint(n)
}

func (g *generator) day(kind string, n int) string {
	switch kind {
	case "DATE":
		return fmt.Sprintf("'2024-01-0%d'", n)
	case "VARCHAR":
		return fmt.Sprintf(g.pick("'2024-01-0%d'", "'2024-1-%d'"), n)
	case "TIMESTAMPTZ":
		return fmt.Sprintf(g.pick("'2024-01-0%d 00:00:00+00'", "'2024-01-0%d 01:00:00+01'", "'2024-01-0%d 12:00:00+00'"), n)
	}
	return fmt.Sprintf(g.pick("'2024-01-0%d'", "'2024-01-0%d'", "'2024-01-0%d 12:00:00'"), n)
}
