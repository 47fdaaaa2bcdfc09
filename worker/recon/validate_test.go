package recon_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

func goodJobValue(t *testing.T) *recon.Job {
	t.Helper()
	job, err := recon.Decode([]byte(goodJob), recon.ValidateOptions{})
	require.NoError(t, err)
	return job
}

func TestValidateNamesEveryMissingFieldAtOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		"callback_url: is required: the URL that progress and the outcome are posted to",
		"match_sql: is required: one SELECT over the sources' aliases",
		"output_path: is required: a folder, or s3://bucket/prefix",
		"primary_keys: is required: the key columns of the first two sources, by alias",
		"run_id: is required",
		"sources: needs at least two: the left side, then the right side",
	}, problemsOf(t, []byte("{}")))
	assert.NotContains(t, problemLines(t, (&recon.Job{}).Validate(recon.ValidateOptions{})),
		"callback_url: is required: the URL that progress and the outcome are posted to", "kallad run needs none")
}

func TestValidateFields(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*recon.Job)
		want   string // "" for a good job; else the only problem's start
	}{
		{"run name", func(j *recon.Job) { j.RunID = "month-end_2026:07.a" }, ""},
		{"longest run id", func(j *recon.Job) { j.RunID = strings.Repeat("r", 128) }, ""},
		{"too long run id", func(j *recon.Job) { j.RunID = strings.Repeat("r", 129) }, "run_id: must be"},
		{"hidden run id", func(j *recon.Job) { j.RunID = ".." }, "run_id: must be"},
		{"run id with slash", func(j *recon.Job) { j.RunID = "a/b" }, "run_id: must be"},
		{"run id with newline", func(j *recon.Job) { j.RunID = "a\n" }, "run_id: must be"},
		{"https", func(j *recon.Job) { j.CallbackURL = "https://u:p@h/x?y=1" }, ""},
		{"ftp", func(j *recon.Job) { j.CallbackURL = "ftp://h/" }, "callback_url: must begin"},
		{"relative", func(j *recon.Job) { j.CallbackURL = "/api/worker" }, "callback_url: must begin"},
		{"no host", func(j *recon.Job) { j.CallbackURL = "http:///x" }, "callback_url: has no host"},
		{"port", func(j *recon.Job) { j.CallbackURL = "http://h:99999/" }, "callback_url: has a port"},
		{"fragment", func(j *recon.Job) { j.CallbackURL = "http://h/#" }, "callback_url: must not have a fragment"},
		{"broken", func(j *recon.Job) { j.CallbackURL = "http://u:s3cret@h:x/" }, "callback_url: is not a valid URL"},
		{"NUL in sql", func(j *recon.Job) { j.MatchSQL += "\x00" }, "match_sql: must not have the character NUL"},
		{"blank sql", func(j *recon.Job) { j.MatchSQL = " \n" }, "match_sql: is required"},
		{"many sources", func(j *recon.Job) { j.Sources = manySources(j.Sources, 100) }, ""},
		{"too many sources", func(j *recon.Job) { j.Sources = manySources(j.Sources, 101) }, "sources: has 101; one job may have 100"},
		{"evidence all", func(j *recon.Job) { j.EvidenceColumns = "all" }, ""},
		{"evidence ALL", func(j *recon.Job) { j.EvidenceColumns = "ALL" }, "evidence_columns: must be"},
		{"longest output", func(j *recon.Job) { j.OutputPath = strings.Repeat("p/", 512) }, ""},
		{"too long output", func(j *recon.Job) { j.OutputPath = strings.Repeat("p/", 513) }, "output_path: is longer than 1024 bytes"},
		{"long callback", func(j *recon.Job) { j.CallbackURL = "http://h/" + strings.Repeat("x", 8<<10) }, "callback_url: is longer than 8192 bytes"},
		{"long source", func(j *recon.Job) { j.Sources[0].URI = recon.URI(strings.Repeat("**/", 4<<10) + "x.csv") }, "sources[0].uri: is longer than 8192 bytes"},
		{"absolute output", func(j *recon.Job) { j.OutputPath = "/data/out" }, ""},
		{"dots in a name", func(j *recon.Job) { j.OutputPath = "runs/..x/a..b" }, ""},
		{"bucket", func(j *recon.Job) { j.OutputPath = "s3://bucket/prefix" }, ""},
		{"no bucket", func(j *recon.Job) { j.OutputPath = "s3:///prefix" }, "output_path: has no bucket"},
		{"other scheme", func(j *recon.Job) { j.OutputPath = "gs://b/p" }, "output_path: has a scheme"},
		{"dot dot", func(j *recon.Job) { j.OutputPath = "runs/../../etc" }, "output_path: must not have '..'"},
		{"dot dot with backslash", func(j *recon.Job) { j.OutputPath = `runs\..\x` }, "output_path: must not have '..'"},
		{"dot dot in s3", func(j *recon.Job) { j.OutputPath = "s3://b/.." }, "output_path: must not have '..'"},
		{"NUL", func(j *recon.Job) { j.OutputPath = "a\x00b" }, "output_path: must not have control"},
		{"no keys for one side", func(j *recon.Job) { delete(j.PrimaryKeys, "right_src") }, "primary_keys.right_src: is required"},
		{"keys of a stranger", func(j *recon.Job) { j.PrimaryKeys["x"] = []string{"id"} }, "primary_keys.x: is not the alias of a source"},
		{"no key columns", func(j *recon.Job) { j.PrimaryKeys["left_src"] = nil }, "primary_keys.left_src: needs at least one"},
		{"nameless key column", func(j *recon.Job) { j.PrimaryKeys["left_src"] = []string{""} }, "primary_keys.left_src[0]: must be the name"},
		{"repeated key column", func(j *recon.Job) { j.PrimaryKeys["left_src"] = []string{"id", "x", "ID"} }, "primary_keys.left_src[2]: names the column"},
		{"a table beside the sides", func(j *recon.Job) {
			j.Sources = append(j.Sources, recon.Source{Alias: "rates", URI: "rates.csv"})
		}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			job := goodJobValue(t)
			c.change(job)
			err := job.Validate(recon.ValidateOptions{RequireCallback: true})
			expectOne(t, err, c.want)
		})
	}
}

// manySources adds further tables until there are so many.
func manySources(sources []recon.Source, n int) []recon.Source {
	for i := len(sources); i < n; i++ {
		sources = append(sources, recon.Source{Alias: fmt.Sprint("t", i), URI: "t.csv"})
	}
	return sources
}

func TestValidateAliases(t *testing.T) {
	t.Parallel()
	for alias, want := range map[string]string{
		"_l2":                    "",
		"Invoices":               "",
		"":                       "is required",
		"2l":                     "must be a plain SQL name",
		"l.x":                    "must be a plain SQL name",
		"l src":                  "must be a plain SQL name",
		`l"`:                     "must be a plain SQL name",
		"größe":                  "must be a plain SQL name",
		"select":                 "is the SQL word",
		"Order":                  "is the SQL word",
		"table":                  "is the SQL word",
		"left":                   "is the SQL word",
		"RIGHT_SRC":              "is the alias of sources[1] as well",
		strings.Repeat("a", 128): "",
		strings.Repeat("a", 129): "is longer",
	} {
		t.Run(alias, func(t *testing.T) {
			t.Parallel()
			job := goodJobValue(t)
			job.PrimaryKeys[alias] = job.PrimaryKeys["left_src"]
			delete(job.PrimaryKeys, "left_src")
			// The second source comes to the clash, so it is the one blamed.
			job.Sources[0].Alias = alias
			if want != "" {
				want = "].alias: " + strings.Replace(want, "sources[1]", "sources[0]", 1)
			}
			expectOne(t, job.Validate(recon.ValidateOptions{}), want)
		})
	}
}

func TestValidateSourceURIs(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"a.csv":                        "",
		"/data/a.parquet?types=x:text": "",
		"file:///data/a.csv":           "",
		"file://":                      "has no path",
		"s3://bucket/key.csv":          "",
		"s3://bucket":                  "must name a bucket and a key",
		"s3:///key.csv":                "must name a bucket and a key",
		"postgresql://h/db?table=s.t":  "",
		"POSTGRES://h/db?table=t":      "",
		"postgres://a:1,b:2/db?x=1&table=%22Mixed%22": "",
		"postgres://u:p%23w@h/db?sslmode=require":     "names no table",
		"postgres://h/db?table=":                      "names no table",
		"postgres://h/db/table=x":                     "names no table",
		"mysql://u:s3cret@h/db":                       "has a scheme that nothing here reads",
		"":                                            "is required",
		"a\x00b":                                      "must not have control characters",
	} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			job := goodJobValue(t)
			job.Sources[1].URI = recon.URI(uri)
			if want != "" {
				want = "sources[1].uri: " + want
			}
			err := job.Validate(recon.ValidateOptions{})
			expectOne(t, err, want)
			if err != nil {
				assert.NotContains(t, err.Error(), "s3cret")
			}
		})
	}
}

func TestValidateFilters(t *testing.T) {
	t.Parallel()
	cases := []struct{ column, op, value, want string }{
		{"a", "eq", `"x"`, ""},
		{"a", "neq", `true`, ""},
		{"a", "lt", `-1e400`, ""},
		{"a", "between", `["2026-01-01", "2026-12-31"]`, ""},
		{"a", "in", `[1]`, ""},
		{"a", "like", `"INV-%"`, ""},
		{"", "eq", `1`, "column: is required"},
		{"a", "", `1`, "op: is required"},
		{"a", "GTE", `1`, `op: "GTE" is not an operator; give one of eq, neq`},
		{"a", "eq", ``, "value: is required"},
		{"a", "eq", ` null`, "value: is required"},
		{"a", "eq", `[1]`, `value: must be a string, a number or a boolean for "eq", not a list`},
		{"a", "gt", `{}`, `value: must be a string, a number or a boolean for "gt", not an object`},
		{"a", "between", `1`, `value: must be a list for "between", not a number`},
		{"a", "between", `[1, 2, 3]`, "value: must have two elements"},
		{"a", "between", `[1, null]`, "value[1]: must be a string, a number or a boolean, not null"},
		{"a", "in", `"x"`, `value: must be a list for "in", not a string`},
		{"a", "in", `[]`, "value: must have at least one"},
		{"a", "in", `[1, [2]]`, "value[1]: must be"},
		{"a", "like", `5`, "value: must be a pattern"},
	}
	for _, c := range cases {
		t.Run(c.op+c.value, func(t *testing.T) {
			t.Parallel()
			job := goodJobValue(t)
			job.Sources[1].Filters = []recon.FilterCondition{{Column: c.column, Op: recon.Operator(c.op), Value: json.RawMessage(c.value)}}
			want := c.want
			if want != "" {
				want = "sources[1].filters[0]." + want
			}
			expectOne(t, job.Validate(recon.ValidateOptions{}), want)
		})
	}
}

// expectOne wants no error for "", else exactly one problem that has want in
// its line.
func expectOne(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		return
	}
	lines := problemLines(t, err)
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], want)
	assert.NotContains(t, lines[0], "s3cret")
}
