package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

// refused posts a job and returns the wrong fields with their messages.
func (s *scheduler) refused(t *testing.T, job recon.Job) map[string]string {
	t.Helper()
	text, err := json.Marshal(job)
	require.NoError(t, err)
	code, _, doc := s.call(t, "POST", "/api/jobs", string(text))
	require.Equal(t, 400, code, "%v", doc)
	fields := map[string]string{}
	for _, e := range doc["errors"].([]any) {
		field := e.(map[string]any)
		fields[field["field"].(string)] = field["message"].(string)
	}
	return fields
}

func TestCallbacksGoOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	c := listen(t)
	here, err := url.Parse(c.URL)
	require.NoError(t, err)
	allowed := startScheduler(t, folder(t, joinOnReference), "--callback-allow", "localhost:"+here.Port()+",*.example.com")
	job := calling(c, "elsewhere", joinOnReference)
	for _, elsewhere := range []string{c.URL, "http://evil.test/", "http://example.com/", "http://localhost:1/x", "http://169.254.169.254/latest", "http://[::1]:" + here.Port() + "/"} {
		job.CallbackURL = elsewhere
		require.Contains(t, allowed.refused(t, job)["callback_url"], "--callback-allow", elsewhere)
	}
	job = calling(c, "here", joinOnReference)
	job.CallbackURL = "http://localhost:" + here.Port() + "/api/worker"
	require.Equal(t, 202, allowed.post(t, job))
	last, _ := c.final(t)
	require.Equal(t, "/api/worker/complete", last.path)
}

func TestCallbacksDoNotGoInside(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference), "--callback-deny-private", "--callback-timeout", "300ms")
	job := calling(c, "loopback", joinOnReference)
	require.Contains(t, s.refused(t, job)["callback_url"], "--callback-deny-private")
	job.CallbackURL = strings.Replace(job.CallbackURL, "127.0.0.1", "localhost", 1)
	require.Equal(t, 202, s.post(t, job), "where a name leads is seen when it is connected to")
	s.logs.await(t, "final callback never acknowledged")
	require.Contains(t, s.logs.String(), "private address")
	require.Empty(t, c.notes())
}

func TestRedirectsOfCallbacksAreNotFollowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inside.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		outside := httptest.NewServer(http.RedirectHandler(inside.URL, code))
		defer outside.Close()
		s := startScheduler(t, folder(t, joinOnReference), "--callback-timeout", "200ms")
		job := calling(&callbacks{Server: outside}, "redirected", joinOnReference)
		require.Equal(t, 202, s.post(t, job))
		s.logs.await(t, "final callback never acknowledged")
		require.Contains(t, s.logs.String(), "redirects are not followed")
	}
	require.Zero(t, reached.Load())
}

// verify is the check of a Standard Webhooks receiver, in another language.
const verify = `
import base64, hashlib, hmac, json, sys
m = json.load(sys.stdin)
assert abs(int(m["timestamp"]) - m["now"]) < 60, "timestamp"
key = base64.b64decode(m["secret"].removeprefix("whsec_"))
signed = f'{m["id"]}.{m["timestamp"]}.'.encode() + m["body"].encode()
want = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
print(any(hmac.compare_digest(f"v1,{want}", s) for s in m["signature"].split(" ")))
`

func TestCallbacksAreSigned(t *testing.T) {
	t.Parallel()
	const first, second = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	type message struct {
		header http.Header
		body   string
	}
	var mu sync.Mutex
	var got []message
	final := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body strings.Builder
		_ = r.Write(&body)
		_, text, _ := strings.Cut(body.String(), "\r\n\r\n")
		mu.Lock()
		defer mu.Unlock()
		got = append(got, message{r.Header, text})
		if strings.HasSuffix(r.URL.Path, "/complete") {
			close(final)
		}
	}))
	defer receiver.Close()
	dir := folder(t, joinOnReference)
	write(t, dir, "secrets", first+"\n"+second+"\n")
	s := startScheduler(t, dir, "--callback-secret-file", "secrets", "--log-level", "debug")
	require.Equal(t, 202, s.post(t, calling(&callbacks{Server: receiver}, "signed", joinOnReference)))
	<-final
	mu.Lock()
	defer mu.Unlock()
	require.Greater(t, len(got), 1)
	ids := map[string]bool{}
	for _, m := range got {
		id := m.header.Get("Webhook-Id")
		require.Equal(t, m.header.Get("Kallad-Delivery"), id)
		require.NotContains(t, id, ".", "an id with a dot could be read as an id and a timestamp")
		require.False(t, ids[id], "each callback has an id of its own")
		ids[id] = true
		for secret, want := range map[string]string{first: "True\n", second: "True\n", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA": "False\n"} {
			text, err := json.Marshal(map[string]any{
				"id": id, "timestamp": m.header.Get("Webhook-Timestamp"), "signature": m.header.Get("Webhook-Signature"),
				"body": m.body, "secret": secret, "now": time.Now().Unix()})
			require.NoError(t, err)
			cmd := exec.Command("python3", "-c", verify)
			cmd.Stdin, cmd.Stderr = strings.NewReader(string(text)), os.Stderr
			out, err := cmd.Output()
			require.NoError(t, err)
			require.Equal(t, want, string(out))
		}
	}
	require.NotContains(t, s.logs.String(), first[6:])
}

func TestSourcesAreOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	c := listen(t)
	s := startScheduler(t, folder(t, joinOnReference), "--source-allow", "db.test,s3://books/in")
	job := calling(c, "elsewhere", joinOnReference)
	job.Sources[0].URI = "postgres://u:hunter2sesame@127.0.0.1:1/d?table=t"
	job.Sources[1].URI = "postgres://u:hunter2sesame@db.test/d?table=t&sslkey=/etc/ssl/private/key.pem"
	fields := s.refused(t, job)
	require.Contains(t, fields["sources[0].uri"], "--source-allow")
	require.Contains(t, fields["sources[1].uri"], "--postgres-local")
	require.NotContains(t, fields["sources[0].uri"]+fields["sources[1].uri"], "hunter2sesame")

	job = calling(c, "bucket", joinOnReference)
	job.Sources[0].URI = "s3://books/out/a.csv"
	require.Equal(t, 202, s.post(t, job))
	last, _ := c.final(t)
	require.Contains(t, last.body["error"], "no allowed bucket")
}

// What the daemon keeps for itself, credentials of other jobs among it, is no
// source for a job, by whatever name.
func TestJobsDoNotReadWhatTheDaemonKeeps(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	write(t, dir, "token.csv", testToken+"\n")
	require.NoError(t, os.Symlink("token.csv", filepath.Join(dir, "link.csv")))
	require.NoError(t, os.Symlink("staging/.kallad", filepath.Join(dir, "state")))
	c := listen(t)
	s := startScheduler(t, dir, "--token-file", "token.csv")
	s.token = testToken
	names, err := os.ReadDir(filepath.Join(dir, "staging", ".kallad"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	uris := []string{"token.csv", "link.csv", "./staging/../token.csv", "/proc/self/environ?format=csv", "/proc/self/cwd/token.csv"}
	for _, n := range names {
		uris = append(uris, "staging/.kallad/"+n.Name()+"?format=csv", "state/"+n.Name()+"?format=csv&header=false")
	}
	for i, uri := range uris {
		job := calling(c, "thief-"+string(rune('a'+i)), "SELECT * FROM left_src l, right_src r")
		job.Sources[0].URI = recon.URI(uri)
		require.Equal(t, 202, s.post(t, job))
		doc := s.awaitState(t, job.RunID, "failed")
		require.NotContains(t, doc["error"], testToken)
		require.Regexp(t, "kallad's own|kernel's own|permission", doc["error"], uri)
	}
	job := calling(c, "writer", joinOnReference)
	job.OutputPath = ".kallad"
	require.Equal(t, 202, s.post(t, job))
	require.Regexp(t, "kallad's own", s.awaitState(t, "writer", "failed")["error"])
}

func TestResultsAreBounded(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	const nine = "SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r"
	writeJob(t, dir, "job.json", jobOver("nine", nine))
	o := kallad(t, dir, "run", "--max-result-rows", "9", "job.json")
	require.Equal(t, 0, o.code, o.err)
	o = kallad(t, dir, "run", "--max-result-rows", "8", "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "more than the 8 rows")
	require.Contains(t, o.err, "--max-result-rows")
	writeJob(t, dir, "job.json", jobOver("endless", strings.Replace(endless, "n % 7 = 8", "true", 1)))
	o = kallad(t, dir, "run", "--max-result-rows", "1000", "--timeout", "30s", "job.json")
	require.Contains(t, o.err, "more than the 1000 rows", "as soon as there are too many")
}

// A job reads and writes inside its roots alone, whatever its paths say and
// wherever links lead.
func TestPathsStayInsideTheirRoots(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	for _, name := range []string{"data/deep", "outside", "staging"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	for from, to := range map[string]string{"invoices.csv": "data/invoices.csv", "payments.csv": "data/payments.csv"} {
		require.NoError(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)))
	}
	write(t, dir, "outside/invoices.csv", "invoice_id,customer,amount\nsecret,secret,1.00\n")
	for link, target := range map[string]string{"data/file.csv": "../outside/invoices.csv", "data/folder": "../outside", "staging/link": "../outside", "staging/absolute": filepath.Join(dir, "outside")} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	c := listen(t)
	s := startScheduler(t, dir, "--source-root", "data")
	before := tree(t, dir, "staging/.kallad", "staging/out")
	job := calling(c, "", joinOnReference)
	job.Sources[0].URI, job.Sources[1].URI = "data/invoices.csv", "data/payments.csv"
	fails := func(runID string) {
		t.Helper()
		job.RunID = runID
		text, err := json.Marshal(job)
		require.NoError(t, err)
		code, _, doc := s.call(t, "POST", "/api/jobs", string(text))
		told := doc["errors"]
		if code == http.StatusAccepted {
			told = s.awaitState(t, runID, "failed")["error"]
		}
		require.Regexp(t, "outside the allowed folders|leaves the staging folder|must not have|no file there|cannot be written to", told, "%s", text)
	}
	for i, uri := range []string{"outside/invoices.csv", "data/../outside/invoices.csv", "data/*/../../outside/*.csv", "data/folder/invoices.csv", "data/folder/*.csv", "data/file.csv",
		"data/f*/*.csv", "file://" + dir + "/data/%2e%2e/outside/invoices.csv", filepath.Join(dir, "outside") + "/*.csv", "data/deep/../../outside/*.csv", "../../../../../../../etc/passwd?format=csv", "data/**/../../outside/invoices.csv"} {
		job.Sources[0].URI = recon.URI(uri)
		fails("reads-" + string(rune('a'+i)))
	}
	job.Sources[0].URI = "data/invoices.csv"
	for i, path := range []string{"../outside", "out/../../outside", "link", "link/deep", "absolute/x", filepath.Join(dir, "outside"), filepath.Join(dir, "staging/../outside"), "file://" + dir + "/staging/%2e%2e/outside", "/etc/kallad"} {
		job.OutputPath = path
		fails("writes-" + string(rune('a'+i)))
	}
	require.Equal(t, before, tree(t, dir, "staging/.kallad", "staging/out"))
	job.RunID, job.OutputPath = "sane", "out/sane"
	require.Equal(t, 202, s.post(t, job))
	s.awaitState(t, "sane", "succeeded")
}
