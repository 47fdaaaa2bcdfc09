package client_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/auth"
	"kallad/worker/client"
	"kallad/worker/recon"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scheduler answers each request with the next of its answers, the last one
// for ever, and notes what it was asked.
type scheduler struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]http.HandlerFunc
	asked   []*http.Request
}

func start(t *testing.T, answers map[string][]http.HandlerFunc) *scheduler {
	s := &scheduler{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Method + " " + r.URL.RequestURI()
		s.mu.Lock()
		s.asked = append(s.asked, r)
		list := s.answers[key]
		if len(list) > 1 {
			s.answers[key] = list[1:]
		}
		s.mu.Unlock()
		if len(list) == 0 {
			t.Errorf("unexpected request %s", key)
			return
		}
		list[0](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *scheduler) client(t *testing.T, tune func(*client.Config)) *client.Client {
	cfg := client.Config{URL: s.URL, Version: "1", RequestTimeout: 5 * time.Second, PollEvery: time.Millisecond}
	if tune != nil {
		tune(&cfg)
	}
	c, err := client.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func (s *scheduler) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.asked...)
}

func status(state recon.State, progress float64) recon.JobStatus {
	return recon.JobStatus{RunID: "a b", State: state, Progress: progress}
}

// stream sends events, numbered from first, and then cuts the connection.
func stream(first int, states ...recon.JobStatus) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, ": still here\n\n")
		for i, s := range states {
			text, _ := json.Marshal(s)
			fmt.Fprintf(w, "id: %d\nevent: progress\ndata: %s\n\n", first+i, text)
		}
	}
}

func answer(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) }
}

func problem(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// silent answers with headers and nothing more until the client has had enough.
func silent(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(200)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

const (
	events = "GET /api/jobs/a%20b/events"
	state  = "GET /api/jobs/a%20b"
)

func TestFollowGetsOverCutStreams(t *testing.T) {
	t.Parallel()
	s := start(t, map[string][]http.HandlerFunc{
		events: {
			stream(1, status("queued", 0), status("running", 0.2)),
			problem(503, `{"title":"Too many"}`),
			stream(3, status("running", 0.6)),
			stream(4, status("succeeded", 1)),
		},
		state: {answer(status("running", 0.3)), answer(status("running", 0.4)), answer(status("running", 0.7))},
	})
	var seen []float64
	last, err := s.client(t, nil).Follow(t.Context(), "a b", func(j recon.JobStatus) { seen = append(seen, j.Progress) })
	require.NoError(t, err)
	assert.Equal(t, recon.StateSucceeded, last.State)
	assert.Equal(t, []float64{0, 0.2, 0.3, 0.4, 0.6, 0.7, 1}, seen)
	asked := s.requests()
	assert.Equal(t, "3", asked[len(asked)-1].Header.Get("Last-Event-ID"), "it goes on from where it was cut")
	assert.Equal(t, "text/event-stream", asked[0].Header.Get("Accept"))
}

func TestFollowAsksWhereStreamsDoNotComeThrough(t *testing.T) {
	t.Parallel()
	s := start(t, map[string][]http.HandlerFunc{
		events: {silent},
		state:  {answer(status("running", 0.3)), answer(status("running", 0.4)), answer(status("running", 0.5)), answer(status("failed", 0.5))},
	})
	c := s.client(t, func(c *client.Config) { c.RequestTimeout = 100 * time.Millisecond })
	last, err := c.Follow(t.Context(), "a b", func(recon.JobStatus) {})
	require.NoError(t, err)
	assert.Equal(t, recon.StateFailed, last.State)
	streams := 0
	for _, r := range s.requests() {
		if r.Header.Get("Accept") == "text/event-stream" {
			streams++
		}
	}
	assert.Equal(t, 2, streams, "two silent streams are enough to learn from")
}

func TestFollowGivesUp(t *testing.T) {
	t.Parallel()
	none := func(recon.JobStatus) {}
	gone := start(t, map[string][]http.HandlerFunc{events: {problem(404, `{"title":"There is no such job"}`)}})
	_, err := gone.client(t, nil).Follow(t.Context(), "a b", none)
	var no *client.AnswerError
	require.ErrorAs(t, err, &no, "what will not change is told at once")
	assert.Equal(t, 404, no.Status)

	gone.Close()
	_, err = gone.client(t, func(c *client.Config) { c.Patience = 20 * time.Millisecond }).Follow(t.Context(), "a b", none)
	var lost *client.LostError
	require.ErrorAs(t, err, &lost)
	assert.Contains(t, err.Error(), "cannot be reached")

	mute := start(t, map[string][]http.HandlerFunc{events: {silent}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = mute.client(t, nil).Follow(ctx, "a b", none)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestSubmitAndCancel(t *testing.T) {
	t.Parallel()
	token, err := auth.NewToken("0123456789abcdef")
	require.NoError(t, err)
	s := start(t, map[string][]http.HandlerFunc{
		"POST /prefix/api/jobs?callback=optional": {answer(map[string]any{"existing": true})},
		"DELETE /prefix/api/jobs/a%20b":           {answer(nil), problem(409, `{"title":"The job has ended"}`), problem(404, `{"title":"There is no such job"}`)},
	})
	c := s.client(t, func(c *client.Config) {
		c.URL += "/prefix/"
		c.Guard.Token = token
	})
	existing, err := c.Submit(t.Context(), &recon.Job{RunID: "a b"})
	require.NoError(t, err)
	assert.True(t, existing)
	require.NoError(t, c.Cancel(t.Context(), "a b"))
	require.NoError(t, c.Cancel(t.Context(), "a b"), "it has ended: nothing is left to cancel")
	require.ErrorContains(t, c.Cancel(t.Context(), "a b"), "There is no such job")
	for _, r := range s.requests() {
		assert.Equal(t, "Bearer 0123456789abcdef", r.Header.Get("Authorization"))
		assert.Equal(t, "kallad/1", r.Header.Get("User-Agent"))
	}
}

func TestAnswersThatSayNo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"fields":     {problem(400, `{"title":"x","errors":[{"field":"match_sql","message":"is \u001b[31m empty"}]}`), "does not take the job:\n  match_sql: is \ufffd[31m empty"},
		"token":      {problem(401, `{"title":"The request does not show the token"}`), "asks for its token: set --token-file"},
		"detail":     {problem(503, `{"title":"No","detail":"the queue is full"}`), "answers 503: No (the queue is full)"},
		"not kallad": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, "answers 502, and not as a kallad scheduler does"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere/", http.StatusFound)
		},
			"redirects are not followed"},
		"nonsense": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "read the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, map[string][]http.HandlerFunc{"POST /api/jobs?callback=optional": {c.answer}})
			_, err := s.client(t, nil).Submit(t.Context(), &recon.Job{RunID: "x"})
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:8080", "ftp://host", "http://", "http://user:s3cret@host", "http://host?token=s3cret", "http://h ost"} {
		_, err := client.New(client.Config{URL: address})
		require.Error(t, err, address)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

// What a user gives who takes the executors' port for that of the API answers
// in HTTP/2.
func TestAnswersThatAreNoHTTP(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var served sync.WaitGroup
	t.Cleanup(func() { listener.Close(); served.Wait() })
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = conn.Write([]byte("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00"))
			conn.Close()
		}
	})
	c, err := client.New(client.Config{URL: "http://" + listener.Addr().String()})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Job(t.Context(), "a")
	require.ErrorContains(t, err, "what listens at http://"+listener.Addr().String()+" does not speak HTTP; give the address of the scheduler's --http-port")
}
