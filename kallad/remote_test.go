package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/auth/authtest"
	"kallad/worker/recon"
)

func TestRunInASchedulerLooksLikeARunHere(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	s := startScheduler(t, dir)
	here := kallad(t, dir, "run", "job.json")
	writeJob(t, dir, "there.json", jobOver("run-2", joinOnReference))
	there := kallad(t, dir, "run", "--scheduler-url", s.url, "there.json")
	require.Equal(t, 0, there.code, there.err)
	for _, line := range strings.Split(here.out, "\n") {
		if !strings.HasPrefix(line, "run ") && !strings.HasPrefix(line, "peak memory") {
			require.Contains(t, there.out, strings.ReplaceAll(line, "run-1", "run-2"))
		}
	}
	require.FileExists(t, filepath.Join(dir, "staging/out/run-2/matched.parquet"), "paths are the scheduler's")
	require.NotContains(t, there.err, "has this job already")

	again := kallad(t, dir, "run", "--scheduler-url", s.url, "there.json")
	require.Equal(t, 0, again.code)
	require.Contains(t, again.err, "has this job already")
	require.Equal(t, there.out, again.out)

	doc := kallad(t, dir, "run", "--scheduler-url", s.url, "--json", "there.json")
	var result recon.Result
	require.NoError(t, json.Unmarshal([]byte(doc.out), &result))
	require.EqualValues(t, 2, result.MatchedCount)
	require.Equal(t, 1, kallad(t, dir, "run", "--scheduler-url", s.url, "--fail-on-unmatched", "there.json").code)
}

func TestRunInASchedulerShowsProgress(t *testing.T) {
	t.Parallel()
	dir, g := folder(t, joinOnReference), newGate(t, 10)
	writeJob(t, dir, "job.json", g.hold(jobOver("run-1", ""), "SELECT l.n, r.payment_id FROM left_src l, right_src r, generate_series(1, 4000000) AS g(n) WHERE md5(g.n::VARCHAR) = 'x'"))
	s := startScheduler(t, dir)
	cmd := command(t, dir, "run", "--scheduler-url", s.url, "job.json")
	var stderr lines
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		_, _, doc := s.call(t, "GET", "/api/jobs/run-1", "")
		_, text := get(t, s.url+"/metrics")
		return doc["stage"] == "staging" && strings.Contains(text, "kalla_http_event_streams 1")
	}, patience, 5*time.Millisecond, "it is followed while it waits at the gate")
	g.open(t)
	require.NoError(t, cmd.Wait(), stderr.String())
	require.Regexp(t, `\d+%  staging .*_src`, stderr.String())
	require.Regexp(t, `\d+%  matching`, stderr.String())
}

// afterProgress is what is written after the lines of the progress, which a
// slow machine shows and a fast one does not.
func afterProgress(text string) string {
	at := strings.Index(text, "kallad: ")
	return text[max(0, at):]
}

func TestWhatASchedulerRefusesOrFails(t *testing.T) {
	t.Parallel()
	dir := folder(t, "SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON l.invoice_id = r.nothing")
	s := startScheduler(t, dir)
	o := kallad(t, dir, "run", "--scheduler-url", s.url, "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "nothing")
	require.Equal(t, afterProgress(kallad(t, dir, "run", "job.json").err), afterProgress(o.err), "in the same words as here")

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--scheduler-url", "http://127.0.0.1:1"}, "the scheduler at http://127.0.0.1:1 cannot be reached"},
		{[]string{"--scheduler-url", "localhost"}, "--scheduler-url: the scheduler's address is not an http"},
		{[]string{"--scheduler-url", s.url, "--memory-limit", "1GB", "--threads", "1"}, "[--memory-limit --threads]: the job runs in the scheduler"},
	} {
		o := kallad(t, dir, append(append([]string{"run"}, c.args...), "job.json")...)
		require.Equal(t, 2, o.code)
		require.Contains(t, o.err, c.want)
	}
	cmd := command(t, dir, "run", "job.json")
	cmd.Env = append(cmd.Env, "MEMORY_LIMIT=1GB", "SCHEDULER_HTTP_URL="+s.url)
	o = finish(t, cmd)
	require.Contains(t, o.err, "has this job already", "variables may be meant for others")
}

func TestAnInterruptCancelsTheJobInTheScheduler(t *testing.T) {
	t.Parallel()
	dir := folder(t, endless)
	s := startScheduler(t, dir)
	cmd := command(t, dir, "run", "--scheduler-url", s.url, "job.json")
	var stderr lines
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	s.awaitState(t, "run-1", "running")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stderr.String(), "job run-1 was cancelled on the scheduler")
	s.awaitState(t, "run-1", "cancelled")

	writeJob(t, dir, "slow.json", jobOver("slow", endless))
	o := kallad(t, dir, "run", "--scheduler-url", s.url, "--timeout", "500ms", "slow.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "ran longer than it may (--timeout 500ms)")
	s.awaitState(t, "slow", "cancelled")
}

func TestASchedulerThatEndsUnderAJob(t *testing.T) {
	t.Parallel()
	dir := folder(t, endless)
	s := startScheduler(t, dir, "--drain-timeout", "100ms")
	cmd := command(t, dir, "run", "--scheduler-url", s.url, "job.json")
	var stderr lines
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	s.awaitState(t, "run-1", "running")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()
	require.Equal(t, 2, cmd.ProcessState.ExitCode())
	require.Contains(t, stderr.String(), "the scheduler shut down")
}

func TestRunShowsTheTokenAndTheCertificate(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	ca := authtest.NewCA(t)
	cert, key := ca.Issue(t, "127.0.0.1")
	s := startScheduler(t, dir, "--token", testToken, "--tls-cert", cert, "--tls-key", key, "--tls-ca", ca.File)
	url := strings.Replace(s.url, "http://", "https://", 1)
	args := []string{"run", "--scheduler-url", url, "--tls-ca", ca.File, "--tls-cert", cert, "--tls-key", key, "job.json"}
	o := kallad(t, dir, args...)
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "asks for its token")
	cmd := command(t, dir, args...)
	cmd.Env = append(cmd.Env, "KALLAD_TOKEN="+testToken)
	o = finish(t, cmd)
	require.Equal(t, 0, o.code, o.err)
	require.NotContains(t, o.err+o.out, testToken)

	o = kallad(t, dir, "run", "--scheduler-url", url, "--token", testToken, "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "certificate")
}
