package stack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// Listener takes callbacks, as the API in front of the product does.
type Listener struct {
	*Container
}

// Event is one callback as it came.
type Event struct {
	Path     string    `json:"path"`
	Delivery string    `json:"delivery"`
	At       time.Time `json:"at"`
	// Status is what the listener answered.
	Status int  `json:"status"`
	Body   Body `json:"body"`
}

// Body holds the fields of all callbacks.
type Body struct {
	RunID          string            `json:"run_id"`
	Stage          string            `json:"stage"`
	Progress       float64           `json:"progress"`
	Error          string            `json:"error"`
	Matched        int64             `json:"matched_count"`
	UnmatchedLeft  int64             `json:"unmatched_left_count"`
	UnmatchedRight int64             `json:"unmatched_right_count"`
	OutputPaths    map[string]string `json:"output_paths"`
}

// Kind is the callback's: progress, complete or error.
func (e Event) Kind() string { return e.Path[strings.LastIndexByte(e.Path, '/')+1:] }

// Final reports whether the callback says how a job ended.
func (e Event) Final() bool { return e.Kind() == "complete" || e.Kind() == "error" }

// Listener starts a listener that others on the network find as "listener".
func (s *Stack) Listener() *Listener {
	s.t.Helper()
	image, err := clientImage.name(s.t.Context(), s.cli)
	require.NoError(s.t, err)
	binary, err := listenerProgram()
	require.NoError(s.t, err)
	return &Listener{s.Run("listener", image,
		testcontainers.WithFiles(testcontainers.ContainerFile{HostFilePath: binary, ContainerFilePath: "/listener", FileMode: 0o755}),
		testcontainers.WithCmd("/listener", "-address", ":3000"),
		testcontainers.WithExposedPorts("3000/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/-/health").WithPort("3000/tcp").WithStatusCodeMatcher(
			func(status int) bool { return status == http.StatusNoContent }).WithStartupTimeout(startTimeout).WithPollInterval(20*time.Millisecond)),
	)}
}

// URL is the callback_url of a job.
func (l *Listener) URL() string { return "http://listener:3000/api/worker" }

// Refuse answers as many callbacks of a kind with an error status.
func (l *Listener) Refuse(kind string, status, times int) {
	l.stack.t.Helper()
	url := fmt.Sprintf("http://%s/-/refuse?path=%s&status=%d&times=%d", l.Address("3000/tcp"), kind, status, times)
	req, err := http.NewRequestWithContext(l.stack.t.Context(), http.MethodPut, url, nil)
	require.NoError(l.stack.t, err)
	resp, err := request.Do(req)
	require.NoError(l.stack.t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(l.stack.t, http.StatusNoContent, resp.StatusCode)
}

// Events are the callbacks so far, from the Nth on, counted from 0. It waits a
// while for one if there is none.
func (l *Listener) Events(from int) []Event {
	l.stack.t.Helper()
	// Longer than the listener lets a question wait.
	patient := &http.Client{Timeout: 30 * time.Second, Transport: request.Transport}
	resp, err := patient.Get(fmt.Sprintf("http://%s/-/events?from=%d", l.Address("3000/tcp"), from))
	require.NoError(l.stack.t, err)
	defer func() { _ = resp.Body.Close() }()
	var events []Event
	require.NoError(l.stack.t, json.NewDecoder(resp.Body).Decode(&events))
	return events
}

// Of waits for a job's final callback that was not refused, and returns all
// callbacks of that job up to it.
func (l *Listener) Of(runID string, limit time.Duration) []Event {
	l.stack.t.Helper()
	deadline := time.Now().Add(limit)
	var of []Event
	for from := 0; ; {
		events := l.Events(from)
		from += len(events)
		for _, e := range events {
			if e.Body.RunID != runID {
				continue
			}
			of = append(of, e)
			if e.Final() && e.Status < 300 {
				return of
			}
		}
		if time.Now().After(deadline) {
			l.stack.t.Fatalf("job %s: no final callback within %s; callbacks so far: %+v", runID, limit, of)
		}
	}
}

// All are all callbacks of a job so far.
func (l *Listener) All(runID string) []Event {
	l.stack.t.Helper()
	var of []Event
	for _, e := range l.Events(0) {
		if e.Body.RunID == runID {
			of = append(of, e)
		}
	}
	return of
}
