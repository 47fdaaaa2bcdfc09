package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob/s3test"
	"kallad/worker/source/postgres/pgtest"
)

// doctor runs `kallad doctor --json` with free ports and returns what it found
// by check.
func doctor(t *testing.T, dir string, env []string, args ...string) (code int, found map[string]finding) {
	t.Helper()
	args = append([]string{"doctor", "--json", "--bind-host", "127.0.0.1", "--http-port", freePort(t), "--grpc-port", freePort(t)}, args...)
	cmd := command(t, dir, args...)
	cmd.Env = append(cmd.Env, env...)
	return diagnosed(t, cmd)
}

func diagnosed(t *testing.T, cmd *exec.Cmd) (code int, found map[string]finding) {
	t.Helper()
	o := finish(t, cmd)
	var doc struct{ Findings []finding }
	require.NoError(t, json.Unmarshal([]byte(o.out), &doc), "%s%s", o.out, o.err)
	found = map[string]finding{}
	for _, one := range doc.Findings {
		found[one.Check] = one
		assert.Equal(t, one.Condition == conditionOK, one.Do == "", "whatever is not right comes with what to do: %v", one)
	}
	return o.code, found
}

func TestDoctorFindsAMachineFit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, found := doctor(t, dir, nil)
	require.Equal(t, 0, code, "%v", found)
	for _, check := range []string{"HTTP port", "gRPC port", "memory", "processors"} {
		assert.Equal(t, conditionOK, found[check].Condition, "%v", found[check])
	}
	assert.Regexp(t, `free, fsync takes .*; it will be made`, found["staging path"].Found)
	assert.Contains(t, found, "clock")
	assert.Empty(t, leftover(t, dir), "nothing is left behind")

	o := kallad(t, dir, "doctor", "--http-port", freePort(t), "--grpc-port", freePort(t))
	assert.Equal(t, 0, o.code, o.err)
	assert.Regexp(t, `(?m)^ok    HTTP port `, o.out)
	assert.Regexp(t, `\d ok, \d to look at, 0 wrong\n$`, o.out)
}

func TestDoctorFindsWhatIsWrongHere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	write(t, dir, "file", "")
	code, found := doctor(t, dir, nil, "--http-port", port, "--staging-path", "file/below", "--temp-dir", "/proc/self",
		"--memory-limit", "900TB", "--threads", "0")
	assert.Equal(t, 2, code)
	for check, want := range map[string]string{
		"HTTP port": "127.0.0.1:" + port + " is in use", "staging path": "file is no folder", "temporary folder": "cannot write to /proc/self",
		"memory": "that this process may have", "processors": "0 threads",
	} {
		assert.Equal(t, conditionFail, found[check].Condition, "%v", found[check])
		assert.Contains(t, found[check].Found, want)
	}

	_, found = doctor(t, dir, []string{"MAX_CONCURRENT_JOBS=1000"}, "--memory-limit", "1GB", "--bind-host", "192.0.2.7")
	assert.Contains(t, found["HTTP port"].Found, "192.0.2.7 is no address of this machine")
	assert.Contains(t, found["memory"].Do, "lower --max-jobs")

	few := command(t, dir, "doctor", "--json", "--http-port", freePort(t), "--grpc-port", freePort(t))
	limited := exec.Command("sh", append([]string{"-c", `ulimit -n 100 && exec "$0" "$@"`}, few.Args...)...)
	limited.Dir, limited.Env = few.Dir, few.Env
	code, found = diagnosed(t, limited)
	assert.Equal(t, 2, code)
	assert.Equal(t, "at most 100", found["file handles"].Found)
	assert.Contains(t, found["file handles"].Do, "ulimit -n")
}

func TestDoctorFindsAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "small"), 0o755))
	run := command(t, dir, "doctor", "--json", "--http-port", freePort(t), "--grpc-port", freePort(t), "--staging-path", "small")
	cmd := exec.Command("unshare", append([]string{"-rm", "sh", "-c", `mount -t tmpfs -o size=1m tmpfs small && exec "$0" "$@"`}, run.Args...)...)
	cmd.Dir, cmd.Env = run.Dir, run.Env
	code, found := diagnosed(t, cmd)
	assert.Equal(t, 2, code)
	assert.Equal(t, conditionFail, found["staging path"].Condition)
	assert.Contains(t, found["staging path"].Do, "free some space")
}

func TestDoctorReachesWhatKalladReaches(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startScheduler(t, dir, "--token", testToken, "--grpc-port", "0")
	rpc := regexp.MustCompile(`msg="listening for executors" address=(\S+)`).FindStringSubmatch(s.logs.await(t, "listening for executors"))[1]
	db := pgServer.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, n numeric(10,2)); INSERT INTO t VALUES (1, 2.50)")
	bucket := s3Server.Bucket(t)
	bucket.Put(t, "in/a.csv", []byte("x\n1\n"))
	keys, err := s3test.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	env := []string{
		"AWS_ENDPOINT_URL=" + bucket.Endpoint, "AWS_ALLOW_HTTP=true", "AWS_REGION=us-east-1", "KALLAD_TOKEN=" + testToken,
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
	}
	caller := listen(t)
	args := []string{
		"--s3", bucket.URI("in/a.csv"), "--s3", bucket.URI("in/"), "--s3", bucket.URI("empty/"), "--postgres", db.URL("table=t"),
		"--scheduler-url", s.url, "--scheduler-url", rpc, "--callback", caller.URL + "/api/worker",
	}
	code, found := doctor(t, dir, env, args...)
	require.Equal(t, 0, code, "%v", found)
	text, err := json.Marshal(found)
	require.NoError(t, err)
	for _, want := range []string{"4 B", "1 objects", "nothing is there yet", "2 columns", "version 0.", "takes executors", "nothing was posted"} {
		assert.Contains(t, string(text), want)
	}
	for _, secret := range []string{testToken, pgtest.Password, "p%40ss", keys.SecretAccessKey} {
		assert.NotContains(t, string(text), secret)
	}
	assert.Empty(t, caller.notes())
	assert.Equal(t, []string{"in/a.csv"}, bucket.Keys(t), "nothing is left behind")

	wrong := append([]string{}, env...)
	wrong = append(wrong, "KALLAD_TOKEN=wrong", "AWS_SECRET_ACCESS_KEY=wrong")
	code, found = doctor(t, dir, wrong, "--s3", bucket.URI("in/"), "--s3", "/local", "--postgres", db.URL("table=nowhere"), "--scheduler-url", s.url, "--callback", "ftp://x")
	assert.Equal(t, 2, code)
	failed := map[string]string{}
	for check, one := range found {
		if one.Condition == conditionFail {
			kind, _, _ := strings.Cut(check, " ")
			failed[kind] += one.Found + "; "
		}
	}
	assert.Contains(t, failed["S3"], "permission denied")
	assert.Contains(t, failed["S3"], "that is no s3:// address")
	assert.Contains(t, failed["Postgres"], "nowhere")
	assert.Contains(t, failed["scheduler"], "asks for its token")
	assert.Contains(t, failed["callback"], "not an http or https URL")
}

func TestDoctorKnowsADaemonThatRunsAlready(t *testing.T) {
	t.Parallel()
	s := startScheduler(t, t.TempDir())
	_, port, _ := strings.Cut(s.url, "127.0.0.1:")
	code, found := doctor(t, t.TempDir(), nil, "--http-port", port)
	assert.Equal(t, 0, code)
	assert.Equal(t, conditionWarn, found["HTTP port"].Condition)
	assert.Contains(t, found["HTTP port"].Found, "a kallad scheduler listens")
}
