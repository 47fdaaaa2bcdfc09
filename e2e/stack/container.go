package stack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
)

// Container is one running part, and the harm that can be done to it.
type Container struct {
	stack  *Stack
	docker *testcontainers.DockerContainer
	name   string
}

// Name is what the others on the network call it.
func (c *Container) Name() string { return c.name }

// Address is where the test reaches a port of the container, such as
// "8080/tcp": host and port. It changes when the container starts again.
func (c *Container) Address(port string) string {
	c.stack.t.Helper()
	endpoint, err := c.docker.PortEndpoint(c.stack.t.Context(), port, "")
	require.NoError(c.stack.t, err)
	return endpoint
}

// IP is the container's address on the network.
func (c *Container) IP() string {
	c.stack.t.Helper()
	address, err := c.docker.ContainerIP(c.stack.t.Context())
	require.NoError(c.stack.t, err)
	return address
}

// Kill ends the container's process at once, as a crash does.
func (c *Container) Kill() { c.Signal("SIGKILL") }

// Signal sends a signal and returns at once.
func (c *Container) Signal(signal string) {
	c.stack.t.Helper()
	_, err := c.stack.cli.ContainerKill(c.stack.t.Context(), c.docker.GetContainerID(), client.ContainerKillOptions{Signal: signal})
	require.NoError(c.stack.t, err, "send %s to %s", signal, c.name)
}

// Stop sends SIGTERM and waits for the end, for at most the limit; then it kills.
func (c *Container) Stop(limit time.Duration) {
	c.stack.t.Helper()
	seconds := int(limit / time.Second)
	_, err := c.stack.cli.ContainerStop(c.stack.t.Context(), c.docker.GetContainerID(), client.ContainerStopOptions{Timeout: &seconds})
	require.NoError(c.stack.t, err, "stop %s", c.name)
}

// Start starts a container that has ended, with the files that it had.
func (c *Container) Start() {
	c.stack.t.Helper()
	ctx, cancel := context.WithTimeout(c.stack.t.Context(), startTimeout)
	defer cancel()
	require.NoError(c.stack.t, c.docker.Start(ctx), "start %s", c.name)
}

// Remove removes a container that is not needed any more.
func (c *Container) Remove() {
	c.stack.t.Helper()
	_, err := c.stack.cli.ContainerRemove(c.stack.t.Context(), c.docker.GetContainerID(), client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	require.NoError(c.stack.t, err, "remove %s", c.name)
}

// Pause freezes all of the container's processes; its connections stay open and
// answer nothing.
func (c *Container) Pause() {
	c.stack.t.Helper()
	_, err := c.stack.cli.ContainerPause(c.stack.t.Context(), c.docker.GetContainerID(), client.ContainerPauseOptions{})
	require.NoError(c.stack.t, err, "pause %s", c.name)
}

// Unpause ends a Pause.
func (c *Container) Unpause() {
	c.stack.t.Helper()
	_, err := c.stack.cli.ContainerUnpause(c.stack.t.Context(), c.docker.GetContainerID(), client.ContainerUnpauseOptions{})
	require.NoError(c.stack.t, err, "unpause %s", c.name)
}

// Disconnect takes the container off the network: whatever was connected hears
// nothing any more, as when a cable is pulled.
func (c *Container) Disconnect() {
	c.stack.t.Helper()
	_, err := c.stack.cli.NetworkDisconnect(c.stack.t.Context(), c.stack.network.ID, client.NetworkDisconnectOptions{Container: c.docker.GetContainerID()})
	require.NoError(c.stack.t, err, "disconnect %s", c.name)
}

// Connect ends a Disconnect; the container may have another address.
func (c *Container) Connect() {
	c.stack.t.Helper()
	_, err := c.stack.cli.NetworkConnect(c.stack.t.Context(), c.stack.network.ID, client.NetworkConnectOptions{
		Container: c.docker.GetContainerID(), EndpointConfig: &network.EndpointSettings{Aliases: []string{c.name}},
	})
	require.NoError(c.stack.t, err, "connect %s", c.name)
}

// Wait waits until the container has ended by itself, and returns its exit code.
func (c *Container) Wait(limit time.Duration) int {
	c.stack.t.Helper()
	code := 0
	require.Eventually(c.stack.t, func() bool {
		state, err := c.docker.State(c.stack.t.Context())
		require.NoError(c.stack.t, err)
		code = state.ExitCode
		return !state.Running
	}, limit, 50*time.Millisecond, "%s never ended", c.name)
	return code
}

// Exec runs a program in the container and returns its exit code and output.
func (c *Container) Exec(argv ...string) (int, string) {
	c.stack.t.Helper()
	code, out, err := c.docker.Exec(c.stack.t.Context(), argv, exec.Multiplexed())
	require.NoError(c.stack.t, err, "run %v in %s", argv, c.name)
	text, err := io.ReadAll(out)
	require.NoError(c.stack.t, err)
	return code, string(text)
}

// Do is Exec for what must succeed.
func (c *Container) Do(argv ...string) string {
	c.stack.t.Helper()
	code, out := c.Exec(argv...)
	require.Zero(c.stack.t, code, "%v in %s: %s", argv, c.name, out)
	return out
}

// Read returns the content of a file in the container.
func (c *Container) Read(path string) []byte {
	c.stack.t.Helper()
	file, err := c.docker.CopyFileFromContainer(c.stack.t.Context(), path)
	require.NoError(c.stack.t, err, "read %s of %s", path, c.name)
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(file)
	require.NoError(c.stack.t, err, "read %s of %s", path, c.name)
	return content
}

// Write puts a file into the container.
func (c *Container) Write(path string, content []byte) {
	c.stack.t.Helper()
	require.NoError(c.stack.t, c.docker.CopyToContainer(c.stack.t.Context(), content, path, 0o644), "write %s of %s", path, c.name)
}

// Log is what the container has written so far, over all its starts.
func (c *Container) Log() string {
	logs, err := c.docker.Logs(context.Background())
	if err != nil {
		return "no log: " + err.Error()
	}
	defer func() { _ = logs.Close() }()
	text, err := io.ReadAll(logs)
	if err != nil {
		return string(text) + "\nlog ends with: " + err.Error()
	}
	return string(text)
}

// keepLogs keeps every container's log.
func (s *Stack) keepLogs() {
	for _, c := range s.Containers() {
		KeepLog(s.t, c.name, []byte(c.Log()))
	}
}

// KeepLog writes a log to a folder that outlives the test: Bazel's for outputs,
// $KALLAD_E2E_LOGS, or one in the system's for temporary files.
func KeepLog(t testing.TB, name string, content []byte) {
	folder := os.Getenv("TEST_UNDECLARED_OUTPUTS_DIR")
	if folder == "" {
		folder = os.Getenv("KALLAD_E2E_LOGS")
	}
	if folder == "" {
		folder = filepath.Join(os.TempDir(), "kallad-e2e-logs")
	}
	path := filepath.Join(folder, strings.ReplaceAll(t.Name(), "/", "_"), name+".log")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644)); err != nil {
		t.Errorf("keep the log of %s: %v", name, err)
		return
	}
	t.Logf("the log of %s is %s", name, path)
}

// request is for questions that come within seconds or not at all.
var request = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
