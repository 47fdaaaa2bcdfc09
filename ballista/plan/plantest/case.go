package plantest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// Case is a random query over random tables.
type Case struct {
	Seed   uint64
	Tables []Table
	SQL    string
	// Keys are, for the tables whose rows are looked up in the result, the
	// columns that are the key, as SQL writes them.
	Keys map[string][]string
	// Unique says that each row of a table with a key has one of its own, and
	// that the planner is told so.
	Unique bool
	// Ordered says that the rows of the result come in an order that the query
	// tells, in which only rows that are alike are equal.
	Ordered bool
	// Partitions is into how many the tables are split.
	Partitions int
	// late says that the lookups want whole rows, and the planner may bring them
	// late.
	late bool
	// prune says that the planner is told of the columns that are needed
	// only.
	prune bool
}

// Generate makes the case of a seed.
func Generate(seed uint64) Case {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 11)), hot: map[string]bool{}}
	lookups, depth, plain := g.one(2), 2, g.one(3)
	if lookups && g.one(2) {
		// A query like those of reconciliations: a join, mostly an outer one,
		// whose rows carry the keys of both sides, which are too large to be
		// copied.
		depth, plain, g.outer, g.common = g.IntN(2), true, !g.one(3), g.pick("num", "word", "day")
	}
	if !lookups && g.one(6) {
		// Both sides are too large to be copied.
		depth, plain, g.denial, g.common = 1, true, true, g.pick("num", "word", "day")
	}
	for i := range 2 + g.IntN(2) {
		g.tables = append(g.tables, g.table(fmt.Sprint("t", i)))
	}
	c := Case{Seed: seed, Tables: g.tables, Keys: map[string][]string{}, Partitions: []int{2, 2, 3, 3, 4, 5, 7, 8}[g.IntN(8)], prune: g.one(2)}
	var columns []column
	c.SQL, columns = g.query(depth, nil, plain)
	switch {
	case lookups:
	case g.end == ordered:
		c.Ordered = true
	case g.one(4):
		c.SQL, c.Ordered = c.SQL+g.ordering(columns, g.end), true
		if g.one(2) {
			c.SQL += g.limit()
		}
	}
	if len(g.ctes) > 0 {
		parts := make([]string, len(g.ctes))
		for i, cte := range g.ctes {
			parts[i] = cte.sql
		}
		c.SQL = "WITH " + strings.Join(parts, ", ") + " " + c.SQL
	}
	c.Unique = seed%3 == 0
	if lookups {
		c.Keys, c.late = g.keys(), seed%4 > 1
		c.prune = c.prune || c.late
		for i := range c.Tables {
			if c.late && c.Keys[c.Tables[i].Name] != nil {
				c.Tables[i].further = []column{{name: "f0", kind: "VARCHAR"}, {name: "f1", kind: "VARCHAR"}, {name: "f2", kind: "VARCHAR"}}
			}
		}
	}
	return c
}

// keys chooses whose rows are looked up, and by what. Often that is what rows
// are joined by, above all where a join has put nulls in the place of it.
func (g *generator) keys() map[string][]string {
	out := map[string][]string{}
	if len(g.missing) > 0 && !g.one(3) {
		table, name, _ := strings.Cut(g.missing[g.IntN(len(g.missing))].base, ".")
		out[table] = []string{name}
		return out
	}
	for _, t := range g.tables[:1+g.IntN(2)] {
		columns := slices.Clone(t.columns)
		if g.one(2) {
			slices.SortStableFunc(columns, func(a, b column) int { return g.coldness(a) - g.coldness(b) })
		}
		out[t.Name] = []string{columns[0].name}
		if g.one(3) {
			out[t.Name] = append(out[t.Name], columns[1].name)
		}
	}
	return out
}

// Sizes are the tables with their sizes and keys.
func (c Case) Sizes() string {
	var out []string
	for _, t := range c.Tables {
		columns := make([]string, len(t.columns))
		for i, col := range t.columns {
			columns[i] = col.name + " " + col.kind
		}
		out = append(out, fmt.Sprintf("%s(%s): %d MiB, key %v", t.Name, strings.Join(columns, ", "), t.Bytes>>20, c.Keys[t.Name]))
	}
	return strings.Join(out, "\n")
}

// Load makes the case's tables in a session.
func (c Case) Load(ctx context.Context, s *engine.Session) error {
	for _, t := range c.Tables {
		for _, sql := range c.create(t) {
			if err := s.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
	}
	return nil
}

// create are the statements that make a table.
func (c Case) create(t Table) []string {
	out := t.Create()
	if keys := c.Keys[t.Name]; c.Unique && keys != nil {
		out = append(out, t.alone(keys)...)
	}
	return out
}

// ErrUnusable says that a case asks for something that can't be asked.
var ErrUnusable = errors.New("no usable case")

// Request is the case's request, for as many places. The session has the
// case's tables. Lookups ask what kallad asks: how many rows of a table have a
// key that a row before them has, how many have a null in it, and which rows
// have a key that no row of the result carries.
func (c Case) Request(ctx context.Context, s *engine.Session, places int) (plan.Request, error) {
	parsed, err := s.Parse(ctx, c.SQL)
	if err != nil {
		return plan.Request{}, errors.Join(ErrUnusable, err)
	}
	query, err := plan.New(c.SQL, parsed)
	if err != nil {
		return plan.Request{}, err
	}
	own, err := describe(ctx, s, query)
	if err != nil {
		return plan.Request{}, errors.Join(ErrUnusable, err)
	}
	r := plan.Request{Query: query, Places: places, Partitions: c.Partitions, Result: plan.Result{Table: "kallad_result"}}
	width := own.NumFields()
	var lookups []plan.Lookup
	for _, t := range c.Tables {
		if keys := c.Keys[t.Name]; keys != nil {
			l, n, err := c.lookup(ctx, s, query, t, width)
			if err != nil {
				return r, err
			}
			if l.Table != "" {
				lookups, width = append(lookups, l), n
			}
		}
	}
	for i := range width {
		r.Result.Columns = append(r.Result.Columns, fmt.Sprint("c", i))
	}
	r.Lookups = lookups
	r.Steps = []plan.Step{{Name: "result", Kind: plan.StepStream}}
	if len(lookups) > 0 {
		r.Steps = []plan.Step{
			{Name: "result", Kind: plan.StepStream, SQL: "SELECT * FROM kallad_result"},
			{Name: "count", Kind: plan.StepCount, SQL: "SELECT count(*) FROM kallad_result"},
		}
	}
	if r.Tables, err = c.tables(ctx, s, query, lookups); err == nil && c.late {
		r.Tables, err = c.widen(ctx, s, r)
	}
	return r, err
}

func describe(ctx context.Context, s *engine.Session, q *plan.Query) (*arrow.Schema, error) {
	parsed, err := q.Parsed()
	if err != nil {
		return nil, err
	}
	sql, err := s.Format(ctx, json.RawMessage(parsed))
	if err != nil {
		return nil, err
	}
	return s.Describe(ctx, sql)
}

// lookup makes the lookup of a table, its keys carried by the query if that
// can be, or else found among the columns that the query has.
func (c Case) lookup(ctx context.Context, s *engine.Session, query *plan.Query, t Table, width int) (plan.Lookup, int, error) {
	keys := c.Keys[t.Name]
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = bare(k)
	}
	l := plan.Lookup{Table: t.Name, Keys: names, Columns: slices.Clone(names), Unique: c.Unique}
	want := plan.Carry{Table: t.Name, Columns: names}
	for i := range keys {
		want.As = append(want.As, fmt.Sprintf("kallad_key_%s_%d", t.Name, i))
	}
	wider := query.Clone()
	if wider.Carry(want) {
		if schema, err := describe(ctx, s, wider); err == nil && schema.NumFields() == width+len(keys) {
			*query = *wider
			for i := range keys {
				l.ResultKeys = append(l.ResultKeys, fmt.Sprint("c", width+i))
			}
			width += len(keys)
		}
	}
	if l.ResultKeys == nil {
		own, err := describe(ctx, s, query)
		if err != nil {
			return l, width, err
		}
		kinds, err := s.Describe(ctx, "SELECT "+strings.Join(keys, ", ")+" FROM "+t.Name)
		if err != nil {
			return l, width, err
		}
		for i := range keys {
			at := slices.IndexFunc(own.Fields(), func(f arrow.Field) bool { return arrow.TypeEqual(f.Type, kinds.Field(i).Type) })
			if at < 0 {
				return plan.Lookup{}, width, nil
			}
			l.ResultKeys = append(l.ResultKeys, fmt.Sprint("c", at))
		}
	}
	same, nulls := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		same[i], nulls[i] = fmt.Sprintf("s.%s IS NOT DISTINCT FROM m.%s", k, l.ResultKeys[i]), k+" IS NULL"
	}
	list := strings.Join(keys, ", ")
	l.Steps = []plan.Step{
		{Name: "keys_" + t.Name, Kind: plan.StepCount, SQL: fmt.Sprintf(
			"SELECT (SELECT CAST(coalesce(sum(n - 1), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM %[1]s WHERE NOT (%[2]s) GROUP BY %[3]s)), (SELECT count(*) FROM %[1]s WHERE %[2]s)",
			t.Name, strings.Join(nulls, " OR "), list),
			Distinct: &plan.Distinct{Table: t.Name, Keys: keys, SQL: fmt.Sprintf("SELECT CAST(0 AS BIGINT), (SELECT count(*) FROM %s WHERE %s)", t.Name, strings.Join(nulls, " OR "))}},
		{Name: "unmatched_" + t.Name, Kind: plan.StepStream, Marked: true, SQL: fmt.Sprintf(
			"SELECT EXISTS (SELECT 1 FROM kallad_result AS m WHERE %s), %s FROM %s AS s", strings.Join(same, " AND "), list, t.Name)},
	}
	return l, width, nil
}

// widen has the lookups return whole rows, and returns the tables with all
// columns.
func (c Case) widen(ctx context.Context, s *engine.Session, r plan.Request) ([]plan.Table, error) {
	tables := slices.Clone(r.Tables)
	for i := range r.Lookups {
		l := &r.Lookups[i]
		at := slices.IndexFunc(tables, func(t plan.Table) bool { return t.Name == l.Table })
		t := &tables[at]
		late := &plan.Late{Columns: columnNames(t.Schema), Wanted: "kallad_wanted_" + l.Table}
		var err error
		if t.Schema, err = s.Describe(ctx, "SELECT * FROM "+t.Name); err != nil {
			return nil, err
		}
		l.Columns, l.Late = columnNames(t.Schema), late
		keys := c.Keys[l.Table]
		list, same, wants := strings.Join(keys, ", "), make([]string, len(keys)), make([]string, len(keys))
		for j, k := range keys {
			same[j] = fmt.Sprintf("s.%s IS NOT DISTINCT FROM m.%s", k, l.ResultKeys[j])
			wants[j] = fmt.Sprintf("s.%[1]s IS NOT DISTINCT FROM w.%[1]s", k)
		}
		missing := fmt.Sprintf("FROM %s AS s WHERE NOT EXISTS (SELECT 1 FROM kallad_result AS m WHERE %s)", l.Table, strings.Join(same, " AND "))
		counted, streamed := l.Steps[0], l.Steps[1].Name
		l.Steps = []plan.Step{counted, {Name: streamed, Kind: plan.StepStream, SQL: "SELECT * " + missing}}
		late.Steps = []plan.Step{counted, {Name: "find", Kind: plan.StepRun, SQL: fmt.Sprintf("CREATE TABLE %s AS SELECT %s, %s %s", late.Wanted, plan.TaskFunction, list, missing)}}
		late.Stream = plan.Step{Name: streamed, Kind: plan.StepStream, SQL: fmt.Sprintf("SELECT * FROM %s AS s SEMI JOIN %s AS w ON %s", l.Table, late.Wanted, strings.Join(wants, " AND "))}
	}
	return tables, nil
}

func columnNames(schema *arrow.Schema) []string {
	var out []string
	for _, f := range schema.Fields() {
		out = append(out, f.Name)
	}
	return out
}

// tables are what the planner is told of the tables.
func (c Case) tables(ctx context.Context, s *engine.Session, query *plan.Query, lookups []plan.Lookup) ([]plan.Table, error) {
	all := map[string][]string{}
	for _, t := range c.Tables {
		for _, col := range t.Columns() {
			all[t.Name] = append(all[t.Name], col.Name)
		}
	}
	used := query.Columns(all)
	var out []plan.Table
	for _, t := range c.Tables {
		names := slices.DeleteFunc(slices.Clone(all[t.Name]), func(n string) bool {
			return c.prune && !slices.Contains(used[t.Name], n) &&
				!slices.ContainsFunc(lookups, func(l plan.Lookup) bool { return l.Table == t.Name && slices.Contains(l.Keys, n) })
		})
		if len(names) == 0 {
			names = all[t.Name][:1]
		}
		quoted := make([]string, len(names))
		for i, n := range names {
			quoted[i] = engine.Quote(n)
		}
		schema, err := s.Describe(ctx, "SELECT "+strings.Join(quoted, ", ")+" FROM "+t.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, plan.Table{Name: t.Name, Schema: schema, Rows: int64(len(t.rows)), Bytes: t.Bytes})
	}
	return out, nil
}
