package compose_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"kallad/e2e/stack"
)

// project is one compose file, brought up under a name of its own.
type project struct {
	t        testing.TB
	file     string
	name     string
	settings []string
}

// up brings a compose file up, on free ports, and takes it down at the test's
// end.
func up(t testing.TB, file string, settings ...string) *project {
	t.Helper()
	images, err := stack.ComposeSettings(t.Context())
	require.NoError(t, err)
	p := &project{t: t, name: "kallad-e2e-" + uuid.NewString()[:8], settings: append(append(images, "APP_PORT=0", "KALLAD_PORT=0", "MINIO_PORT=0"), settings...)}
	p.file = filepath.Join(checkout(t), "deploy", file)
	t.Cleanup(p.down)
	p.do("up", "--detach", "--no-build")
	return p
}

// checkout copies what the compose files mount: Bazel's runfiles are links,
// which a container can't follow.
func checkout(t testing.TB) string {
	t.Helper()
	root, err := stack.Checkout()
	require.NoError(t, err)
	// Within a folder that the engine's user may read.
	copied, err := os.MkdirTemp("", "kallad-e2e-compose-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(copied) })
	require.NoError(t, os.Chmod(copied, 0o755))
	for _, folder := range []string{"deploy", "examples"} {
		from := filepath.Join(root, folder)
		require.NoError(t, filepath.WalkDir(from, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			to := filepath.Join(copied, folder, strings.TrimPrefix(path, from))
			info, err := os.Stat(path)
			if err != nil || info.IsDir() {
				return os.MkdirAll(to, 0o755)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(to, content, info.Mode().Perm()|0o444)
		}))
	}
	return copied
}

// command is docker-compose, or the plugin of that name, on the project.
func (p *project) command(ctx context.Context, args ...string) *exec.Cmd {
	argv := []string{"docker-compose"}
	if exec.Command("docker", "compose", "version").Run() == nil {
		argv = []string{"docker", "compose"}
	}
	argv = append(append(argv, "--project-name", p.name, "--file", p.file), args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), p.settings...)
	return cmd
}

func (p *project) do(args ...string) string {
	p.t.Helper()
	var out, said bytes.Buffer
	cmd := p.command(p.t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(p.t, cmd.Run(), "docker-compose %v: %s", args, &said)
	return strings.TrimSpace(out.String())
}

// down removes everything, and keeps the logs if the test has failed.
func (p *project) down() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if p.t.Failed() {
		logs, _ := p.command(ctx, "logs", "--no-color").CombinedOutput()
		stack.KeepLog(p.t, filepath.Base(p.file), logs)
	}
	if out, err := p.command(ctx, "down", "--volumes", "--timeout", "5").CombinedOutput(); err != nil {
		p.t.Errorf("docker-compose down: %v: %s", err, out)
	}
}

// url is where a service's port is published.
func (p *project) url(service, port string) string {
	p.t.Helper()
	return "http://" + p.do("port", service, port)
}

// container is the id of a service's only container.
func (p *project) container(service string) string {
	p.t.Helper()
	return p.do("ps", "--quiet", service)
}

var client = &http.Client{Timeout: 10 * time.Second}

// ask sends JSON, with a token if there is one, and decodes the answer.
func ask(t testing.TB, method, url, token string, body, into any) int {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if into != nil {
		require.NoError(t, json.Unmarshal(answer, into), "%s %s: %s: %s", method, url, resp.Status, answer)
	}
	return resp.StatusCode
}

// waitFor waits until an address answers 200.
func waitFor(t testing.TB, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		resp, err := client.Get(url)
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode == http.StatusOK
	}, 2*time.Minute, 50*time.Millisecond, "%s never answers", url)
}
