package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// planTables are those that the queries of testdata/plan are over. Their sizes
// are in MiB.
var planTables = []struct {
	name    string
	size    int64
	columns string
}{
	{"invoices", 400, "id VARCHAR, line BIGINT, customer INTEGER, amount DECIMAL(18,2), due DATE, note VARCHAR"},
	{"payments", 300, "id BIGINT, reference VARCHAR, line BIGINT, customer BIGINT, paid DECIMAL(12,3), booked TIMESTAMP, factor DOUBLE"},
	{"customers", 40, "id INTEGER, name VARCHAR, region INTEGER"},
	{"rates", 1, "currency VARCHAR, rate DECIMAL(18,6)"},
}

// TestPlans runs the cases of testdata/plan: settings, a query, a line of
// dashes, and its graph. With the setting keys=table:column,..:result,.. rows
// of the table are looked up by keys that the result has in those columns; with
// unique=table after it, each row of the table has a key of its own.
func TestPlans(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/plan/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
			require.NoError(t, err)
			defer session.Close()
			for _, table := range planTables {
				require.NoError(t, session.Exec(t.Context(), "CREATE TABLE "+table.name+"("+table.columns+")"))
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var out strings.Builder
			for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
				settings, rest, _ := strings.Cut(c, "\n")
				sql, want, _ := strings.Cut(rest, "\n----")
				got := planned(t, session, settings, sql)
				fmt.Fprintf(&out, "%s\n%s\n----\n%s\n\n", settings, sql, got)
				if !*rewrite {
					require.Equal(t, strings.TrimSpace(want), got, "%s\n%s", settings, sql)
				}
			}
			if *rewrite {
				require.NoError(t, os.WriteFile(file, []byte(strings.TrimSuffix(out.String(), "\n")), 0o644))
			}
		})
	}
}

func planned(t *testing.T, s *engine.Session, settings, sql string) string {
	t.Helper()
	parsed, err := s.Parse(t.Context(), sql)
	require.NoError(t, err, sql)
	query, err := plan.New(sql, parsed)
	require.NoError(t, err)
	request := plan.Request{Query: query, Places: 4, Partitions: 4, Result: plan.Result{Table: "result"}}
	for _, table := range planTables {
		schema, err := s.Describe(t.Context(), "SELECT * FROM "+table.name)
		require.NoError(t, err)
		request.Tables = append(request.Tables, plan.Table{Name: table.name, Schema: schema, Bytes: table.size << 20, Rows: -1})
	}
	names, _, err := s.Columns(t.Context(), sql)
	require.NoError(t, err, sql)
	for i := range names {
		request.Result.Columns = append(request.Result.Columns, fmt.Sprint("c", i))
	}
	request.Steps = []plan.Step{{Name: "rows", Kind: plan.StepStream}}
	for _, setting := range strings.Fields(settings) {
		name, value, _ := strings.Cut(setting, "=")
		switch name {
		case "places":
			request.Places, err = strconv.Atoi(value)
		case "partitions":
			request.Partitions, err = strconv.Atoi(value)
		case "plan":
		case "size":
			table, mib, _ := strings.Cut(value, ":")
			for i := range request.Tables {
				if request.Tables[i].Name == table {
					request.Tables[i].Bytes, err = strconv.ParseInt(mib, 10, 64)
					request.Tables[i].Bytes = max(-1, request.Tables[i].Bytes<<20)
				}
			}
		case "keys":
			request.Steps = []plan.Step{{Name: "rows", Kind: plan.StepStream, SQL: "SELECT * FROM result"}}
			request.Lookups = append(request.Lookups, lookupOf(value, request))
		case "unique":
			for i := range request.Lookups {
				if l := &request.Lookups[i]; l.Table == value {
					l.Unique = true
				}
			}
		case "late":
			l := &request.Lookups[len(request.Lookups)-1]
			l.Late = lateOf(*l, strings.Split(value, ","))
		default:
			t.Fatalf("unknown setting %q", setting)
		}
		require.NoError(t, err)
	}
	graph, err := plan.Plan(t.Context(), s, request)
	require.NoError(t, err, sql)
	return strings.TrimSpace(graph.String())
}

// lookupOf reads table:key,key:result,result.
func lookupOf(value string, request plan.Request) plan.Lookup {
	parts := strings.Split(value, ":")
	l := plan.Lookup{Table: parts[0], Keys: strings.Split(parts[1], ","), ResultKeys: strings.Split(parts[2], ",")}
	for _, table := range request.Tables {
		if table.Name == l.Table {
			l.Columns = fieldNames(table.Schema)
		}
	}
	l.Steps = []plan.Step{{Name: "missing_" + l.Table, Kind: plan.StepStream, SQL: fmt.Sprintf("SELECT * FROM %s ANTI JOIN result ON %s IS NOT DISTINCT FROM %s", l.Table, l.Keys[0], l.ResultKeys[0])}}
	return l
}

// lateOf reads the columns that a lookup's table needs at once.
func lateOf(l plan.Lookup, columns []string) *plan.Late {
	same := make([]string, len(l.Keys))
	for i, k := range l.Keys {
		same[i] = fmt.Sprintf("s.%[1]s IS NOT DISTINCT FROM w.%[1]s", k)
	}
	return &plan.Late{
		Columns: columns, Wanted: "missing_keys",
		Steps: []plan.Step{{Name: "find", Kind: plan.StepRun, SQL: fmt.Sprintf("CREATE TABLE missing_keys AS SELECT %s, %s FROM %s ANTI JOIN result ON %s IS NOT DISTINCT FROM %s",
			plan.TaskFunction, strings.Join(l.Keys, ", "), l.Table, l.Keys[0], l.ResultKeys[0])}},
		Stream: plan.Step{Name: "missing_" + l.Table, Kind: plan.StepStream, SQL: fmt.Sprintf("SELECT * FROM %s AS s SEMI JOIN missing_keys AS w ON %s", l.Table, strings.Join(same, " AND "))},
	}
}

func fieldNames(schema *arrow.Schema) []string {
	var out []string
	for _, f := range schema.Fields() {
		out = append(out, f.Name)
	}
	return out
}
