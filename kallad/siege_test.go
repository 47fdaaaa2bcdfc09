package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/worker/recon"
)

// canary is the text that no job may get to see. It is in files and in the
// environment of the processes, and in no query.
const canary = "xyzzy-4711-canary"

// siege is a daemon under attack, with what must not be read lying around it,
// and with notes of all that must not change.
type siege struct {
	*scheduler
	caller *callbacks
	// web is a server that nobody may ask for anything.
	web  *httptest.Server
	hits atomic.Int64
	temp string
	// before is what the folder looked like.
	before map[string]string
	// limit is the time that a job may run.
	limit  time.Duration
	posted int
	// known are the jobs whose evidence may be there.
	known map[string]bool
}

// longestSiege bounds the life of a daemon under attack.
const longestSiege = 9 * time.Minute

// besiege starts a daemon whose limits are tight enough for a test.
func besiege(t *testing.T, args ...string) *siege {
	t.Helper()
	s := &siege{caller: listen(t), temp: t.TempDir(), limit: 3 * time.Second, known: map[string]bool{}}
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.hits.Add(1)
		fmt.Fprintln(w, "text\n"+canary)
	}))
	t.Cleanup(s.web.Close)
	dir := folder(t, joinOnReference)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "deep"), 0o755))
	for _, name := range []string{"secret.csv", "secret.txt", "deep/secret.csv"} {
		write(t, dir, name, "text\n"+canary+"-in-a-file\n")
	}
	write(t, dir, "secret.json", `{"text": "`+canary+`-in-a-file"}`)
	s.plantParquet(t, dir)
	s.scheduler = startSchedulerFor(t, longestSiege, dir, []string{
		"KALLAD_TOKEN=" + canary + "-token", "CANARY=" + canary + "-in-the-environment",
		"AWS_ACCESS_KEY_ID=" + canary + "-id", "AWS_SECRET_ACCESS_KEY=" + canary + "-key", "PGPASSWORD=" + canary + "-password",
	}, append([]string{
		"--temp-dir", s.temp, "--job-timeout", s.limit.String(), "--max-jobs", "2", "--max-queue", "5000", "--keep-jobs", "5000",
		"--memory-limit", "500MB", "--max-spill", "64MB", "--threads", "2", "--max-result-rows", "10000", "--log-level", "debug",
	}, args...)...)
	s.token = canary + "-token"
	s.before = tree(t, dir, "staging")
	return s
}

// plantParquet makes a Parquet file of the secret.
func (s *siege) plantParquet(t *testing.T, dir string) {
	t.Helper()
	job := jobOver("plant", "SELECT l.text, r.payment_id FROM left_src l, right_src r")
	job.Sources[0].URI = "secret.csv"
	job.PrimaryKeys["left_src"] = []string{"text"}
	job.OutputPath = "loot"
	writeJob(t, dir, "plant.json", job)
	require.Equal(t, 0, kallad(t, dir, "run", "plant.json").code)
	require.FileExists(t, filepath.Join(dir, "loot/matched.parquet"))
}

// tree says of every file below a folder what is in it.
func tree(t *testing.T, dir string, but ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		for _, b := range but {
			if rel == b {
				return filepath.SkipDir
			}
		}
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			found[rel], err = os.Readlink(path)
		} else if err == nil && !d.IsDir() {
			var text []byte
			text, err = os.ReadFile(path)
			found[rel] = string(text)
		} else {
			found[rel] = "a folder"
		}
		return err
	}))
	return found
}

// attack is a query that means no good.
type attack struct {
	name, sql string
	// says is what its error must match. Empty: it may also succeed, as long as
	// nothing comes of it.
	says string
}

// refusedBy is what a query is answered that names what it must not.
const refusedBy = `not allowed|not one that a query may call|is not a source of the job|needs to be one SELECT|one SELECT|no value|syntax error|Parser Error|catalog or schema`

// storm runs attacks, several at once, with a sane job now and then, and
// returns how each of them ended.
func (s *siege) storm(t *testing.T, attacks []attack) []map[string]any {
	t.Helper()
	const saneEvery = 40
	began := time.Now()
	under := make([]launched, len(attacks))
	var sane []launched
	for i, a := range attacks {
		under[i] = s.launch(t, a.sql)
		if i%saneEvery == saneEvery/2 {
			sane = append(sane, s.launch(t, joinOnReference))
		}
	}
	ends := make([]map[string]any, len(attacks))
	for i, a := range attacks {
		ends[i] = s.end(t, under[i])
		s.judge(t, a, ends[i])
	}
	for _, l := range append(sane, s.launch(t, joinOnReference)) {
		s.succeeds(t, l)
	}
	t.Log(len(attacks), "attacks in", time.Since(began).Round(time.Millisecond))
	return ends
}

// succeeds is that a sane job comes to its end; beside attacks that take all
// of the machine it may need more than its time, and is then posted again.
func (s *siege) succeeds(t *testing.T, l launched) {
	t.Helper()
	doc := s.end(t, l)
	for range 5 {
		if !strings.Contains(fmt.Sprint(doc["error"]), "longer than it may") {
			break
		}
		doc = s.end(t, s.launch(t, joinOnReference))
	}
	require.Equal(t, "succeeded", doc["state"], "a sane job: %v", doc["error"])
	require.EqualValues(t, 2, doc["matched_count"])
	s.known[fmt.Sprint(doc["run_id"])] = true
}

// launched is a job that was posted: accepted, or refused at once.
type launched struct{ runID, refused string }

// launch posts a query.
func (s *siege) launch(t *testing.T, sql string) launched {
	t.Helper()
	s.posted++
	job := calling(s.caller, fmt.Sprintf("siege-%05d", s.posted), sql)
	text, err := json.Marshal(job)
	require.NoError(t, err)
	code, _, doc := s.call(t, "POST", "/api/jobs", string(text))
	if code == http.StatusBadRequest {
		return launched{refused: fmt.Sprint(doc["errors"])}
	}
	require.Equal(t, http.StatusAccepted, code, "%s: %v", sql, doc)
	return launched{runID: job.RunID}
}

// end waits for a job's end.
func (s *siege) end(t *testing.T, l launched) (doc map[string]any) {
	t.Helper()
	if l.refused != "" {
		return map[string]any{"state": "failed", "error": l.refused}
	}
	require.Eventually(t, func() bool {
		_, _, doc = s.call(t, "GET", "/api/jobs/"+l.runID, "")
		return recon.State(fmt.Sprint(doc["state"])).Final()
	}, 4*time.Minute, 10*time.Millisecond, "job %s never ends", l.runID)
	return doc
}

// overtime is what a job may take beyond its limit, for its process to be
// killed, on a machine with much else to do.
const overtime = 20 * time.Second

func (s *siege) judge(t *testing.T, a attack, doc map[string]any) {
	t.Helper()
	told := fmt.Sprint(doc["error"])
	assert.NotContains(t, fmt.Sprint(doc), canary, a.name)
	assert.NotContains(t, told, "internal error", a.name)
	assert.Less(t, took(t, doc), s.limit+overtime, "%s: %.300s", a.name, a.sql)
	switch {
	case doc["state"] == "failed":
		assert.Regexp(t, regexp.MustCompile(a.says), told, "%s: %.300s", a.name, a.sql)
		assert.NotEmpty(t, strings.TrimSpace(told), a.name)
	case a.says != "":
		assert.Fail(t, "it succeeded", "%s: %.300s", a.name, a.sql)
	default:
		runID := fmt.Sprint(doc["run_id"])
		s.known[runID] = true
		for _, file := range []string{"matched", "unmatched_left", "unmatched_right"} {
			_, _, rows := s.call(t, "GET", "/api/jobs/"+runID+"/evidence/"+file+"?limit=500", "")
			assert.NotContains(t, fmt.Sprint(rows), canary, "%s: %.300s", a.name, a.sql)
		}
	}
}

// took is how long a job ran; one that was refused did not.
func took(t *testing.T, doc map[string]any) time.Duration {
	t.Helper()
	if doc["started_at"] == nil {
		return 0
	}
	var at [2]time.Time
	for i, field := range []string{"started_at", "finished_at"} {
		var err error
		at[i], err = time.Parse(time.RFC3339Nano, fmt.Sprint(doc[field]))
		require.NoError(t, err)
	}
	return at[1].Sub(at[0])
}

// holds is the end of a siege: nothing was read, nothing written, nothing
// ended.
func (s *siege) holds(t *testing.T) {
	t.Helper()
	require.Nil(t, s.cmd.ProcessState, "the daemon lives")
	code, _, _ := s.call(t, "GET", "/health", "")
	require.Equal(t, 200, code)
	require.Equal(t, s.before, tree(t, s.dir, "staging"), "nothing beside the evidence was touched")
	entries, err := os.ReadDir(filepath.Join(s.dir, "staging"))
	require.NoError(t, err)
	for _, e := range entries {
		assert.Contains(t, []string{journalFolder, "out"}, e.Name())
	}
	for rel, text := range tree(t, filepath.Join(s.dir, "staging")) {
		assert.NotContains(t, text, canary, rel)
	}
	for rel, text := range tree(t, s.temp) {
		assert.NotContains(t, text, canary, rel)
		assert.Regexp(t, `^(\.$|kallad-)`, rel, "a file that a query wrote")
	}
	assert.Zero(t, s.hits.Load(), "requests to a server that queries named")
	assert.NotContains(t, s.logs.String(), canary)
	for _, n := range s.caller.notes() {
		assert.NotContains(t, fmt.Sprint(n), canary)
	}
	for _, path := range []string{"/metrics", "/api/jobs?limit=1000", "/api/executors", "/", "/api/openapi.json"} {
		_, _, doc := s.call(t, "GET", path, "")
		assert.NotContains(t, fmt.Sprint(doc), canary, path)
	}
}

// catalogued is a function of DuckDB's catalogue.
type catalogued struct {
	name, kind string
	parameters []string // types
}

// catalogue asks DuckDB itself what functions it has.
func catalogue(t *testing.T) []catalogued {
	t.Helper()
	session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer session.Close()
	rows, err := session.Query(t.Context(), `SELECT DISTINCT ON (function_name, function_type)
			function_name, function_type, coalesce(array_to_string(parameter_types, ';'), '')
		FROM duckdb_functions() ORDER BY function_name, function_type, len(parameter_types)`)
	require.NoError(t, err)
	defer rows.Close()
	var found []catalogued
	for {
		batch, err := rows.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		at := func(column, row int) string { return strings.Clone(batch.Column(column).(*array.String).Value(row)) }
		for i := range int(batch.NumRows()) {
			f := catalogued{name: at(0, i), kind: at(1, i)}
			if types := at(2, i); types != "" {
				f.parameters = strings.Split(types, ";")
			}
			found = append(found, f)
		}
		batch.Release()
	}
}

// call writes a call of the function with a path wherever it takes text.
func (f catalogued) call(path string) string {
	text := "'" + path + "'"
	args := make([]string, len(f.parameters))
	for i, kind := range f.parameters {
		switch {
		case kind == "VARCHAR" || kind == "ANY" || kind == "":
			args[i] = text
		case kind == "VARCHAR[]":
			args[i] = "[" + text + "]"
		case strings.HasSuffix(kind, "INT") || kind == "INTEGER":
			args[i] = "1"
		default:
			args[i] = "NULL"
		}
	}
	return `"` + f.name + `"(` + strings.Join(args, ", ") + ")"
}
