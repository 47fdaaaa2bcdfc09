package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

var rewrite = flag.Bool("rewrite", false, "write what comes out into testdata instead of comparing")

// columns are those of the tables that the test queries are over.
var columns = map[string][]string{
	"left_src":  {"id", "invoice_id", "amount", "issued", "note"},
	"right_src": {"id", "payment_id", "reference_number", "paid_amount", "paid"},
	"rates":     {"currency", "rate"},
}

// TestQueries runs the cases of testdata: a command, a query, a line of
// dashes, and what the command makes of the query.
func TestQueries(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
			require.NoError(t, err)
			defer session.Close()
			for table, names := range columns {
				require.NoError(t, session.CreateEmpty(t.Context(), table, schemaOf(names)))
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var out strings.Builder
			for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
				command, rest, _ := strings.Cut(c, "\n")
				sql, want, _ := strings.Cut(rest, "\n----\n")
				got := run(t, session, command, sql)
				fmt.Fprintf(&out, "%s\n%s\n----\n%s\n\n", command, sql, got)
				if !*rewrite {
					require.Equal(t, strings.TrimSpace(want), got, "%s\n%s", command, sql)
				}
			}
			if *rewrite {
				require.NoError(t, os.WriteFile(file, []byte(strings.TrimSuffix(out.String(), "\n")), 0o644))
			}
		})
	}
}

// near finds names that begin alike.
func near(word string, among []string, most int) []string {
	var found []string
	for _, name := range among {
		if len(found) < most && len(name) > 3 && strings.HasPrefix(word, name[:4]) {
			found = append(found, name)
		}
	}
	return found
}

func schemaOf(names []string) *arrow.Schema {
	fields := make([]arrow.Field, len(names))
	for i, n := range names {
		fields[i] = arrow.Field{Name: n, Type: arrow.BinaryTypes.String, Nullable: true}
		if n == "amount" || n == "paid_amount" {
			fields[i].Type = &arrow.Decimal128Type{Precision: 18, Scale: 2}
		}
		if n == "issued" {
			fields[i].Type = arrow.FixedWidthTypes.Date32
		}
	}
	return arrow.NewSchema(fields, nil)
}

func run(t *testing.T, s *engine.Session, command, sql string) string {
	t.Helper()
	parsed, err := s.Parse(t.Context(), sql)
	if err != nil {
		return "error: " + err.Error()
	}
	q, err := plan.New(sql, parsed)
	if err != nil {
		return "error: " + err.Error()
	}
	words := strings.Fields(command)
	switch words[0] {
	case "check":
		if err := q.Check([]string{"left_src", "right_src", "rates"}, near); err != nil {
			return "error: " + err.Error()
		}
		return "ok"
	case "columns":
		var lines []string
		for table, used := range q.Columns(columns) {
			lines = append(lines, strings.TrimSpace(table+": "+strings.Join(used, " ")))
		}
		sort.Strings(lines)
		return strings.Join(lines, "\n")
	case "translate":
		q.Translate("kallad_numeric", "kallad_try_numeric")
		return bound(t, s, q)
	case "selected":
		return fmt.Sprint(q.Selected(plan.Carry{Table: words[1], Columns: words[2:]}, strings.Count(sql, ",")+1))
	case "carry":
		if !q.Carry(plan.Carry{Table: words[1], Columns: words[2:], As: names("k", len(words)-2)}) {
			return "no"
		}
		return bound(t, s, q)
	}
	t.Fatalf("unknown command %q", command)
	return ""
}

func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(prefix, i)
	}
	return out
}

// bound returns the query as SQL and the names of its result's columns.
func bound(t *testing.T, s *engine.Session, q *plan.Query) string {
	t.Helper()
	parsed, err := q.Parsed()
	require.NoError(t, err)
	sql, err := s.Format(t.Context(), parsed)
	require.NoError(t, err)
	schema, err := s.Describe(t.Context(), sql)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return sql + "\nrefused: " + first
	}
	var fields []string
	for _, f := range schema.Fields() {
		fields = append(fields, f.Name)
	}
	return sql + "\n-> " + strings.Join(fields, ", ")
}
