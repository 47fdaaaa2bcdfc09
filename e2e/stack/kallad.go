package stack

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"kallad/worker/recon"
)

// Scheduler is a `kallad scheduler`, found by others as "scheduler".
type Scheduler struct {
	*Container
}

// Executor is a `kallad executor`.
type Executor struct {
	*Container
}

// home is the folder of the image that holds staging path and spill folder.
const home = "/var/lib/kallad"

// Mount puts a volume of the stack into a container.
func Mount(volume, folder string) testcontainers.ContainerCustomizer {
	return testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Source: volume, Target: folder})
	})
}

// Limit bounds a container's memory, in bytes, and its cores.
func Limit(memory int64, cores float64) testcontainers.ContainerCustomizer {
	return testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
		h.Memory, h.MemorySwap, h.NanoCPUs = memory, memory, int64(cores*1e9)
	})
}

// Scheduler starts a scheduler with settings by environment. Its files are on
// a volume that outlives the container's restarts.
func (s *Stack) Scheduler(settings map[string]string, options ...testcontainers.ContainerCustomizer) *Scheduler {
	s.t.Helper()
	image, err := kalladImage()
	require.NoError(s.t, err)
	return &Scheduler{s.Run("scheduler", image, append([]testcontainers.ContainerCustomizer{
		testcontainers.WithEnv(environment(s3Environment(), map[string]string{"PROGRESS_INTERVAL": "50ms"}, settings)),
		testcontainers.WithCmd("scheduler"),
		testcontainers.WithExposedPorts("8080/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/ready").WithPort("8080/tcp").WithStartupTimeout(startTimeout).WithPollInterval(50 * time.Millisecond)),
	}, options...)...)}
}

// Executor starts an executor that connects to the stack's scheduler.
func (s *Stack) Executor(name string, settings map[string]string, options ...testcontainers.ContainerCustomizer) *Executor {
	s.t.Helper()
	image, err := kalladImage()
	require.NoError(s.t, err)
	return &Executor{s.Run(name, image, append([]testcontainers.ContainerCustomizer{
		testcontainers.WithEnv(environment(s3Environment(), map[string]string{"EXTERNAL_HOST": name}, settings)),
		testcontainers.WithCmd("executor", "--scheduler-url", "scheduler:50050", "--flight-port", "50051", "--grpc-port", "50052"),
	}, options...)...)}
}

// Client starts a container with Node, Python, psql, curl and a shell, which
// does nothing until it is told to.
func (s *Stack) Client(name string, options ...testcontainers.ContainerCustomizer) *Container {
	s.t.Helper()
	image, err := clientImage.name(s.t.Context(), s.cli)
	require.NoError(s.t, err)
	return s.Run(name, image, append([]testcontainers.ContainerCustomizer{testcontainers.WithCmd("sleep", "infinity")}, options...)...)
}

// Dump puts e2e/dump, which prints a Parquet file as CSV, into a container.
func (s *Stack) Dump(path string) testcontainers.ContainerCustomizer {
	s.t.Helper()
	binary, err := dumpProgram()
	require.NoError(s.t, err)
	return testcontainers.WithFiles(testcontainers.ContainerFile{HostFilePath: binary, ContainerFilePath: path, FileMode: 0o755})
}

// Ask sends a request to the scheduler's API and returns the status and the
// JSON document of the answer, or {"text": ...}.
func (s *Scheduler) Ask(method, path string, body any) (int, map[string]any) {
	s.stack.t.Helper()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		require.NoError(s.stack.t, err)
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(s.stack.t.Context(), method, "http://"+s.Address("8080/tcp")+path, sent)
	require.NoError(s.stack.t, err)
	resp, err := request.Do(req)
	require.NoError(s.stack.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(s.stack.t, err)
	var doc map[string]any
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		require.NoError(s.stack.t, json.Unmarshal(text, &doc), "%s", text)
	} else {
		doc = map[string]any{"text": string(text)}
	}
	return resp.StatusCode, doc
}

// Post posts a job that must be accepted.
func (s *Scheduler) Post(job recon.Job) {
	s.stack.t.Helper()
	status, doc := s.Ask(http.MethodPost, "/api/jobs", job)
	require.Equal(s.stack.t, http.StatusAccepted, status, "%v", doc)
	require.Equal(s.stack.t, []any{job.RunID, "accepted"}, []any{doc["run_id"], doc["status"]})
}

// Await waits until what the scheduler says of a job is as told.
func (s *Scheduler) Await(runID string, limit time.Duration, is func(doc map[string]any) bool) map[string]any {
	s.stack.t.Helper()
	var doc map[string]any
	require.Eventually(s.stack.t, func() bool {
		_, doc = s.Ask(http.MethodGet, "/api/jobs/"+runID, nil)
		return is(doc)
	}, limit, 20*time.Millisecond, "job %s: %v", runID, doc)
	return doc
}

// Executors waits until so many executors are active.
func (s *Scheduler) Executors(active int, limit time.Duration) {
	s.stack.t.Helper()
	var doc map[string]any
	require.Eventually(s.stack.t, func() bool {
		_, doc = s.Ask(http.MethodGet, "/api/executors", nil)
		list, _ := doc["executors"].([]any)
		found := 0
		for _, e := range list {
			// The scheduler's own process is on the list, too, without an address.
			if e, ok := e.(map[string]any); ok && e["state"] == "active" && e["flight_address"] != nil {
				found++
			}
		}
		return found == active
	}, limit, 50*time.Millisecond, "want %d active executors: %v", active, doc)
}

// Versions says which version each active executor is, by its name.
func (s *Scheduler) Versions() map[string]string {
	s.stack.t.Helper()
	_, doc := s.Ask(http.MethodGet, "/api/executors", nil)
	list, _ := doc["executors"].([]any)
	versions := map[string]string{}
	for _, e := range list {
		e, _ := e.(map[string]any)
		if address, ok := e["flight_address"].(string); ok && e["state"] == "active" {
			name, _, _ := strings.Cut(address, ":")
			versions[name], _ = e["version"].(string)
		}
	}
	return versions
}

// Evidence reads one of a finished job's files, as its final callback named it.
// Paths that are not on S3 are under the staging path.
func (s *Scheduler) Evidence(path string) []byte {
	s.stack.t.Helper()
	return s.Read(home + "/staging/" + path)
}

// File is a file that is in a container when it starts.
func File(path string, content []byte) testcontainers.ContainerFile {
	return testcontainers.ContainerFile{Reader: bytes.NewReader(content), ContainerFilePath: path, FileMode: 0o644}
}
