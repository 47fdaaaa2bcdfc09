package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// TestFunctions holds what the planner knows of functions against the engine's
// catalog: one that it takes for a plain function and that is none would be
// computed differently by each task.
func TestFunctions(t *testing.T) {
	t.Parallel()
	s, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer s.Close()
	volatile, aggregates, strict, key := plan.Functions()

	for _, row := range query(t, s, "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'scalar' AND stability <> 'CONSISTENT'") {
		assert.True(t, volatile[row[0]], "%s() is not volatile to the planner", row[0])
	}
	for _, row := range query(t, s, "SELECT lower(function_name), lower(macro_definition) FROM duckdb_functions() WHERE function_type = 'macro'") {
		for name := range volatile {
			if strings.Contains(row[1], name+"(") && name != "error" || strings.Contains(row[1], name) && strings.HasPrefix(name, "current_") {
				assert.True(t, volatile[row[0]], "%s() calls %s()", row[0], name)
			}
		}
		for name := range aggregates {
			if strings.HasPrefix(row[1], name+"(") || strings.Contains(row[1], "("+name+"(") {
				assert.True(t, aggregates[row[0]], "%s() calls %s()", row[0], name)
			}
		}
	}
	// Those of windows alone are recognized by their OVER.
	windows := strings.Fields("rank rank_dense dense_rank percent_rank row_number first_value last_value nth_value cume_dist lead lag ntile fill")
	for _, row := range query(t, s, "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'") {
		assert.True(t, aggregates[row[0]] || slices.Contains(windows, row[0]), "%s() is no aggregate to the planner", row[0])
	}
	known := map[string]bool{}
	for _, row := range query(t, s, "SELECT DISTINCT lower(function_name) FROM duckdb_functions()") {
		known[row[0]] = true
	}
	// The parser makes these something else.
	known["ifnull"] = true
	for name := range key {
		assert.True(t, known[name], "%s() is not known to the engine", name)
		assert.False(t, volatile[name] || aggregates[name], "%s() is no plain function", name)
	}
	assertStrict(t, s, strict)
}

// strictCalls are arguments of functions that are null where one of these is.
var strictCalls = map[string]string{
	"%": "7|2", "&": "7|2", "*": "7|2", "+": "7|2", "-": "7|2", "/": "7|2", "//": "7|2", "<<": "7|2", ">>": "7|2", "^": "7|2",
	"||": "'a'|'b'", "abs": "7", "ascii": "'a'", "btrim": "'a'|'b'", "ceil": "1.5", "ceiling": "1.5", "chr": "65", "date_part": "'year'|DATE '2024-01-01'",
	"date_trunc": "'year'|DATE '2024-01-01'", "datepart": "'year'|DATE '2024-01-01'", "datetrunc": "'year'|DATE '2024-01-01'",
	"kallad_exact": "'1.5'", "kallad_numeric": "'1.5'", "left": "'abc'|2", "lpad": "'a'|3|'x'", "ltrim": "'a'|'b'", "md5": "'a'", "mod": "7|2",
	"regexp_extract": "'abc'|'b'", "regexp_replace": "'abc'|'b'|'x'", "repeat": "'a'|3", "replace": "'abc'|'b'|'x'", "right": "'abc'|2",
	"round": "1.55|1", "rpad": "'a'|3|'x'", "rtrim": "'a'|'b'", "split_part": "'a-b'|'-'|1", "strftime": "DATE '2024-01-01'|'%Y'", "substr": "'abc'|1|2",
	"substring": "'abc'|1|2", "to_char": "DATE '2024-01-01'|'YYYY'", "to_date": "'2024-01-01'", "translate": "'abc'|'b'|'x'", "trim": "'a'|'b'", "trunc": "1.5", "floor": "1.5",
}

// assertStrict calls functions with a null in the place of each argument.
func assertStrict(t *testing.T, s *engine.Session, strict map[string]bool) {
	t.Helper()
	moments := strings.Fields("century day dayofmonth dayofweek dayofyear decade epoch hour isodow isoyear microsecond millisecond minute month quarter second week weekday weekofyear year yearweek")
	for _, name := range slices.Sorted(maps.Keys(strict)) {
		call, ok := strictCalls[name]
		switch {
		case ok:
		case slices.Contains(moments, name):
			call = "TIMESTAMP '2024-01-01 12:00:00'"
		default:
			call = "'a'"
		}
		args := strings.Split(call, "|")
		for i := range args {
			with := slices.Clone(args)
			with[i] = "CASE WHEN false THEN " + with[i] + " END"
			sql := name + "(" + strings.Join(with, ", ") + ")"
			if !isWord(name) {
				sql = strings.Join(with, " "+name+" ")
			}
			rows := query(t, s, "SELECT ("+sql+") IS NULL")
			assert.Equal(t, "true", rows[0][0], sql)
		}
	}
}

func isWord(name string) bool { return name[0] >= 'a' && name[0] <= 'z' }

func query(t *testing.T, s *engine.Session, sql string) [][]string {
	t.Helper()
	rows, err := s.Query(t.Context(), sql)
	require.NoError(t, err, sql)
	defer rows.Close()
	var out [][]string
	for {
		batch, err := rows.Next(t.Context())
		if err != nil {
			require.EqualError(t, err, "EOF", sql)
			return out
		}
		for i := range int(batch.NumRows()) {
			row := make([]string, batch.NumCols())
			for j := range row {
				row[j] = fmt.Sprint(batch.Column(j).ValueStr(i))
			}
			out = append(out, row)
		}
		batch.Release()
	}
}
