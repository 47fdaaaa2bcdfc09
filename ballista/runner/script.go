package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/worker/source"
)

// The steps of a run, after its tables are loaded.
const (
	stepMatch          = "match"
	stepCount          = "count"
	stepMatched        = "matched"
	stepUnmatchedLeft  = "unmatched_left"
	stepUnmatchedRight = "unmatched_right"
)

// resultTable holds the result of match_sql, its columns named by position:
// the query may give two of them one name.
const resultTable = reservedPrefix + "result"

// task turns the run into what an executor does, and says where its sources
// are.
func (r *run) task(ctx context.Context) (plan.Task, map[string]plan.Secret, error) {
	task := plan.Task{Steps: r.steps()}
	locations := map[string]plan.Secret{}
	for _, t := range r.tables {
		in, err := r.input(ctx, t)
		if err != nil {
			return plan.Task{}, nil, fmt.Errorf("source %q: %w", t.alias, err)
		}
		task.Inputs = append(task.Inputs, in)
		locations[t.alias] = plan.Secret(t.origin.URI.Reveal())
	}
	return task, locations, nil
}

func (r *run) input(ctx context.Context, t *table) (plan.Input, error) {
	scan := source.Scan{Columns: t.columns, Filters: t.origin.Filters}
	partitions, err := t.source.Split(ctx, scan, r.shares(t.about))
	if err != nil {
		return plan.Input{}, err
	}
	in := plan.Input{Table: t.alias, Source: t.alias, Schema: plan.Schema{Schema: project(t.about.Schema, t.columns)}}
	if in.Scan, err = json.Marshal(scan); err != nil {
		return plan.Input{}, err
	}
	for _, p := range partitions {
		raw, err := json.Marshal(p)
		if err != nil {
			return plan.Input{}, err
		}
		in.Partitions = append(in.Partitions, raw)
	}
	return in, nil
}

const (
	// shareBytes is the least that is worth a partition of its own.
	shareBytes = 4 << 20
	// sharesPerThread lets threads that finish early take from the others.
	sharesPerThread = 4
)

// shares is how many partitions a source is to be split into.
func (r *run) shares(about *source.Description) int {
	if r.cfg.Partitions > 0 {
		return r.cfg.Partitions
	}
	most := r.cfg.Threads * sharesPerThread
	if about.Bytes < 0 {
		return r.cfg.Threads
	}
	return max(1, min(most, int(about.Bytes/shareBytes)))
}

func (r *run) steps() []plan.Step {
	return []plan.Step{
		{Name: stepMatch, Kind: plan.StepRun, SQL: r.matchSQL()},
		{Name: stepCount, Kind: plan.StepCount, SQL: r.countSQL()},
		{Name: stepMatched, Kind: plan.StepStream, SQL: r.matchedSQL()},
		{Name: stepUnmatchedLeft, Kind: plan.StepStream, Marked: true, SQL: r.unmatchedSQL(0)},
		{Name: stepUnmatchedRight, Kind: plan.StepStream, Marked: true, SQL: r.unmatchedSQL(1)},
	}
}

func resultColumn(i int) string { return "c" + strconv.Itoa(i) }

func (r *run) matchSQL() string {
	names := make([]string, r.query.width)
	for i := range names {
		names[i] = resultColumn(i)
	}
	return fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM (%s) AS q(%s)", resultTable, r.query.sql, strings.Join(names, ", "))
}

// countSQL counts the matches, then for each side the rows beyond the first of
// each key, and the rows with a null in the key.
func (r *run) countSQL() string {
	counts := []string{"(SELECT count(*) FROM " + resultTable + ")"}
	for _, t := range r.tables[:2] {
		counts = append(counts, duplicatesSQL(t),
			fmt.Sprintf("(SELECT count(*) FROM %s WHERE %s)", quote(t.alias), anyNull(t.keys)))
	}
	return "SELECT " + strings.Join(counts, ", ")
}

func duplicatesSQL(t *table) string {
	if len(t.keys) == 1 {
		return fmt.Sprintf("(SELECT count(%[1]s) - count(DISTINCT %[1]s) FROM %[2]s)", quote(t.keys[0]), quote(t.alias))
	}
	return fmt.Sprintf("(SELECT CAST(coalesce(sum(n - 1), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM %s WHERE NOT (%s) GROUP BY %s))",
		quote(t.alias), anyNull(t.keys), strings.Join(quoteAll("", t.keys), ", "))
}

func anyNull(keys []string) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = quote(k) + " IS NULL"
	}
	return strings.Join(parts, " OR ")
}

// isMatched is true for a source row s whose key a result row carries, a null
// being equal to a null. For a key of one column it is written in the form
// that the engine answers with one hash table and nothing else.
func (r *run) isMatched(side int) string {
	keys, at := r.tables[side].keys, r.query.keys[side]
	if len(keys) == 1 {
		return fmt.Sprintf("CASE WHEN s.%[1]s IS NULL THEN EXISTS (SELECT 1 FROM %[2]s WHERE %[3]s IS NULL) ELSE s.%[1]s IN (SELECT %[3]s FROM %[2]s WHERE %[3]s IS NOT NULL) END",
			quote(keys[0]), resultTable, resultColumn(at[0]))
	}
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("s.%s IS NOT DISTINCT FROM m.%s", quote(k), resultColumn(at[i]))
	}
	return fmt.Sprintf("EXISTS (SELECT 1 FROM %s AS m WHERE %s)", resultTable, strings.Join(parts, " AND "))
}

func (r *run) matchedSQL() string {
	items := make([]string, 0, len(r.query.columns)+2)
	for side, name := range []string{"left_key", "right_key"} {
		columns := make([]string, len(r.query.keys[side]))
		for i, at := range r.query.keys[side] {
			columns[i] = resultColumn(at)
		}
		items = append(items, r.keyText(side, columns)+" AS "+name)
	}
	for i, c := range r.query.columns {
		items = append(items, resultColumn(i)+" AS "+quote(c.Name))
	}
	return fmt.Sprintf("SELECT %s FROM %s", strings.Join(items, ", "), resultTable)
}

// unmatchedSQL returns every row of a side, marked when it is matched: so one
// pass both finds the unmatched rows and counts the matched ones.
func (r *run) unmatchedSQL(side int) string {
	t := r.tables[side]
	items := append([]string{"s.kallad_matched", r.keyText(side, quoteAll("s.", t.keys)) + " AS record_key"}, quoteAll("s.", t.evidence)...)
	return fmt.Sprintf("SELECT %s FROM (SELECT s.*, %s AS kallad_matched FROM %s AS s) AS s",
		strings.Join(items, ", "), r.isMatched(side), quote(t.alias))
}

// keyText is a key as one text: its own for a single column, a JSON array for
// several. Only integers stay numbers in it: JSON readers keep no other
// number exactly.
func (r *run) keyText(side int, columns []string) string {
	if len(columns) == 1 {
		return "CAST(" + columns[0] + " AS VARCHAR)"
	}
	t := r.tables[side]
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "CAST(" + c + " AS VARCHAR)"
		if found, _ := t.about.Schema.FieldsByName(t.keys[i]); arrow.IsInteger(found[0].Type.ID()) {
			parts[i] = c
		}
	}
	return "CAST(json_array(" + strings.Join(parts, ", ") + ") AS VARCHAR)"
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + quote(n)
	}
	return out
}
