package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/kallad/browsertest"
	"kallad/worker/recon"
	"kallad/worker/source/postgres/pgtest"
)

// sesame is in every secret that TestNothingTellsSecrets plants, and in nothing
// else. It survives the encodings of addresses.
const sesame = "sesame"

// planted makes a password of which address and text differ.
func planted(what string) string { return "p@ss/" + sesame + ":%-" + what }

// leaks returns where a text tells a secret.
func leaks(text string) []string {
	var found []string
	for _, word := range []string{sesame, pgtest.Password, url.QueryEscape(pgtest.Password), url.PathEscape(pgtest.Password),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("app:"+planted("callback"))), "=")[:20]} {
		if at := strings.Index(text, word); at >= 0 {
			found = append(found, text[max(0, at-200):min(len(text), at+200)])
		}
	}
	return found
}

// wrongJobs are jobs that fail, each for another reason, over sources with
// secrets in their addresses.
func wrongJobs(t *testing.T, caller *callbacks) map[string]recon.Job {
	db := pgServer.Database(t)
	db.Exec(t, "CREATE TABLE invoices (invoice_id text, amount numeric); INSERT INTO invoices VALUES ('1', 1), ('x', 2)")
	user := url.UserPassword("app", planted("postgres")).String()
	over := func(uri, sql string) recon.Job {
		job := calling(caller, "", sql)
		job.Sources[0].URI = recon.URI(uri)
		return job
	}
	back := func(address string) recon.Job {
		job := calling(caller, "", joinOnReference)
		job.CallbackURL = address
		return job
	}
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	t.Cleanup(refusing.Close)
	to := func(scheme, host string) string {
		return scheme + "://" + url.UserPassword("app", planted("callback")).String() + "@" + host + "/hook?key=" + url.QueryEscape(planted("query"))
	}
	host := strings.TrimPrefix(refusing.URL, "http://")
	output := calling(caller, "", joinOnReference)
	output.OutputPath = "s3://key:" + sesame + "@bucket/out"
	return map[string]recon.Job{
		"wrong-password":     over(db.UserURL(pgtest.User, planted("postgres"), "table=invoices"), joinOnReference),
		"unknown-host":       over("postgres://"+user+"@nowhere.invalid/erp?table=invoices", joinOnReference),
		"nobody-listens":     over("postgres://"+user+"@127.0.0.1:1/erp?table=invoices", joinOnReference),
		"in-a-parameter":     over("postgres://127.0.0.1:1/erp?user=app&password="+url.QueryEscape(planted("postgres"))+"&table=invoices", joinOnReference),
		"not-postgres":       over("postgres://"+user+"@"+host+"/erp?table=invoices", joinOnReference),
		"tls":                over(db.URL("table=invoices", "sslmode=verify-full"), joinOnReference),
		"tls-to-nobody":      over("postgres://"+user+"@"+host+"/erp?table=invoices&sslmode=require", joinOnReference),
		"no-such-table":      over(db.URL("table=nothing"), joinOnReference),
		"no-such-database":   over(strings.Replace(db.URL("table=invoices"), db.Name, "nothing", 1), joinOnReference),
		"no-such-column":     over(db.URL("table=invoices"), "SELECT l.nothing FROM left_src l, right_src r"),
		"syntax":             over(db.URL("table=invoices"), "SELECT FROM WHERE"),
		"conversion":         over(db.URL("table=invoices"), "SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r WHERE CAST(l.invoice_id AS INT) = 5"),
		"no-such-parameter":  over("postgres://"+user+"@127.0.0.1:1/erp?table=invoices&nonsense=1", joinOnReference),
		"s3":                 over("s3://bucket/invoices.csv", joinOnReference),
		"s3-with-a-user":     over("s3://key:"+sesame+"@bucket/invoices.csv", joinOnReference),
		"file":               over("nowhere.csv?password="+sesame, joinOnReference),
		"file-with-a-user":   over("file://app:"+sesame+"@host/nowhere.csv", joinOnReference),
		"broken":             over("postgres://app:"+sesame+"@[half/erp?table=invoices", joinOnReference),
		"broken-escape":      over("postgres://app:"+sesame+"%zz@host/erp?table=invoices", joinOnReference),
		"no-such-scheme":     over("mysql://app:"+sesame+"@host/erp?table=invoices", joinOnReference),
		"output":             output,
		"callback-refuses":   back(to("http", host)),
		"callback-tls":       back(to("https", host)),
		"callback-to-nobody": back(to("http", "127.0.0.1:1")),
		"callback-nowhere":   back(to("http", "nowhere.invalid")),
		"callback-broken":    back("http://app:" + sesame + "@[half/hook"),
		"callback-scheme":    back("ftp://app:" + sesame + "@host/hook"),
	}
}

// TestNothingTellsSecrets has jobs fail in every way, with secrets in
// addresses, in the environment and in headers, and looks for them in all that
// kallad writes and says. The journal has them for as long as jobs may have to
// run again, and is the owner's alone.
func TestNothingTellsSecrets(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			tellNothing(t, format)
		})
	}
}

func tellNothing(t *testing.T, format string) {
	caller, traces := listen(t), collect(t)
	dir := folder(t, joinOnReference)
	token := sesame + "-0123456789-token"
	env := []string{
		"KALLAD_TOKEN=" + token, "CALLBACK_SECRET=whsec_" + base64.StdEncoding.EncodeToString([]byte(sesame+"-0123456789-0123456789")),
		"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ALLOW_HTTP=true", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=" + sesame + "-id", "AWS_SECRET_ACCESS_KEY=" + sesame + "-key",
		"AWS_SESSION_TOKEN=" + sesame + "-session", "AWS_MAX_ATTEMPTS=1", "PGPASSWORD=" + sesame + "-pg", "OTEL_EXPORTER_OTLP_HEADERS=key=" + sesame,
	}
	level := []string{"--log-level", "debug", "--log-format", format, "--otlp-endpoint", traces.url}
	s := startSchedulerLogging(t, dir, env, append([]string{"--max-jobs", "12", "--memory-limit", "1GB", "--callback-timeout", "2s", "--job-timeout", "20s", "--temp-dir", t.TempDir()}, level...)...)
	s.token = token
	said := map[string]string{}
	note := func(where string, what any) { said[where] += fmt.Sprintln(what) }

	run := func(round string, jobs map[string]recon.Job) {
		for name, job := range jobs {
			job.RunID = round + name
			job.OutputPath = strings.Replace(job.OutputPath, "out/", "out/"+job.RunID, 1)
			text, err := json.Marshal(job)
			require.NoError(t, err)
			_, _, doc := s.call(t, "POST", "/api/jobs", string(text))
			note("answer to "+name, doc)
		}
	}
	jobs := wrongJobs(t, caller)
	run("", jobs)
	executorLogs := startExecutor(t, s, env, level...)
	run("there-", jobs)

	// One is lost while it reads.
	long := calling(caller, "executor-lost", endless)
	long.Sources[0].URI = jobs["no-such-column"].Sources[0].URI
	require.Equal(t, 202, s.post(t, long))
	s.awaitState(t, long.RunID, "running")
	executorLogs.kill()
	for _, doc := range s.ends(t) {
		note("status", doc)
		_, _, events := s.call(t, "GET", "/api/jobs/"+doc["run_id"].(string)+"/events", "")
		note("events", events)
	}
	// Somebody else's tokens, and documents that are no jobs.
	for _, wrong := range []string{sesame + "-wrong", "Basic " + sesame, ""} {
		other := *s
		other.token = wrong
		_, header, doc := other.call(t, "GET", "/api/jobs?token="+sesame, "")
		note("refusal", fmt.Sprint(header, doc))
	}
	for _, body := range []string{`{"callback_url": "http://app:` + sesame + `@host"`, `{"sources": [{"uri": 5, "password": "` + sesame + `"}]}`, `{"sources": [{"uri": "postgres://app:` + sesame + `@host"}], "nonsense": "` + sesame + `"}`} {
		_, _, doc := s.call(t, "POST", "/api/jobs", body)
		note("problem", doc)
	}
	stranger := startExecutor(t, s, []string{"KALLAD_TOKEN=" + sesame + "-9876543210-wrong"}, level...)
	stranger.logs.await(t, "nauthenticated")
	for _, path := range []string{"/metrics", "/api/jobs?limit=1000", "/api/executors", "/", "/ready", "/health", "/api/openapi.json"} {
		_, _, doc := s.call(t, "GET", path, "")
		note(path, doc)
	}
	for _, n := range caller.notes() {
		note("callback", n)
	}
	page := browsertest.Open(t, s.url+"/")
	page.Await(`document.querySelector("#ask-token").open`)
	page.Type(token)
	page.Key("Enter")
	page.AwaitText("executor-lost")
	note("page", page.Eval("document.documentElement.outerHTML"))
	page.Eval(`location.hash = "#/job/there-wrong-password"`)
	page.AwaitText("Why it failed")
	note("page", page.Eval("document.documentElement.outerHTML"))

	if format != "text" {
		jobs = nil // the other commands log in one way
	}
	for name, job := range jobs {
		writeJob(t, dir, "one.json", job)
		for _, args := range [][]string{{"explain", "one.json"}, {"run", "--verbose", "--callback-timeout", "100ms", "one.json"}, {"inspect", job.Sources[0].URI.Reveal()}} {
			cmd := command(t, dir, args...)
			cmd.Env = append(cmd.Env, env...)
			o := finish(t, cmd)
			note(args[0]+" "+name, o.out+o.err)
		}
	}
	_ = os.Remove(filepath.Join(dir, "one.json"))
	require.NoError(t, s.cmd.Process.Signal(os.Interrupt))
	_ = s.cmd.Wait()
	note("the scheduler's log", s.logs)
	note("the executor's log", executorLogs.logs)
	note("a stranger's log", stranger.logs)
	traces.mu.Lock()
	for _, sp := range traces.got {
		note("a span", sp.Span.String())
	}
	traces.mu.Unlock()
	require.Greater(t, len(said["the scheduler's log"]), 10_000)
	require.Contains(t, said["a span"], "name:")
	for where, text := range said {
		assert.Empty(t, leaks(text), where)
	}
	files(t, dir)
}

// files is that no file but the journal's tells a secret, and that those are
// the owner's alone.
func files(t *testing.T, dir string) {
	t.Helper()
	kept := false
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if filepath.Base(filepath.Dir(path)) == journalFolder {
			kept = kept || strings.Contains(string(text), sesame)
			assert.Zero(t, info.Mode().Perm()&0o077, "%s: %s", path, info.Mode())
			return nil
		}
		assert.Empty(t, leaks(string(text)), path)
		return nil
	}))
	require.True(t, kept, "or jobs could not be run again")
}

// startSchedulerLogging is startSchedulerWith for logs of either format.
func startSchedulerLogging(t *testing.T, dir string, env []string, args ...string) *scheduler {
	t.Helper()
	cmd := commandFor(t, longestSiege, dir, append([]string{"scheduler", "--http-port", "0", "--grpc-port", "0", "--bind-host", "127.0.0.1", "--max-queue", "1000"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	s := &scheduler{cmd: cmd, dir: dir, logs: &lines{}}
	cmd.Stderr = s.logs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cells := cellsOf(t, cmd.Process.Pid)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		awaitEnd(t, cells)
	})
	s.url = "http://" + logged(t, s.logs, "listening", "address")
	return s
}

// logged waits for a line of a log of either format, and returns a value of it.
func logged(t *testing.T, logs *lines, message, field string) (value string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for line := range strings.Lines(logs.String()) {
			var doc map[string]any
			if json.Unmarshal([]byte(line), &doc) == nil && doc["msg"] == message {
				value = fmt.Sprint(doc[field])
				return true
			}
			quoted := message
			if strings.Contains(message, " ") {
				quoted = `"` + message + `"`
			}
			if _, rest, ok := strings.Cut(line, "msg="+quoted+" "); ok {
				_, rest, _ = strings.Cut(rest, field+"=")
				value, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond, "%s: %s", message, logs)
	return value
}

// loggingExecutor is an executor process.
type loggingExecutor struct {
	logs *lines
	kill func()
}

func startExecutor(t *testing.T, s *scheduler, env []string, args ...string) loggingExecutor {
	t.Helper()
	cmd := commandFor(t, longestSiege, s.dir, append([]string{"executor", "--scheduler-url", logged(t, s.logs, "listening for executors", "address"), "--bind-host", "127.0.0.1",
		"--flight-port", "0", "--grpc-port", "0", "--slots", "2", "--threads", "2", "--memory-limit", "400MB", "--temp-dir", t.TempDir()}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	e := loggingExecutor{logs: &lines{}, kill: func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }}
	cmd.Stderr = e.logs
	require.NoError(t, cmd.Start())
	t.Cleanup(e.kill)
	if strings.Contains(fmt.Sprint(env), "PGPASSWORD") {
		logged(t, e.logs, "connected", "executor")
	}
	return e
}

// ends waits until no job is live, and returns what became of them.
func (s *scheduler) ends(t *testing.T) (docs []map[string]any) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, _, list := s.call(t, "GET", "/api/jobs?limit=1000", "")
		docs = nil
		for _, one := range list["jobs"].([]any) {
			doc := one.(map[string]any)
			docs = append(docs, doc)
			if !recon.State(fmt.Sprint(doc["state"])).Final() {
				return false
			}
		}
		return true
	}, 3*time.Minute, 50*time.Millisecond)
	return docs
}
