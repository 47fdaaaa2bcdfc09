package runner

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// The steps that the runner adds to a query.
const (
	stepCount   = "count"
	stepMatched = "matched"
)

// keysStep counts what is odd about a side's keys, unmatchedStep finds its
// unmatched rows.
var (
	keysStep      = [2]string{"keys_left", "keys_right"}
	unmatchedStep = [2]string{"unmatched_left", "unmatched_right"}
	// matchedRowsStep counts a side's matched rows, where unmatchedStep does not
	// look at them.
	matchedRowsStep = [2]string{"matched_rows_left", "matched_rows_right"}
	sides           = [2]evidence.Side{evidence.Left, evidence.Right}
)

// resultTable holds the result of match_sql, its columns named by position:
// the query may give two of them one name.
const resultTable = reservedPrefix + "result"

// request says what is to be computed: the matches, and for each side which
// rows no match carries.
func (r *run) request() plan.Request {
	request := plan.Request{
		Query: r.query.query, Places: r.places, Partitions: r.partitions(),
		Result: plan.Result{Table: resultTable, MaxRows: r.mostRows()},
		Steps: []plan.Step{
			{Name: stepCount, Kind: plan.StepCount, SQL: "SELECT count(*) FROM " + resultTable},
			{Name: stepMatched, Kind: plan.StepStream, SQL: r.matchedSQL(), Sorted: r.sorted(r.matchedColumns()...)},
		},
	}
	for i := range r.query.width {
		request.Result.Columns = append(request.Result.Columns, resultColumn(i))
	}
	for _, t := range r.tables {
		request.Tables = append(request.Tables, plan.Table{
			Name: t.alias, Schema: project(t.about.Schema, t.columns),
			Rows: t.about.Rows, Bytes: t.about.Bytes, MaxPartitions: t.about.MaxPartitions,
		})
	}
	for side, t := range r.tables[:2] {
		lookup := plan.Lookup{
			Table: t.alias, Keys: t.keys, Unique: t.alone(), Columns: pick(t.about.Schema, t.evidence, t.keys),
			Steps: []plan.Step{
				countKeys(side, t),
				{Name: unmatchedStep[side], Kind: plan.StepStream, Marked: true, SQL: r.unmatchedSQL(side), Sorted: r.sorted(unmatchedColumns(t)...)},
			},
			Late: r.late(side),
		}
		for _, at := range r.query.keys[side] {
			lookup.ResultKeys = append(lookup.ResultKeys, resultColumn(at))
		}
		request.Lookups = append(request.Lookups, lookup)
	}
	return request
}

// late says how the unmatched rows of a side are found without the columns that
// nothing but their own evidence needs; nil if there are none.
func (r *run) late(side int) *plan.Late {
	t := r.tables[side]
	if len(t.read) == len(t.evidence) {
		return nil
	}
	wanted := fmt.Sprintf("%swanted_%d", reservedPrefix, side)
	keys := strings.Join(quoteAll("s.", t.keys), ", ")
	same := make([]string, len(t.keys))
	for i, k := range t.keys {
		same[i] = fmt.Sprintf("s.%[1]s IS NOT DISTINCT FROM w.%[1]s", quote(k))
	}
	items := append(r.recordKey(side), quoteAll("s.", t.evidence)...)
	return &plan.Late{
		Columns: t.read,
		Steps: []plan.Step{
			countKeys(side, t),
			{Name: "find_" + unmatchedStep[side], Kind: plan.StepRun, SQL: fmt.Sprintf("CREATE TABLE %s AS SELECT s.%s, %s FROM %s AS s WHERE NOT %s",
				wanted, plan.TaskFunction, keys, quote(t.alias), r.isMatched(side))},
			{Name: matchedRowsStep[side], Kind: plan.StepCount, SQL: fmt.Sprintf("SELECT (SELECT count(*) FROM %s) - (SELECT count(*) FROM %s)", quote(t.alias), wanted)},
		},
		Wanted: wanted,
		Stream: plan.Step{
			Name: unmatchedStep[side], Kind: plan.StepStream, Sorted: r.sorted(unmatchedColumns(t)[1:]...),
			SQL: fmt.Sprintf("SELECT %s FROM %s AS s SEMI JOIN %s AS w ON %s", strings.Join(items, ", "), quote(t.alias), wanted, strings.Join(same, " AND ")),
		},
	}
}

// mostRows is how many rows of the result are computed: one more than there
// may be, so that the count tells.
func (r *run) mostRows() int64 {
	if r.cfg.MaxResultRows == 0 {
		return 0
	}
	return r.cfg.MaxResultRows + 1
}

// checkRows fails a job whose result has more rows than it may.
func (r *run) checkRows(rows int64) error {
	if most := r.cfg.MaxResultRows; most > 0 && rows > most {
		return recon.Input(fmt.Errorf("match_sql: its result has more than the %d rows that it may have (--max-result-rows); make it join on columns that tell rows apart", most))
	}
	return nil
}

// sorted are the columns by which a step's rows are to be sorted, nil when
// their order is free.
func (r *run) sorted(columns ...string) []string {
	if !r.cfg.SortEvidence {
		return nil
	}
	return columns
}

func (r *run) matchedColumns() []string {
	columns := []string{"left_key", "right_key"}
	for _, c := range r.query.columns {
		columns = append(columns, c.Name)
	}
	return columns
}

func unmatchedColumns(t *table) []string {
	return append([]string{"kallad_matched", "record_key"}, t.evidence...)
}

func resultColumn(i int) string { return "c" + strconv.Itoa(i) }

// countKeys counts the rows beyond the first of each key, and the rows with a
// null in the key. Where it is known that there is none of the first, no hash
// table of all keys is made to find that.
func countKeys(side int, t *table) plan.Step {
	nulls := fmt.Sprintf("(SELECT count(*) FROM %s WHERE %s)", quote(t.alias), anyNull(t.keys))
	distinct := "SELECT CAST(0 AS BIGINT), " + nulls
	step := plan.Step{Name: keysStep[side], Kind: plan.StepCount, SQL: distinct}
	if !t.unique() {
		step.SQL = "SELECT " + duplicatesSQL(t) + ", " + nulls
		step.Distinct = &plan.Distinct{Table: t.alias, Keys: t.keys, SQL: distinct}
	}
	return step
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
	keys := make([]string, len(r.query.keys))
	for side, places := range r.query.keys {
		columns := make([]string, len(places))
		for i, at := range places {
			columns[i] = resultColumn(at)
		}
		keys[side] = r.keyText(side, columns)
	}
	items := r.matchedKeyed().items(keys)
	for i, c := range r.query.columns {
		items = append(items, resultColumn(i)+" AS "+quote(c.Name))
	}
	return fmt.Sprintf("SELECT %s FROM %s", strings.Join(items, ", "), resultTable)
}

// unmatchedSQL returns every row of a side, marked when it is matched: so one
// pass both finds the unmatched rows and counts the matched ones.
func (r *run) unmatchedSQL(side int) string {
	t := r.tables[side]
	items := append([]string{"s.kallad_matched"}, append(r.recordKey(side), quoteAll("s.", t.evidence)...)...)
	return fmt.Sprintf("SELECT %s FROM (SELECT s.*, %s AS kallad_matched FROM %s AS s) AS s",
		strings.Join(items, ", "), r.isMatched(side), quote(t.alias))
}

// recordKey is the item for the key of a side's row, none where it is streamed
// as the column that it is.
func (r *run) recordKey(side int) []string {
	return r.unmatchedKeyed(side).items([]string{r.keyText(side, quoteAll("s.", r.tables[side].keys))})
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
