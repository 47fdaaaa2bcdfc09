package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/api"
	"kallad/worker/recon"
)

// events is an open stream.
type events struct {
	t    *testing.T
	resp *http.Response
	in   *bufio.Reader
}

type event struct{ id, name, data, comment string }

// follow opens a stream and leaves it open until the test ends.
func (s *site) follow(t *testing.T, path string, header ...string) *events {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	return &events{t: t, resp: resp, in: bufio.NewReader(resp.Body)}
}

// next returns the next event, false at the end of the stream.
func (e *events) next() (event, bool) {
	e.t.Helper()
	var got event
	for {
		line, err := e.in.ReadString('\n')
		if err == io.EOF && line == "" {
			return got, false
		}
		require.NoError(e.t, err)
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "id":
			got.id = value
		case "event":
			got.name = value
		case "data":
			got.data = value
		case "":
			if value == "" {
				return got, true
			}
			got.comment = value
		}
	}
}

// want takes the next event and returns the job in it.
func (e *events) want(name string) (recon.JobStatus, event) {
	e.t.Helper()
	got, ok := e.next()
	require.True(e.t, ok, "the stream has ended, and %q was to come", name)
	require.Equal(e.t, name, got.name, got.data)
	var status recon.JobStatus
	require.NoError(e.t, json.Unmarshal([]byte(got.data), &status), got.data)
	return status, got
}

func (e *events) wantEnd() {
	e.t.Helper()
	got, ok := e.next()
	require.False(e.t, ok, "%v", got)
}

func eager(c *api.Config) { c.EventInterval = time.Nanosecond }

func serveTuned(t *testing.T, r *runner, tune func(*api.Config)) *site {
	cfg := testConfig()
	tune(&cfg)
	return serveWith(t, cfg, r)
}

func running(progress float64) recon.JobStatus {
	return recon.JobStatus{RunID: "next", State: recon.StateRunning, Stage: recon.StageStaging, Progress: progress, SubmittedAt: time.Now(),
		Stages: []recon.StageStatus{{ID: 0, Name: "everything", Kind: recon.StageWhole, State: recon.WorkRunning, Tasks: 1, TasksRunning: 1}}}
}

func ended() recon.JobStatus {
	s := running(1)
	s.State = recon.StateSucceeded
	return s
}

func TestAJobIsFollowedFromWhereItIsToItsEnd(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{queued()}}
	s := serveTuned(t, r, eager)
	e := s.follow(t, "/api/jobs/next/events")
	status, first := e.want("state")
	assert.Equal(t, recon.StateQueued, status.State)
	assert.Equal(t, "1", first.id)

	r.put(running(0.1))
	status, _ = e.want("state")
	assert.Equal(t, recon.StateRunning, status.State)
	assert.Len(t, status.Stages, 1)
	r.put(running(0.5))
	status, third := e.want("progress")
	assert.InDelta(t, 0.5, status.Progress, 0)
	assert.Equal(t, "3", third.id)

	r.put(ended())
	status, last := e.want("end")
	assert.Equal(t, recon.StateSucceeded, status.State)
	assert.Equal(t, "4-end", last.id)
	e.wantEnd()
	require.Eventually(t, func() bool { return r.watching() == 0 }, 5*time.Second, time.Millisecond)
}

func TestAStreamGoesOnCountingAfterItWasCut(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{jobs: []recon.JobStatus{finished()}})
	e := s.follow(t, "/api/jobs/"+goodRun+"/events", "Last-Event-ID", "41")
	_, last := e.want("end")
	assert.Equal(t, "42-end", last.id)
	e.wantEnd()
}

// Progress is told at intervals, a change of state or stage at once.
func TestProgressIsThrottledAndStateIsNot(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{queued()}}
	s := serveTuned(t, r, func(c *api.Config) { c.EventInterval = time.Hour })
	e := s.follow(t, "/api/jobs/next/events")
	e.want("state")
	r.put(running(0.1))
	e.want("state")
	for i := range 1000 {
		r.put(running(float64(i) / 1000))
	}
	matching := running(0.6)
	matching.Stage = recon.StageMatching
	r.put(matching)
	status, _ := e.want("progress")
	assert.Equal(t, recon.StageMatching, status.Stage)
	r.put(ended())
	status, _ = e.want("end")
	assert.Equal(t, recon.StateSucceeded, status.State)
	e.wantEnd()
}

func TestTheLatestProgressIsToldAfterTheInterval(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{running(0)}}
	s := serveTuned(t, r, func(c *api.Config) { c.EventInterval = 50 * time.Millisecond })
	e := s.follow(t, "/api/jobs/next/events")
	e.want("state")
	for i := range 100 {
		r.put(running(float64(i) / 100))
	}
	n := 0
	for status := (recon.JobStatus{}); status.Progress < 0.99; n++ {
		status, _ = e.want("progress")
	}
	assert.Less(t, n, 20, "changes in quick succession are told as one")
}

func TestASilentStreamShowsThatItLives(t *testing.T) {
	t.Parallel()
	s := serveTuned(t, &runner{jobs: []recon.JobStatus{queued()}}, func(c *api.Config) { c.Heartbeat = 5 * time.Millisecond })
	e := s.follow(t, "/api/jobs/next/events")
	e.want("state")
	for range 3 {
		got, ok := e.next()
		require.True(t, ok)
		assert.Equal(t, event{comment: "still here"}, got)
	}
}

// A stream may be open for longer than any other answer may take.
func TestAStreamOutlivesTheWriteTimeout(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{queued()}}
	s := serveTuned(t, r, func(c *api.Config) {
		c.WriteTimeout, c.ReadTimeout, c.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
		c.Heartbeat = 30 * time.Millisecond
	})
	e := s.follow(t, "/api/jobs/next/events")
	e.want("state")
	for range 10 {
		got, ok := e.next()
		require.True(t, ok)
		require.Equal(t, "still here", got.comment)
	}
	r.put(ended())
	for {
		if got, ok := e.next(); !ok || got.name == "end" {
			require.True(t, ok)
			return
		}
	}
}

// A reader that went away without a word is found out by the next write, one
// that stopped reading by the write timeout; nothing of either stays.
func TestReadersThatAreGoneLeaveNothing(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{running(0)}}
	s := serveTuned(t, r, func(c *api.Config) {
		c.EventInterval, c.Heartbeat, c.WriteTimeout = time.Nanosecond, 5*time.Millisecond, 200*time.Millisecond
	})
	gone := s.follow(t, "/api/jobs/next/events")
	gone.want("state")
	deaf := s.dial(t)
	require.NoError(t, deaf.SetReadBuffer(1))
	_, err := io.WriteString(deaf, "GET /api/jobs/next/events HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return r.watching() == 2 }, 5*time.Second, time.Millisecond)
	gone.resp.Body.Close()
	big := running(0.5)
	big.Error = strings.Repeat("x", 1<<20)
	require.Eventually(t, func() bool {
		r.put(big) // never waits for them
		return r.watching() == 0
	}, 10*time.Second, time.Millisecond)
	assert.Contains(t, s.call(t, "GET", "/metrics", "").body, "\nkalla_http_event_streams 0\n")
}

func TestAForgottenJobEndsItsStream(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{queued()}}
	e := serve(t, r).follow(t, "/api/jobs/next/events")
	e.want("state")
	r.forget("next")
	e.wantEnd()
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{jobs: []recon.JobStatus{queued()}})
	one, all := s.follow(t, "/api/jobs/next/events"), s.follow(t, "/api/events")
	one.want("state")
	require.NoError(t, s.Stop(t.Context()))
	one.wantEnd()
	for _, name := range []string{"executors", "jobs"} {
		got, ok := all.next()
		require.True(t, ok)
		require.Equal(t, name, got.name)
	}
	all.wantEnd()
}

func TestAllJobsAreFollowed(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{queued()}, executors: []recon.ExecutorStatus{executor()}}
	e := serveTuned(t, r, eager).follow(t, "/api/events?limit=5")
	got, _ := e.next()
	require.Equal(t, "executors", got.name)
	assert.Contains(t, got.data, `"running_jobs":1`)
	assert.Contains(t, got.data, `"id":"e1"`)
	got, _ = e.next()
	require.Equal(t, "jobs", got.name)
	assert.Contains(t, got.data, `{"jobs":[{"run_id":"next"`)
	assert.Equal(t, 5, r.filter.Limit)

	r.put(running(0.5))
	status, _ := e.want("job")
	assert.InDelta(t, 0.5, status.Progress, 0)
	assert.Empty(t, status.Stages, "the list does without")
	r.forget("next")
	got, _ = e.next()
	assert.Equal(t, event{id: "4", name: "forgotten", data: `{"run_id":"next"}`}, got)
}

func TestAHeadRequestOpensNoStream(t *testing.T) {
	t.Parallel()
	r := &runner{jobs: []recon.JobStatus{queued()}}
	a := serve(t, r).call(t, "HEAD", "/api/jobs/next/events", "")
	assert.Equal(t, 200, a.status)
	assert.Zero(t, r.watching())
}
