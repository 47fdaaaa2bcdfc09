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
	// merged are the columns that a star does not show, because they are one
	// with those of a relation before.
	merged []string
}

func (r relation) named(c column) column {
	if r.alias == "" {
		return c
	}
	return c.as(r.alias + "." + c.name)
}

// extended are relations as the side of an outer join that may be missing.
func extended(relations []relation) []relation {
	out := slices.Clone(relations)
	for i := range out {
		out[i].columns = slices.Clone(out[i].columns)
		for j := range out[i].columns {
			out[i].columns[j].extended = true
		}
	}
	return out
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

// starred are the columns of relations that have a name of their own among
// those that a star shows.
func starred(relations []relation) []column {
	var shown []column
	count := map[string]int{}
	for _, r := range relations {
		for _, c := range r.columns {
			if r.alias != "" && !slices.Contains(r.merged, c.name) {
				shown = append(shown, c)
				count[strings.ToLower(bare(c.name))]++
			}
		}
	}
	return slices.DeleteFunc(shown, func(c column) bool { return count[strings.ToLower(bare(c.name))] > 1 })
}

func (g *generator) alias() string {
	g.aliases++
	return fmt.Sprintf("q%d", g.aliases)
}

// item makes something to stand in FROM.
func (g *generator) item(depth int) relation {
	alias := g.alias()
	if g.common == "" && g.one(25) {
		return g.constant(alias)
	}
	if depth <= 0 || !g.one(3) || g.mentions >= maxMentions {
		t := g.tables[g.IntN(len(g.tables))]
		if g.common != "" {
			// The keys of a table that is there twice are not carried.
			t = g.tables[g.mentions%len(g.tables)]
		}
		g.mentions++
		return relation{sql: t.Name + " AS " + alias, alias: alias, columns: t.columns}
	}
	if len(g.ctes) > 0 && g.one(3) {
		g.mentions++
		c := g.ctes[g.IntN(len(g.ctes))]
		return relation{sql: c.alias + " AS " + alias, alias: alias, columns: c.columns}
	}
	sql, columns := g.query(depth-1, nil, g.one(5))
	if g.one(4) {
		name := "cte_" + alias
		c := relation{sql: name + g.pick(" AS (", " AS (", " AS MATERIALIZED (") + sql + ")", alias: name, columns: columns}
		g.ctes = append(g.ctes, c)
		return relation{sql: name + " AS " + alias, alias: alias, columns: columns}
	}
	return relation{sql: "(" + sql + ") AS " + alias, alias: alias, columns: columns}
}

// constant makes an item that reads no table.
func (g *generator) constant(alias string) relation {
	if g.one(2) {
		return relation{sql: fmt.Sprintf("generate_series(0, %d) AS %s(n)", g.IntN(4), alias), alias: alias, columns: []column{computed("n", "BIGINT", "num")}}
	}
	c := column{name: "n", domain: g.pick("num", "word")}
	c.kind = map[string]string{"num": "DECIMAL(9,2)", "word": "VARCHAR"}[c.domain]
	rows := []string{"(NULL)"}
	for range 1 + g.IntN(4) {
		rows = append(rows, "(CAST("+g.value(c, 6)+" AS "+c.kind+"))")
	}
	return relation{sql: "(VALUES " + strings.Join(rows[g.IntN(2):], ", ") + ") AS " + alias + "(n)", alias: alias, columns: []column{c}}
}
