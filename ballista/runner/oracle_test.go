package runner_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/worker/recon"
)

var (
	oracleRuns = flag.Int("oracle.runs", 80, "how many random jobs are held against their definition")
	oracleSeed = flag.Uint64("oracle.seed", 1, "the first random job")
)

// TestRandomJobs runs random queries over random data and compares the
// evidence with what a match is by definition: the query, written with its
// keys by hand, over whole tables in one plain session.
func TestRandomJobs(t *testing.T) {
	t.Parallel()
	for i := range uint64(*oracleRuns) {
		seed := *oracleSeed + i
		g := &generator{rand.New(rand.NewPCG(seed, 7))}
		tables := [2]randomTable{g.table("left_src"), g.table("right_src")}
		query := g.query()
		name := fmt.Sprintf("seed %d\n%s\n%s\n%s\n%s", seed, query.plain, query.keyed, tables[0].csv(), tables[1].csv())
		want := definition(t, tables, query.keyed, name)
		for _, partitions := range []int{0, 1 + int(seed%5)} {
			heldAgainst(t, tables, query, want, partitions, fmt.Sprintf("%d partitions, %s", partitions, name))
		}
	}
}

// heldAgainst runs a query, in one session or in so many partitions.
func heldAgainst(t *testing.T, tables [2]randomTable, query randomQuery, want outcome, partitions int, name string) {
	t.Helper()
	got, err := runRandom(t, tables, query.plain, partitions)
	if err != nil {
		// A shape that hides the keys is an error that says so, and the
		// query with the keys is right.
		require.ErrorContains(t, err, "add the column", name)
		require.True(t, query.mayRefuse, "%s\n%v", name, err)
		got, err = runRandom(t, tables, query.named, partitions)
		require.NoError(t, err, name)
		want = definition(t, tables, query.namedKeyed, name)
	}
	require.Equal(t, want, got, name)
}

// randomTable has the columns id, line, amount, due and note, of which id and
// line are the key.
type randomTable struct {
	name string
	rows [][]string
}

const (
	randomTypes   = "id:text,line:bigint,amount:decimal(%s),due:date,note:text"
	randomColumns = "id VARCHAR, line BIGINT, amount DECIMAL(%s), due DATE, note VARCHAR"
)

func (r randomTable) decimal() string {
	if r.name == "left_src" {
		return "12,2"
	}
	return "18,3"
}

func (r randomTable) csv() string {
	out := "id,line,amount,due,note\n"
	for _, row := range r.rows {
		out += strings.Join(row, ",") + "\n"
	}
	return out
}

func (r randomTable) create() []string {
	out := []string{fmt.Sprintf("CREATE TABLE %s("+randomColumns+")", r.name, r.decimal())}
	for _, row := range r.rows {
		values := make([]string, len(row))
		for i, v := range row {
			if values[i] = "'" + v + "'"; v == "" {
				values[i] = "NULL"
			}
		}
		out = append(out, fmt.Sprintf("INSERT INTO %s VALUES (%s)", r.name, strings.Join(values, ", ")))
	}
	return out
}

// generator makes tables and queries.
type generator struct{ *rand.Rand }

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) table(name string) randomTable {
	r := randomTable{name: name}
	for range g.IntN(9) {
		r.rows = append(r.rows, []string{
			g.pick("7", "007", "07", "a", "A", "b", ""), g.pick("1", "2", "3", ""),
			g.pick("1.00", "1.01", "1.02", "-2.50", "0", ""), g.pick("2024-01-01", "2024-02-29", ""),
			g.pick("x", "y", "7", ""),
		})
	}
	return r
}

// randomQuery is one query as a caller writes it, and the same with the keys
// of both sides at its end. If kallad may refuse the first, named is what it
// asks for, and namedKeyed its twin.
type randomQuery struct {
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
func (g *generator) query() randomQuery {
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
		return randomQuery{
			plain: head + first + from(l, r) + where + fmt.Sprintf(second, ""),
			keyed: keyedHead + first + ", " + keys + from(lk, rk) + where + fmt.Sprintf(second, ", l.id, l.line, NULL, NULL"),
		}
	case 1:
		named := "l.id AS left_src_id, l.line AS left_src_line, r.id AS right_src_id, r.line AS right_src_line"
		tail := from(l, r) + where
		return randomQuery{
			plain: head + "DISTINCT l.note, r.note" + tail, keyed: head + "DISTINCT l.note, r.note, " + strings.Repeat("NULL, ", 3) + "NULL" + tail,
			mayRefuse: true, named: head + "DISTINCT l.note, " + named + tail, namedKeyed: head + "DISTINCT l.note, " + named + ", l.id, l.line, r.id, r.line" + tail,
		}
	case 2:
		tail := where + " GROUP BY %s"
		group := "l.id, l.line, r.id, r.line"
		return randomQuery{
			plain: head + "l.id, count(*) AS n, sum(r.amount) AS s" + from(l, r) + fmt.Sprintf(tail, group),
			keyed: head + "l.id, count(*) AS n, sum(r.amount) AS s, " + group + from(l, r) + fmt.Sprintf(tail, group),
			// The keys of subqueries are other columns than those grouped by.
			mayRefuse: true, named: head + "max(l.note) AS m, l.id AS left_src_id, l.line AS left_src_line, r.id AS right_src_id, r.line AS right_src_line" + from(l, r) + fmt.Sprintf(tail, group),
			namedKeyed: head + "max(l.note) AS m, l.id AS left_src_id, l.line AS left_src_line, r.id AS right_src_id, r.line AS right_src_line, " + group + from(l, r) + fmt.Sprintf(tail, group),
		}
	}
	return randomQuery{plain: head + items + from(l, r) + where, keyed: keyedHead + keyedItems + ", " + keys + from(lk, rk) + where}
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

// outcome is what a job says, as text, rows sorted.
type outcome struct {
	matched, unmatchedLeft, unmatchedRight []string
	counts                                 []string
}

// definition evaluates what a match is, word by word. The last four columns
// of the query are the keys of both sides.
func definition(t *testing.T, tables [2]randomTable, keyed, name string) outcome {
	t.Helper()
	s, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer s.Close()
	for _, table := range tables {
		for _, sql := range table.create() {
			require.NoError(t, s.Exec(t.Context(), sql), name)
		}
	}
	var out outcome
	result := oracleRows(t, s, keyed, name)
	carried := [2]map[string]bool{{}, {}}
	for _, row := range result {
		n := len(row) - 4
		left, right := row[n]+","+row[n+1], row[n+2]+","+row[n+3]
		carried[0][left], carried[1][right] = true, true
		fields := append([]string{jsonKey(row[n], row[n+1]), jsonKey(row[n+2], row[n+3]), "match_sql", "1"}, row[:n]...)
		out.matched = append(out.matched, "  "+strings.Join(fields, " | "))
	}
	out.counts = []string{fmt.Sprint(len(result))}
	for side, table := range tables {
		seen, unmatched, duplicates, nulls := map[string]bool{}, []string{}, 0, 0
		for _, row := range oracleRows(t, s, "SELECT id, line FROM "+table.name, name) {
			key := row[0] + "," + row[1]
			switch {
			case slices.Contains(row, "(null)"):
				nulls++
			case seen[key]:
				duplicates++
			}
			seen[key] = true
			if !carried[side][key] {
				unmatched = append(unmatched, jsonKey(row[0], row[1]))
			}
		}
		slices.Sort(unmatched)
		if out.counts = append(out.counts, fmt.Sprint(len(table.rows), len(unmatched), duplicates, nulls)); side == 0 {
			out.unmatchedLeft = unmatched
		} else {
			out.unmatchedRight = unmatched
		}
	}
	slices.Sort(out.matched)
	return out
}

// jsonKey is a key as the evidence has it.
func jsonKey(id, line string) string {
	if id != "(null)" {
		quoted, _ := json.Marshal(id)
		id = string(quoted)
	}
	return strings.ReplaceAll("["+id+","+line+"]", "(null)", "null")
}

func oracleRows(t *testing.T, s *engine.Session, sql, name string) [][]string {
	t.Helper()
	rows, err := s.Query(t.Context(), sql)
	require.NoError(t, err, name)
	defer rows.Close()
	var out [][]string
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err, name)
		for i := range int(batch.NumRows()) {
			row := make([]string, batch.NumCols())
			for j := range row {
				row[j] = batch.Column(j).ValueStr(i)
			}
			out = append(out, row)
		}
		batch.Release()
	}
}

// runRandom runs a job over the tables as CSV files.
func runRandom(t *testing.T, tables [2]randomTable, sql string, partitions int) (outcome, error) {
	t.Helper()
	dir, staging := t.TempDir(), t.TempDir()
	sources := []string{}
	keys := map[string][]string{}
	for _, table := range tables {
		path := filepath.Join(dir, table.name+".csv")
		require.NoError(t, os.WriteFile(path, []byte(table.csv()), 0o600))
		types := fmt.Sprintf(randomTypes, table.decimal())
		sources = append(sources, fmt.Sprintf(`{"alias": %q, "uri": "file://%s?types=%s"}`, table.name, path, types))
		keys[table.name] = []string{"id", "line"}
	}
	keyText, err := json.Marshal(keys)
	require.NoError(t, err)
	sqlText, err := json.Marshal(sql)
	require.NoError(t, err)
	job, err := recon.Decode(fmt.Appendf(nil, `{"run_id": "random", "match_sql": %s, "sources": [%s], "output_path": "out", "primary_keys": %s}`,
		sqlText, strings.Join(sources, ", "), keyText), recon.ValidateOptions{})
	require.NoError(t, err)
	result, err := newRunnerFor(t, staging, engine.Config{Threads: 1}, 2*min(1, partitions), partitions, false).Run(t.Context(), job, time.Unix(1700000000, 0), func(recon.Progress) {})
	if err != nil {
		return outcome{}, err
	}
	folder := filepath.Join(staging, "out")
	out := outcome{
		matched:        readParquet(t, filepath.Join(folder, "matched.parquet"))[1:],
		unmatchedLeft:  recordKeys(readParquet(t, filepath.Join(folder, "unmatched_left.parquet"))),
		unmatchedRight: recordKeys(readParquet(t, filepath.Join(folder, "unmatched_right.parquet"))),
		counts:         []string{fmt.Sprint(result.MatchedCount)},
	}
	for _, c := range []recon.SideCounts{result.Left, result.Right} {
		out.counts = append(out.counts, fmt.Sprint(c.Rows, c.UnmatchedRows, c.DuplicateKeyRows, c.NullKeyRows))
	}
	if len(out.matched) == 0 {
		out.matched = nil
	}
	return out, nil
}

// recordKeys returns the keys of the rows of an unmatched file, sorted.
func recordKeys(lines []string) []string {
	keys := []string{}
	for _, line := range lines[1:] {
		key, _, _ := strings.Cut(strings.TrimSpace(line), " | ")
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
