package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob/s3test"
	"kallad/worker/recon"
	"kallad/worker/source/postgres/pgtest"
)

// TestMain lets the test binary be kallad itself, so that the tests run, kill
// and interrupt a real process.
func TestMain(m *testing.M) {
	if os.Getenv("KALLAD_TEST_MAIN") == "1" {
		prepareProcess()
		main()
	}
	os.Exit(pgServer.Run(withS3{m}))
}

// The servers that the tests share; each starts when a test first asks for it.
var (
	pgServer = pgtest.New()
	s3Server = s3test.New()
)

type withS3 struct{ m *testing.M }

func (w withS3) Run() int { return s3Server.Run(w.m) }

// outcome is what a process left behind.
type outcome struct {
	code     int
	out, err string
}

// command prepares a kallad process in a folder, with nothing of the test's
// environment that kallad would read.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	return commandFor(t, longestLife, dir, args...)
}

// commandFor is command for a process that may live for longer.
func commandFor(t *testing.T, life time.Duration, dir string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), life)
	t.Cleanup(cancel)
	return process(ctx, t, dir, args...)
}

// process is command for a process that may live as long as ctx.
func process(ctx context.Context, t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Dir = dir
	cmd.Env = []string{"KALLAD_TEST_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir()}
	return cmd
}

func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatalf("run %v: %v", cmd.Args, err)
	}
	return outcome{code: cmd.ProcessState.ExitCode(), out: out.String(), err: stderr.String()}
}

func kallad(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	return finish(t, command(t, dir, args...))
}

const joinOnReference = "SELECT l.invoice_id, r.payment_id, l.amount FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number AND tolerance_match(l.amount, r.paid_amount, 0.02)"

// endless returns rows for longer than any test waits.
const endless = "SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r, generate_series(1, 1000000000000) AS g(n) WHERE n % 7 = 8"

// folder makes a folder with two small sources and a job over them.
func folder(t *testing.T, sql string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "invoices.csv", "invoice_id,customer,amount\nINV-001,Acme,100.00\n007,Ceta,99.98\nINV-003,Dora,10.00\n")
	write(t, dir, "payments.csv", "payment_id,reference_number,paid_amount\n1,INV-001,100.02\n2,007,100.00\n3,INV-009,1.00\n")
	writeJob(t, dir, "job.json", jobOver("run-1", sql))
	return dir
}

func jobOver(runID, sql string) recon.Job {
	return recon.Job{
		RunID: runID, MatchSQL: sql, OutputPath: "out/" + runID,
		Sources:     []recon.Source{{Alias: "left_src", URI: "invoices.csv"}, {Alias: "right_src", URI: "payments.csv"}},
		PrimaryKeys: map[string][]string{"left_src": {"invoice_id"}, "right_src": {"payment_id"}},
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func writeJob(t *testing.T, dir, name string, job recon.Job) {
	t.Helper()
	text, err := json.Marshal(job)
	require.NoError(t, err)
	write(t, dir, name, string(text))
}

// leftover lists every file below a folder that need not exist, the daemon's
// own aside.
func leftover(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && d.IsDir() && d.Name() == journalFolder {
			return filepath.SkipDir
		}
		if err == nil && path != dir {
			found = append(found, path)
		}
		return err
	})
	require.NoError(t, err)
	return found
}

func TestRunTellsAPerson(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	o := kallad(t, dir, "run", "job.json")
	require.Equal(t, 0, o.code, o.err)
	require.Contains(t, o.out, "matches: 2")
	require.Contains(t, o.out, "66.66 %")
	require.Contains(t, o.out, "out/run-1/matched.parquet")
	require.NotContains(t, o.out+o.err, "\x1b", "control codes without a terminal")
	require.FileExists(t, filepath.Join(dir, "out/run-1/metadata.json"))
}

func TestRunTellsAProgram(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	o := kallad(t, dir, "run", "--json", "job.json")
	require.Equal(t, 0, o.code, o.err)
	var result recon.Result
	dec := json.NewDecoder(strings.NewReader(o.out))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&result))
	require.False(t, dec.More(), "one document and nothing else")
	require.EqualValues(t, 2, result.MatchedCount)
	require.Equal(t, "out/run-1/unmatched_left.parquet", result.OutputPaths.UnmatchedLeft)
}

func TestRunReadsStandardInput(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	job, err := os.Open(filepath.Join(dir, "job.json"))
	require.NoError(t, err)
	defer job.Close()
	cmd := command(t, dir, "run", "-")
	cmd.Stdin = job
	require.Equal(t, 0, finish(t, cmd).code)
}

func TestRunOutputRootHoldsEverything(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	o := kallad(t, dir, "run", "--output-root", "evidence", "job.json")
	require.Equal(t, 0, o.code, o.err)
	require.FileExists(t, filepath.Join(dir, "evidence/out/run-1/matched.parquet"))

	job := jobOver("run-2", joinOnReference)
	job.OutputPath = filepath.Join(dir, "elsewhere")
	writeJob(t, dir, "outside.json", job)
	o = kallad(t, dir, "run", "--output-root", "evidence", "outside.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "outside the allowed folders")
	require.NoDirExists(t, filepath.Join(dir, "elsewhere"))
}

func TestFailOnUnmatched(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	require.Equal(t, 1, kallad(t, dir, "run", "--fail-on-unmatched", "job.json").code)
	writeJob(t, dir, "all.json", jobOver("run-2", "SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r"))
	require.Equal(t, 0, kallad(t, dir, "run", "--fail-on-unmatched", "all.json").code)
}

func TestWrongJobs(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	write(t, dir, "broken.json", "{\n  \"run_id\": \"x\",,\n}")
	write(t, dir, "empty.json", "{}")
	for _, c := range []struct {
		file string
		want []string
	}{
		{"nowhere.json", []string{"nowhere.json", "no such file"}},
		{"broken.json", []string{"broken.json", "line 2"}},
		{"empty.json", []string{"run_id", "match_sql", "sources", "output_path", "primary_keys"}},
	} {
		o := kallad(t, dir, "run", c.file)
		require.Equal(t, 2, o.code, c.file)
		require.Empty(t, o.out, c.file)
		for _, want := range c.want {
			require.Contains(t, o.err, want, c.file)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	for _, c := range []struct {
		args []string
		env  string
		want string
	}{
		{[]string{"run", "--memory-limit", "lots", "job.json"}, "", "such as 512MB"},
		{[]string{"run", "job.json"}, "MEMORY_LIMIT=lots", "MEMORY_LIMIT"},
		{[]string{"run", "job.json"}, "THREADS=-1", "threads -1"},
		{[]string{"run", "--memory-limit", "32MiB", "job.json"}, "", "--memory-limit 32 MiB: want at least 37 MiB"},
		{[]string{"scheduler", "--memory-limit", "100MiB", "--max-jobs", "4"}, "", "want at least 147 MiB; jobs that run at once: 4"},
		{[]string{"run", "--temp-dir", "nowhere", "job.json"}, "", "--temp-dir: stat nowhere: no such file"},
		{[]string{"run", "--timeout", "-1s", "job.json"}, "", "--timeout -1s"},
		{[]string{"run"}, "", "accepts 1 arg"},
		{[]string{"scheduler", "--max-jobs", "0"}, "", "at most 0 jobs"},
		{[]string{"scheduler"}, "HTTP_PORT=70000", "HTTP_PORT"},
		{[]string{"nonsense"}, "", "unknown command"},
	} {
		cmd := command(t, dir, c.args...)
		cmd.Env = append(cmd.Env, c.env)
		o := finish(t, cmd)
		require.Equal(t, 2, o.code, "%v: %s", c.args, o.err)
		require.Equal(t, 1, strings.Count(o.err, c.want), o.err)
	}
}

func TestAFlagWinsOverItsVariable(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	cmd := command(t, dir, "run", "--threads", "1", "job.json")
	cmd.Env = append(cmd.Env, "THREADS=-1")
	o := finish(t, cmd)
	require.Equal(t, 0, o.code, o.err)
}

func TestLimitsEndAQuery(t *testing.T) {
	t.Parallel()
	dir := folder(t, endless)
	o := kallad(t, dir, "run", "--timeout", "300ms", "job.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "ran longer than it may")
	require.Empty(t, leftover(t, filepath.Join(dir, "out")))

	writeJob(t, dir, "big.json", jobOver("big", "SELECT l.invoice_id, r.payment_id, md5(n::VARCHAR) AS h FROM left_src l, right_src r, generate_series(1, 10000000) AS g(n)"))
	o = kallad(t, dir, "run", "--memory-limit", "64MB", "--max-spill", "8MB", "big.json")
	require.Equal(t, 2, o.code)
	require.Contains(t, o.err, "--memory-limit")
	require.NotContains(t, o.err, "PRAGMA")
	require.Empty(t, leftover(t, filepath.Join(dir, "out")))
}

func TestInterruptLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := folder(t, endless)
			cmd := command(t, dir, "run", "job.json")
			var stderr lines
			cmd.Stderr = &stderr
			if signal == syscall.SIGHUP {
				// Under nohup, this process's children would ignore it too.
				heard := make(chan os.Signal, 1)
				ossignal.Notify(heard, signal)
				defer ossignal.Stop(heard)
			}
			require.NoError(t, cmd.Start())
			stderr.await(t, "staging          right_src")
			require.NoError(t, cmd.Process.Signal(signal))
			_ = cmd.Wait()
			require.Equal(t, 130, cmd.ProcessState.ExitCode(), stderr.String())
			require.Empty(t, leftover(t, filepath.Join(dir, "out")))
			for _, e := range cmd.Env {
				if tmp, ok := strings.CutPrefix(e, "TMPDIR="); ok {
					require.Empty(t, leftover(t, tmp), "spilled data stayed")
				}
			}
		})
	}
}

// Nobody has to read what a run prints.
func TestReadersMayHangUp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"run", "job.json"}, {"run", "--json", "job.json"}} {
		dir := folder(t, joinOnReference)
		cmd := command(t, dir, args...)
		r, w, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, r.Close())
		cmd.Stdout, cmd.Stderr = w, w
		require.NoError(t, cmd.Run(), args)
		require.NoError(t, w.Close())
		require.Len(t, leftover(t, filepath.Join(dir, "out")), 5, "the run's folder and its four files")
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := folder(t, "SELECT l.invoice_id, r.payment_id, md5(n::VARCHAR) AS h FROM left_src l, right_src r, generate_series(1, 20000) AS g(n)")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "small"), 0o755))
	run := command(t, dir, "run", "--output-root", "small", "job.json")
	// A disk of its own, in a mount namespace that goes with the process.
	script := `mount -t tmpfs -o size=256k tmpfs small && "$0" "$@"; code=$?; ls -A small; exit $code`
	cmd := exec.Command("unshare", append([]string{"-rm", "sh", "-c", script}, run.Args...)...)
	cmd.Dir, cmd.Env = run.Dir, run.Env
	o := finish(t, cmd)
	require.Equal(t, 2, o.code, o.err)
	require.Contains(t, o.err, "the disk is full")
	require.Empty(t, o.out, "something is left on the disk")
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	o := kallad(t, t.TempDir(), "version")
	require.Equal(t, 0, o.code)
	require.True(t, strings.HasPrefix(o.out, "kallad "), o.out)
	o = kallad(t, t.TempDir(), "run", "--help")
	require.Contains(t, o.out, "MEMORY_LIMIT")
	require.Contains(t, o.out, "kallad run --json")
	o = kallad(t, t.TempDir(), "completion", "bash")
	require.Contains(t, o.out, "__start_kallad")
}

func TestMatchRateIsNeverRoundedUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		matched, rows int64
		want          string
	}{
		{0, 0, "-"}, {0, 3, "0.00 %"}, {1, 3, "33.33 %"}, {2, 3, "66.66 %"}, {3, 3, "100.00 %"},
		{9_999_999, 10_000_000, "99.99 %"}, {1<<62 - 1, 1 << 62, "99.99 %"},
	} {
		require.Equal(t, c.want, matchRate(recon.SideCounts{MatchedRows: c.matched, Rows: c.rows}), fmt.Sprint(c))
	}
}
