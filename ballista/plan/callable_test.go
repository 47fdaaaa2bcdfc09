package plan_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// TestEveryFunctionIsDecided holds the list against the functions that there
// are. When it fails after DuckDB was upgraded, look at what each new function
// can reach, and put it where it belongs.
func TestEveryFunctionIsDecided(t *testing.T) {
	t.Parallel()
	listed := map[string][]string{}
	group := ""
	for line := range strings.Lines(plan.CallableList()) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[table functions"):
			group = "table"
		case strings.HasPrefix(line, "["):
			group = "other"
		default:
			listed[group] = append(listed[group], strings.Fields(line)...)
		}
	}
	session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer session.Close()
	for group, kinds := range map[string]string{"table": "'table', 'table_macro'", "other": "'scalar', 'aggregate', 'macro'"} {
		there := column(t, session, "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN ("+kinds+") ORDER BY 1")
		slices.Sort(listed[group])
		require.Equal(t, there, listed[group], "functions of kind %s", kinds)
	}
	kinds := column(t, session, "SELECT DISTINCT function_type FROM duckdb_functions() ORDER BY 1")
	require.Equal(t, []string{"aggregate", "macro", "pragma", "scalar", "table", "table_macro"}, kinds, "pragmas are statements of their own; any further kind is to be looked at")
}

func column(t *testing.T, s *engine.Session, sql string) []string {
	t.Helper()
	rows, err := s.Query(t.Context(), sql)
	require.NoError(t, err)
	defer rows.Close()
	var out []string
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		values := batch.Column(0).(*array.String)
		for i := range values.Len() {
			out = append(out, values.Value(i))
		}
		batch.Release()
	}
}

func TestQueriesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer session.Close()
	many := func(n int, item, between string) string {
		return strings.TrimSuffix(strings.Repeat(item+between, n), between)
	}
	numbers := func(n int) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprint(i)
		}
		return strings.Join(items, ", ")
	}
	cases := []struct {
		name, format string
		fits, not    string
		says         string
	}{
		{"sum", "SELECT %s AS x FROM left_src", many(250, "id", " + "), many(400, "id", " + "), "nested too deep"},
		{"calls", "SELECT %s AS x FROM left_src", strings.Repeat("abs(", 250) + "id" + strings.Repeat(")", 250), strings.Repeat("abs(", 400) + "id" + strings.Repeat(")", 400), "nested too deep"},
		{"parentheses", "SELECT %s AS x FROM left_src", strings.Repeat("(", 3000) + "id" + strings.Repeat(")", 3000), strings.Repeat("(", 10000) + "id" + strings.Repeat(")", 10000), "nested too deep"},
		{"conditions", "SELECT id FROM left_src WHERE %s", many(5000, "id = note", " OR "), many(20000, "id = note", " OR "), "too many expressions"},
		{"constants", "SELECT id FROM left_src WHERE id IN (%s)", numbers(50000), numbers(50001), "too many constants"},
		{"constants in a text", "SELECT id FROM left_src WHERE note IN ('%s')", strings.Repeat(`"class":"CONSTANT"`, 60000), strings.Repeat("','", 50001), "too many constants"},
		{"unions", "%s", many(150, "SELECT id FROM left_src", " UNION ALL "), many(300, "SELECT id FROM left_src", " UNION ALL "), "too many SELECTs"},
		{"joins", "SELECT 1 AS x FROM %s", many(40, "left_src", ", "), many(80, "left_src", ", "), "joins too many tables"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check := func(part string) error {
				sql := fmt.Sprintf(c.format, part)
				parsed, err := session.Parse(t.Context(), sql)
				if err != nil {
					return err
				}
				q, err := plan.New(sql, parsed)
				if err != nil {
					return err
				}
				return q.Check([]string{"left_src"}, near)
			}
			require.NoError(t, check(c.fits))
			require.ErrorContains(t, check(c.not), c.says)
		})
	}
}
