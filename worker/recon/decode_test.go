package recon_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

const goodJob = `{
  "run_id": "5f0c2f9e-6f8e-4c0e-9a40-3f3a5a0b7a11",
  "callback_url": "http://app:3000/api/worker",
  "match_sql": "SELECT l.id, r.id FROM left_src l JOIN right_src r ON l.id = r.id",
  "sources": [
    {"alias": "left_src", "uri": "postgres://user:s3cret@host:5432/db?table=invoices",
     "filters": [{"column": "amount", "op": "gte", "value": 1000.10000000000000000001}]},
    {"alias": "right_src", "uri": "s3://bucket/payments.csv"}
  ],
  "output_path": "runs/1",
  "primary_keys": {"left_src": ["id"], "right_src": ["id", "line"]}
}`

// edited returns goodJob with every old text replaced by new.
func edited(t *testing.T, oldNew ...string) []byte {
	t.Helper()
	for i := 0; i < len(oldNew); i += 2 {
		require.Contains(t, goodJob, oldNew[i])
	}
	return []byte(strings.NewReplacer(oldNew...).Replace(goodJob))
}

func TestDecodeKeepsEverythingOfAGoodJob(t *testing.T) {
	t.Parallel()
	job, err := recon.Decode([]byte(goodJob), recon.ValidateOptions{RequireCallback: true})
	require.NoError(t, err)
	assert.Equal(t, "left_src", job.Left().Alias)
	assert.Equal(t, "postgres://user:s3cret@host:5432/db?table=invoices", job.Left().URI.Reveal())
	assert.Equal(t, recon.OpGte, job.Left().Filters[0].Op)
	assert.Equal(t, "1000.10000000000000000001", string(job.Left().Filters[0].Value), "every digit")
	assert.Equal(t, []string{"id", "line"}, job.PrimaryKeys["right_src"])
	assert.Equal(t, recon.EvidenceQuery, job.EvidenceColumns, "the default")
	require.NoError(t, job.Validate(recon.ValidateOptions{RequireCallback: true}))

	again, err := json.Marshal(job)
	require.NoError(t, err)
	same, err := recon.Decode(again, recon.ValidateOptions{})
	require.NoError(t, err)
	assert.Equal(t, job, same, "a job survives its own JSON")
}

func TestDecodeNamesThePlaceOfMalformedJSON(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, doc    string
		line, column int
		says         string
	}{
		{"empty", " \n ", 1, 1, "empty"},
		{"open", "{\n  \"run_id\": \"x\"", 2, 16, "not closed"},
		{"trailing comma", "{\n  \"run_id\": \"x\",\n}", 3, 1, "field name in double quotes"},
		{"missing comma", "{\"a\": 1\n \"b\": 2}", 2, 2, "expected ',' or '}'"},
		{"missing colon", "{\"a\" 1}", 1, 6, "expected ':'"},
		{"missing value", "{\"a\": }", 1, 7, "expected a value"},
		{"list", "{\"a\": [1 2]}", 1, 10, "expected ',' or ']'"},
		{"single quotes", "{'a': 1}", 1, 2, "field name in double quotes"},
		{"trailing garbage", "{}\nx", 2, 1, "after the end"},
		{"second document", goodJob + " {}", 12, 3, "after the end"},
		{"columns are characters", "{\"äöü\": x}", 1, 9, "expected a value"},
		{"raw newline in a string", "{\"a\": \"x\ny\"}", 1, 9, "in string literal"},
		{"a list as the job", "\n [1]", 2, 2, "expected the job as an object"},
		{"a string as the job", `"job"`, 1, 1, "expected the job as an object"},
		{"not UTF-8", "{\"a\": \"\xff\"}", 1, 8, "UTF-8"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := recon.Decode([]byte(c.doc), recon.ValidateOptions{})
			var syntax *recon.SyntaxError
			require.ErrorAs(t, err, &syntax)
			assert.True(t, recon.IsInput(err))
			assert.Equal(t, [2]int{c.line, c.column}, [2]int{syntax.Line, syntax.Column}, err.Error())
			assert.Contains(t, syntax.Message, c.says)
		})
	}
}

func TestDecodeAcceptsAByteOrderMark(t *testing.T) {
	t.Parallel()
	_, err := recon.Decode([]byte("\xef\xbb\xbf"+goodJob), recon.ValidateOptions{})
	assert.NoError(t, err)
}

func TestDecodeNamesEveryWrongTypeAtOnce(t *testing.T) {
	t.Parallel()
	doc := `{"run_id": 7, "callback_url": [], "match_sql": {}, "output_path": true, "evidence_columns": 1,
	  "sources": [{"alias": 1, "uri": 2, "filters": {}}, "x", {"alias": "ok", "uri": "a.csv", "filters": [3, {"column": 1, "op": 2}]}],
	  "primary_keys": {"a": "id", "b": [1]}}`
	assert.Equal(t, []string{
		"callback_url: must be a string, not a list",
		"evidence_columns: must be a string, not a number",
		"match_sql: must be a string, not an object",
		"output_path: must be a string, not a boolean",
		"primary_keys.a: must be a list, not a string",
		"primary_keys.b[0]: must be a string, not a number",
		"run_id: must be a string, not a number",
		"sources[0].alias: must be a string, not a number",
		"sources[0].filters: must be a list, not an object",
		"sources[0].uri: must be a string, not a number",
		"sources[1]: must be an object, not a string",
		"sources[2].filters[0]: must be an object, not a number",
		"sources[2].filters[1].column: must be a string, not a number",
		"sources[2].filters[1].op: must be a string, not a number",
		"sources[2].filters[1].value: is required, and not null: nothing compares to null",
	}, problemsOf(t, []byte(doc)))
}

func TestDecodeTreatsNullAsAbsent(t *testing.T) {
	t.Parallel()
	_, err := recon.Decode(edited(t,
		`"output_path"`, `"evidence_columns": null, "output_path"`,
		`"uri": "s3://bucket/payments.csv"`, `"uri": "s3://bucket/payments.csv", "filters": null`), recon.ValidateOptions{})
	require.NoError(t, err)
	assert.Contains(t, problemsOf(t, edited(t, `"runs/1"`, `null`))[0], "output_path: is required")
}

func TestDecodeIgnoresFieldsItDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, err := recon.Decode(edited(t, `"output_path"`, `"organisation": {"id": 1}, "retries": 3, "output_path"`,
		`"alias": "left_src"`, `"alias": "left_src", "label": "Invoices"`), recon.ValidateOptions{})
	assert.NoError(t, err)
}

func TestDecodeFindsMisspelledFields(t *testing.T) {
	t.Parallel()
	cases := []struct{ old, new, field string }{
		{`"primary_keys"`, `"primary_key"`, "primary_keys"},
		{`"run_id"`, `"runId"`, "run_id"},
		{`"match_sql"`, `"MATCH_SQL"`, "match_sql"},
		{`"output_path"`, `"evidence_colums": "all", "output_path"`, "evidence_columns"},
		{`"filters"`, `"filter"`, "sources[0].filters"},
		{`"uri": "s3`, `"url": "s3`, "sources[1].uri"},
		{`"value"`, `"values"`, "sources[0].filters[0].value"},
	}
	for _, c := range cases {
		t.Run(c.new, func(t *testing.T) {
			t.Parallel()
			got := problemsOf(t, edited(t, c.old, c.new))
			require.Len(t, got, 1)
			assert.Contains(t, got[0], c.field+": is absent, and ")
			assert.Contains(t, got[0], "rename it to ")
		})
	}
}

func TestDecodeRefusesAFieldGivenTwice(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"match_sql: is given more than once", "primary_keys.left_src: is given more than once"},
		problemsOf(t, edited(t, `"output_path"`, `"match_sql": "SELECT 1", "output_path"`, `{"left_src": ["id"]`, `{"left_src": ["id"], "left_src": ["no"]`)))
}

func TestDecodeBoundsItsAnswer(t *testing.T) {
	t.Parallel()
	doc := fmt.Sprintf(`{"sources": [%s 1]}`, strings.Repeat("1,", 200_000))
	got := problemsOf(t, []byte(doc))
	assert.Len(t, got, 101)
	assert.Contains(t, strings.Join(got, "\n"), "only the first 100 are named")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodJob))
	f.Add([]byte(`{"sources": [{}, {"filters": [{"op": "in", "value": []}]}], "primary_keys": {"": null}}`))
	f.Add([]byte(`{"run_id": "\ud800"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		job, err := recon.Decode(doc, recon.ValidateOptions{RequireCallback: true})
		if err != nil {
			if !recon.IsInput(err) || err.Error() == "" {
				t.Fatalf("not an input error: %v", err)
			}
			return
		}
		if err := job.Validate(recon.ValidateOptions{RequireCallback: true}); err != nil {
			t.Fatalf("Decode took what Validate refuses: %v", err)
		}
	})
}

// problemsOf decodes doc, which must be refused, and returns "field: message"
// lines in their order by field.
func problemsOf(t *testing.T, doc []byte) []string {
	t.Helper()
	_, err := recon.Decode(doc, recon.ValidateOptions{RequireCallback: true})
	return problemLines(t, err)
}

func problemLines(t *testing.T, err error) []string {
	t.Helper()
	var invalid *recon.ValidationError
	require.True(t, errors.As(err, &invalid), "got %v", err)
	var lines []string
	for _, f := range invalid.Fields {
		lines = append(lines, f.Field+": "+f.Message)
	}
	sort.Strings(lines)
	return lines
}
