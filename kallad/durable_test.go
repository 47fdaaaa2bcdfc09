package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob/s3test"
	"kallad/worker/recon"
)

func document(t *testing.T, job recon.Job) string {
	t.Helper()
	text, err := json.Marshal(job)
	require.NoError(t, err)
	return string(text)
}

// await polls a job until it is in a state.
func (m *mortal) await(t *testing.T, runID, state string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.Eventually(t, func() bool {
		_, doc = m.call("GET", "/api/jobs/"+runID, "")
		return doc["state"] == state
	}, patience, 5*time.Millisecond, "%v", doc)
	return doc
}

func (m *mortal) post(t *testing.T, job recon.Job) {
	t.Helper()
	code, doc := m.call("POST", "/api/jobs", document(t, job))
	require.Equal(t, http.StatusAccepted, code, "%v", doc)
}

func (m *mortal) begin(t *testing.T) {
	t.Helper()
	m.start(t)
	m.awaitListening(t)
}

// die kills the daemon.
func (m *mortal) die(t *testing.T) {
	t.Helper()
	require.NoError(t, m.cmd.Process.Kill())
	_ = m.cmd.Wait()
}

func journalFiles(t *testing.T, m *mortal, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(m.dir, "staging", journalFolder, pattern))
	require.NoError(t, err)
	return found
}

func TestASecondDaemonIsRefused(t *testing.T) {
	t.Parallel()
	c := listen(t)
	m := newMortal(t, folder(t, joinOnReference))
	m.begin(t)
	for range 2 {
		o := kallad(t, m.dir, "scheduler", "--http-port", "0", "--grpc-port", "0", "--bind-host", "127.0.0.1")
		require.Equal(t, 2, o.code)
		require.Contains(t, o.err, fmt.Sprintf("belongs to another daemon (process %d", m.cmd.Process.Pid))
		require.Contains(t, o.err, "--staging-path")
	}
	m.post(t, calling(c, "lives", joinOnReference))
	m.await(t, "lives", "succeeded")
	m.die(t)
	m.begin(t) // the kernel let go of the lock
	m.await(t, "lives", "succeeded")
}

func TestWaitingJobsRunAfterTheNextStart(t *testing.T) {
	t.Parallel()
	c := listen(t)
	m := newMortal(t, folder(t, joinOnReference), "--max-jobs", "1", "--drain-timeout", "100ms")
	m.begin(t)
	m.post(t, calling(c, "long", endless))
	m.await(t, "long", "running")
	m.post(t, calling(c, "next", joinOnReference))
	asked := time.Now()
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, m.cmd.Wait())
	require.Less(t, time.Since(asked), 9*time.Second, "nobody waits for jobs that wait")
	require.Contains(t, m.logs.String(), "jobs that wait are kept")
	m.begin(t)
	m.await(t, "next", "succeeded")
	doc := m.await(t, "long", "failed")
	require.Contains(t, doc["error"], "shut down")
	require.Eventually(t, func() bool {
		ends := map[string]string{}
		for _, n := range c.notes() {
			if !strings.HasSuffix(n.path, "/progress") {
				ends[n.body["run_id"].(string)] += n.path
			}
		}
		return assert.ObjectsAreEqual(map[string]string{"long": "/api/worker/error", "next": "/api/worker/complete"}, ends)
	}, patience, 5*time.Millisecond, "each once")
}

func TestADaemonLivesWithADamagedJournal(t *testing.T) {
	t.Parallel()
	c := listen(t)
	m := newMortal(t, folder(t, joinOnReference))
	m.begin(t)
	for _, id := range []string{"one", "two", "three"} {
		m.post(t, calling(c, id, joinOnReference))
		m.await(t, id, "succeeded")
	}
	require.Eventually(t, func() bool { return len(c.notes()) >= 3 }, patience, 5*time.Millisecond)
	m.die(t)

	logs := journalFiles(t, m, "*.log")
	require.Len(t, logs, 1)
	text, err := os.ReadFile(logs[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(logs[0], append(text, "torn"...), 0o600))
	m.begin(t)
	require.Contains(t, m.logs.String(), "the end of the journal was not written to its end, and is cut")
	m.await(t, "two", "succeeded")
	m.die(t)

	bases := journalFiles(t, m, "*.base")
	require.Len(t, bases, 1)
	text, err = os.ReadFile(bases[0])
	require.NoError(t, err)
	at := strings.Index(string(text), `"run_id":"two"`)
	require.Positive(t, at)
	text[at+10] = 'T'
	require.NoError(t, os.WriteFile(bases[0], text, 0o600))
	m.begin(t)
	require.Contains(t, m.logs.String(), "the journal is damaged")
	m.await(t, "one", "succeeded")
	m.await(t, "three", "succeeded")
	code, _ := m.call("GET", "/api/jobs/two", "")
	require.Equal(t, http.StatusNotFound, code)
	damaged := journalFiles(t, m, "damaged-*")
	require.Len(t, damaged, 1)
	kept, err := os.ReadFile(damaged[0])
	require.NoError(t, err)
	require.Equal(t, text, kept)
}

// What was written to a removed journal would be lost with the daemon.
func TestADaemonWhoseJournalIsRemovedTakesNoJob(t *testing.T) {
	t.Parallel()
	c := listen(t)
	m := newMortal(t, folder(t, joinOnReference), "--drain-timeout", "100ms")
	m.begin(t)
	m.post(t, calling(c, "before", endless))
	m.await(t, "before", "running")
	require.NoError(t, os.RemoveAll(filepath.Join(m.dir, "staging", journalFolder)))
	code, doc := m.call("POST", "/api/jobs", document(t, calling(c, "after", joinOnReference)))
	require.Equal(t, http.StatusServiceUnavailable, code, "%v", doc)
	code, _ = m.call("GET", "/ready", "")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, m.logs.String(), "somebody has removed its files")
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, m.cmd.Wait())
	require.Equal(t, exitError, m.cmd.ProcessState.ExitCode(), "what is not on disk is no good end")
	require.Contains(t, m.logs.String(), "not ended well")
	require.Contains(t, m.logs.String(), "could not be written to the journal")
	last, _ := c.final(t)
	require.Contains(t, last.body["error"], "shut down", "and its caller is told")
}

func TestAFullDiskTakesNoJobAndLosesNone(t *testing.T) {
	t.Parallel()
	c := listen(t)
	m := newMortal(t, folder(t, joinOnReference))
	require.NoError(t, os.Mkdir(filepath.Join(m.dir, "staging"), 0o755))
	m.wrap = func(cmd *exec.Cmd) *exec.Cmd {
		// A disk of its own, in a mount namespace that goes with the process.
		script := `mount -t tmpfs -o size=1m tmpfs staging && exec "$0" "$@"`
		return exec.Command("unshare", append([]string{"-rm", "sh", "-c", script}, cmd.Args...)...)
	}
	m.begin(t)
	filler := fmt.Sprintf("/proc/%d/root%s/staging/filler", m.cmd.Process.Pid, m.dir)
	f, err := os.Create(filler)
	require.NoError(t, err)
	for piece := 4096; piece > 0; {
		if _, err := f.Write(make([]byte, piece)); err != nil {
			piece /= 2
		}
	}
	require.NoError(t, f.Close())
	accepted := map[string]bool{}
	refused := ""
	for n := 0; refused == "" && n < 50; n++ { // the journal's last page has room for some
		runID := fmt.Sprint("job-", n)
		code, doc := m.call("POST", "/api/jobs", document(t, calling(c, runID, joinOnReference)))
		switch code {
		case http.StatusAccepted:
			accepted[runID] = true
		case http.StatusServiceUnavailable:
			refused = runID
			require.Contains(t, doc["detail"], "cannot write to its disk")
		default:
			t.Fatal(code, doc)
		}
	}
	require.NotEmpty(t, refused)
	code, _ := m.call("GET", "/ready", "")
	require.Equal(t, http.StatusServiceUnavailable, code)
	code, _ = m.call("GET", "/api/jobs/"+refused, "")
	require.Equal(t, http.StatusNotFound, code)
	require.NoError(t, os.Remove(filler))
	require.Eventually(t, func() bool {
		code, _ := m.call("GET", "/ready", "")
		return code == http.StatusOK
	}, patience, 10*time.Millisecond)
	m.post(t, calling(c, refused, joinOnReference))
	accepted[refused] = true
	require.Equal(t, "succeeded", m.await(t, refused, "succeeded")["state"])
	require.Eventually(t, func() bool {
		ends := map[string]int{}
		for _, n := range c.notes() {
			if !strings.HasSuffix(n.path, "/progress") {
				ends[n.body["run_id"].(string)]++
			}
		}
		for runID := range accepted {
			if ends[runID] != 1 {
				return false
			}
		}
		return len(ends) == len(accepted)
	}, patience, 10*time.Millisecond)
}

func TestNoJobReadsTheJournal(t *testing.T) {
	t.Parallel()
	c := listen(t)
	m := newMortal(t, folder(t, joinOnReference))
	m.begin(t)
	secret := calling(c, "secret", joinOnReference)
	secret.Sources[0].URI = "postgres://u:hunter2sesame@127.0.0.1:1/erp?table=invoices"
	m.post(t, secret)
	m.await(t, "secret", "failed")
	log := journalFiles(t, m, "*.log")[0]
	require.NoError(t, os.Symlink(log, filepath.Join(m.dir, "link.csv")))
	require.NoError(t, os.Symlink(filepath.Dir(log), filepath.Join(m.dir, "folder")))
	for i, uri := range []string{log + "?format=csv", "file://" + log + "?format=csv", "link.csv", "folder/" + filepath.Base(log) + "?format=csv",
		filepath.Join(m.dir, "staging", "*", "*.log") + "?format=csv", filepath.Join(m.dir, "staging", ".kallad", "*.log") + "?format=csv"} {
		job := calling(c, fmt.Sprint("thief-", i), "SELECT * FROM left_src l CROSS JOIN right_src r")
		job.Sources[0].URI = recon.URI(uri)
		m.post(t, job)
		doc := m.await(t, job.RunID, "failed")
		require.NotContains(t, fmt.Sprint(doc), "hunter2sesame")
		require.Regexp(t, "kallad's own|no file|no such file", doc["error"], uri)
	}
	job := calling(c, "writer", joinOnReference)
	job.OutputPath = ".kallad"
	m.post(t, job)
	m.await(t, "writer", "failed")
	require.Empty(t, journalFiles(t, m, "*.parquet"))
}

// TestUploadsOfAKilledRunAreForgotten kills the daemon while it uploads
// evidence to S3 in parts.
func TestUploadsOfAKilledRunAreForgotten(t *testing.T) {
	t.Parallel()
	c := listen(t)
	bucket := s3Server.Bucket(t)
	keys, err := s3test.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	m := newMortal(t, folder(t, joinOnReference))
	m.env = []string{
		"AWS_ENDPOINT_URL=" + bucket.Endpoint, "AWS_ALLOW_HTTP=true", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
	}
	const rows = 700_000
	job := calling(c, "uploads", fmt.Sprintf("SELECT l.invoice_id, r.payment_id, md5(n::VARCHAR) || md5((n + 0.5)::VARCHAR) AS noise FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number CROSS JOIN generate_series(1, %d) AS g(n) WHERE l.invoice_id = '007'", rows))
	job.OutputPath = bucket.URI("out")
	m.begin(t)
	m.post(t, job)
	require.Eventually(t, func() bool { return bucket.Uploads(t, "out/matched.parquet") > 0 }, time.Minute, time.Millisecond)
	m.die(t)
	require.Equal(t, 1, bucket.Uploads(t, "out/matched.parquet"), "it was killed in time")
	require.Empty(t, bucket.Keys(t))
	m.begin(t)
	last, _ := c.final(t)
	require.EqualValues(t, rows, last.body["matched_count"], "%v", last.body)
	require.Zero(t, bucket.Uploads(t, "out/matched.parquet"))
	require.Contains(t, bucket.Keys(t), "out/matched.parquet")
	require.EqualValues(t, 1, m.await(t, "uploads", "succeeded")["restarts"])
}
