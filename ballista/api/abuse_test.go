package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/api"
)

// impatient is a configuration whose timeouts a test can wait for.
func impatient() api.Config {
	cfg := testConfig()
	cfg.ReadTimeout, cfg.WriteTimeout, cfg.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
	return cfg
}

// untilEnd reads until the server ends the connection; everything that a test
// here does must lead to that within its connection's deadline.
func untilEnd(t *testing.T, conn net.Conn) string {
	t.Helper()
	text, err := io.ReadAll(conn)
	var reset syscall.Errno
	if err != nil {
		require.ErrorAs(t, err, &reset, "the connection was never ended: %v", err)
	}
	return string(text)
}

// drip sends text a byte at a time until the server has had enough.
func drip(conn net.Conn, text string, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := range len(text) {
		if _, err := conn.Write([]byte{text[i]}); err != nil {
			return
		}
		<-tick.C
	}
}

func TestSlowClientsAreEnded(t *testing.T) {
	t.Parallel()
	s := serveWith(t, impatient(), &runner{})
	const head = "POST /api/jobs HTTP/1.1\r\nHost: x\r\n"
	cases := map[string]struct{ at, once string }{
		"says nothing":                 {},
		"head that comes byte by byte": {once: head + strings.Repeat("X-Pad: 1\r\n", 100)},
		"body that comes byte by byte": {at: head + "Content-Length: 5000\r\n\r\n", once: strings.Repeat("{", 5000)},
		"chunks that never end":        {at: head + "Transfer-Encoding: chunked\r\n\r\n", once: strings.Repeat("1\r\n{\r\n", 1000)},
		"body that stops":              {at: head + "Content-Length: 5000\r\n\r\n{"},
		"idle after a request":         {at: "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := s.dial(t)
			began := time.Now()
			_, err := io.WriteString(conn, c.at)
			require.NoError(t, err)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				drip(conn, c.once, 5*time.Millisecond)
			}()
			untilEnd(t, conn)
			assert.Less(t, time.Since(began), 3*time.Second)
			conn.Close()
			<-sent
		})
	}
}

func TestAnAnswerThatIsNotTakenIsGivenUp(t *testing.T) {
	t.Parallel()
	s := serveWith(t, impatient(), &runner{})
	conn := s.dial(t)
	require.NoError(t, conn.SetReadBuffer(4096))
	// Pipelined without end, while no answer is read.
	request := strings.Repeat("GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 100)
	for {
		if _, err := io.WriteString(conn, request); err != nil {
			var netErr net.Error
			require.False(t, assert.ErrorAs(t, err, &netErr) && netErr.Timeout(), "the server never gave up")
			return
		}
	}
}

func TestHugeHeadsAreRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	big := strings.Repeat("x", 32<<10)
	for name, request := range map[string]string{
		"one header":    "GET /health HTTP/1.1\r\nHost: x\r\nX: " + big + "\r\n\r\n",
		"many headers":  "GET /health HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: 12345\r\n", 4000) + "\r\n",
		"path":          "GET /" + big + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"never a break": big,
	} {
		conn := s.dial(t)
		_, err := io.WriteString(conn, request)
		require.NoError(t, err)
		require.NoError(t, conn.CloseWrite())
		assert.Contains(t, untilEnd(t, conn), "HTTP/1.1 431 ", name)
	}
	fits := "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + strings.Repeat("x", 12<<10) + "\r\n\r\n"
	assert.Contains(t, s.raw(t, fits), "HTTP/1.1 200 ")
}

func TestAClientThatHasSaidAllGetsItsAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, &runner{})
	conn := s.dial(t)
	_, err := io.WriteString(conn, rawPost(""))
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	assert.Contains(t, untilEnd(t, conn), "HTTP/1.1 202 ")
}

func TestRequestsOfTwoReadingsAreRefused(t *testing.T) {
	t.Parallel()
	cfg := impatient()
	s := serveWith(t, cfg, &runner{})
	for name, head := range map[string]string{
		"length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"two lengths":       "Content-Length: 5\r\nContent-Length: 44\r\n",
		"negative length":   "Content-Length: -1\r\n",
		"unknown coding":    "Transfer-Encoding: xchunked\r\n",
	} {
		got := s.raw(t, "POST /api/jobs HTTP/1.1\r\nHost: x\r\n"+head+"\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
		assert.Contains(t, got, "HTTP/1.1 400 ", name)
		assert.NotContains(t, got, `"status":"ok"`, "%s: what follows is not another request", name)
	}
}

func TestConnectionsFromOneAddressAreBounded(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.MaxConnectionsPerAddress, cfg.MaxConnections = 3, 4
	s := serveWith(t, cfg, &runner{})
	open := make([]net.Conn, 3)
	for i := range open {
		open[i] = s.dial(t)
		require.Equal(t, 200, ask(t, open[i]))
	}
	assert.Empty(t, untilEnd(t, s.dial(t)), "a fourth from there is ended")
	other, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer other.Close()
	require.Equal(t, 200, ask(t, other), "one from elsewhere is served")
	third, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}}).Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer third.Close()
	require.NoError(t, third.SetDeadline(time.Now().Add(10*time.Second)))
	assert.Empty(t, untilEnd(t, third), "and then there are too many in all")
	require.Contains(t, s.log.String(), "too many are open")

	require.NoError(t, open[0].Close())
	require.Eventually(t, func() bool {
		again, err := net.Dial("tcp", s.Addr().String())
		require.NoError(t, err)
		defer again.Close()
		require.NoError(t, again.SetDeadline(time.Now().Add(time.Second)))
		_, err = io.WriteString(again, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
		if err != nil {
			return false
		}
		_, err = http.ReadResponse(bufio.NewReader(again), nil)
		return err == nil
	}, 10*time.Second, 5*time.Millisecond, "a connection that has ended counts no more")
}

// ask makes a request on a connection that stays open.
func ask(t *testing.T, conn net.Conn) int {
	t.Helper()
	_, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return resp.StatusCode
}
