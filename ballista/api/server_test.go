package api_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/api"
	"kallad/worker/recon"
)

// dial opens a connection on which nothing takes longer than the test may.
func (s *site) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn.(*net.TCPConn)
}

// raw sends text and returns all that comes back until the connection ends.
func (s *site) raw(t *testing.T, text string) string {
	t.Helper()
	conn := s.dial(t)
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	conn.Close()
	return string(got)
}

func rawPost(header string) string {
	return "POST /api/jobs HTTP/1.1\r\nHost: x\r\n" + header + "Content-Length: " + strconv.Itoa(len(goodJob)) + "\r\n\r\n" + goodJob
}

// holding returns a runner whose submissions wait in Written until release is
// closed, and a channel that tells when one began to.
func holding() (r *runner, written chan struct{}, release chan struct{}) {
	written, release = make(chan struct{}, 8), make(chan struct{})
	return &runner{submit: func(job *recon.Job) (recon.Submission, error) {
		return recon.Submission{Status: recon.JobStatus{RunID: job.RunID, State: recon.StateQueued}, OnWritten: func() {
			written <- struct{}{}
			<-release
		}}, nil
	}}, written, release
}

// Written is what lets callbacks begin. Here it does not return before the
// caller has read the whole answer: were it called before the answer is
// handed to the network, the caller would wait in vain.
func TestTheAnswerIsOutBeforeCallbacksMayBegin(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"kept connection":   rawPost(""),
		"closed connection": rawPost("Connection: close\r\n"),
		"HTTP/1.0":          strings.Replace(rawPost(""), "HTTP/1.1", "HTTP/1.0", 1),
		"pipelined":         rawPost("") + rawPost("") + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, written, release := holding()
			conn := serve(t, r).dial(t)
			_, err := io.WriteString(conn, request)
			require.NoError(t, err)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			body, err := io.ReadAll(io.LimitReader(resp.Body, resp.ContentLength))
			require.NoError(t, err)
			assert.Equal(t, 202, resp.StatusCode)
			assert.Contains(t, string(body), `"status":"accepted"`)
			<-written
			assert.Empty(t, written, "once, and not yet for the next request")
			close(release)
		})
	}
}

func TestCallbacksBeginEvenIfTheCallerIsGone(t *testing.T) {
	t.Parallel()
	written := make(chan struct{})
	gone := make(chan struct{})
	s := serve(t, &runner{submit: func(*recon.Job) (recon.Submission, error) {
		<-gone
		return recon.Submission{OnWritten: func() { close(written) }}, nil
	}})
	conn := s.dial(t)
	_, err := io.WriteString(conn, rawPost(""))
	require.NoError(t, err)
	require.NoError(t, conn.SetLinger(0))
	conn.Close()
	close(gone)
	<-written
}

func TestARefusedJobIsNeverWritten(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{submit: func(*recon.Job) (recon.Submission, error) {
		return recon.Submission{OnWritten: func() { panic("written") }}, recon.ErrConflict
	}})
	assert.Equal(t, 409, s.post(t, goodJob).status)
}

func TestTooLargeABodyGetsItsAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	for _, size := range []int{1<<20 + 1, 5 << 20} {
		a := s.post(t, strings.Repeat(" ", size))
		assert.Equal(t, 413, a.status)
		assert.Contains(t, a.body, "1048576 bytes")
	}
	chunked := s.raw(t, "POST /api/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n"+strings.Repeat(" ", 0x200000)+"\r\n0\r\n\r\n")
	assert.Contains(t, chunked, "HTTP/1.1 413 ")
	exact := goodJob + strings.Repeat(" ", 1<<20-len(goodJob))
	assert.Equal(t, 202, s.post(t, exact).status, "the limit itself is allowed")
}

func TestWhatIsNotHTTPGetsAProblem(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.ReadTimeout = 50 * time.Millisecond
	s := serveWith(t, cfg, &runner{})
	for request, status := range map[string]string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n":                "400",
		"GET /health HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<16): "431",
		"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{":    "408",
		"GET /health HTTP/1.1\r\nHost":                                        "408",
	} {
		got := s.raw(t, request)
		assert.Contains(t, got, "HTTP/1.1 "+status+" ")
		assert.Contains(t, got, "application/problem+json")
	}
}

func TestStopLetsARequestFinishAndTakesNoOther(t *testing.T) {
	t.Parallel()
	asked, goOn := make(chan struct{}), make(chan struct{})
	s := serve(t, &runner{submit: func(job *recon.Job) (recon.Submission, error) {
		close(asked)
		<-goOn
		return recon.Submission{Status: recon.JobStatus{RunID: job.RunID, State: recon.StateQueued}}, nil
	}})
	idle, busy := s.dial(t), s.dial(t)
	_, err := io.WriteString(busy, rawPost(""))
	require.NoError(t, err)
	<-asked
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(context.Background()) }()
	_, err = idle.Read(make([]byte, 1))
	assert.Error(t, err, "a connection without a request is closed")
	_, err = net.Dial("tcp", s.Addr().String())
	assert.Error(t, err)
	close(goOn)
	answer, err := io.ReadAll(busy)
	require.NoError(t, err)
	assert.Contains(t, string(answer), "HTTP/1.1 202 ")
	assert.Contains(t, string(answer), `"status":"accepted"`, "the whole answer, and then the connection's end")
	require.NoError(t, <-stopped)
}

func TestStopCutsWhatDoesNotFinish(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	slow := s.dial(t)
	_, err := io.WriteString(slow, "POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.NoError(t, s.Stop(ctx))
	assert.Less(t, time.Since(began), 3*time.Second)
}

func TestStartSaysWhichAddressIsTaken(t *testing.T) {
	t.Parallel()
	first := serve(t, &runner{})
	cfg := testConfig()
	cfg.Address = first.Addr().String()
	second := api.New(cfg, parts(&runner{}))
	err := second.Start(t.Context())
	assert.ErrorContains(t, err, "listen for HTTP on "+strconv.Quote(cfg.Address))
	require.NoError(t, second.Stop(context.Background()))
}

func TestConfigNamesEverySettingThatCannotWork(t *testing.T) {
	t.Parallel()
	require.NoError(t, api.DefaultConfig().Validate())
	err := api.Config{}.Validate()
	for _, name := range []string{"address", "body limit", "read timeout", "write timeout", "idle timeout", "connection limit", "retry-after"} {
		assert.ErrorContains(t, err, name)
	}
}
