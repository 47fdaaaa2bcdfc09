package callback_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/callback"
)

func deliver(t *testing.T, ctx context.Context, client *callback.Client, url string) error {
	t.Helper()
	target, err := callback.ParseTarget(url)
	require.NoError(t, err)
	return client.Post(ctx, callback.Delivery{RunID: "r", Event: callback.EventComplete, ID: "r/final", Attempt: 3, Target: target, Body: []byte(`{"run_id":"r"}`)})
}

func plainClient() *callback.Client {
	return callback.NewClient(callback.ClientConfig{Version: "1.2.3"})
}

func TestClientSendsWhatTheContractSays(t *testing.T) {
	t.Parallel()
	type request struct {
		method, uri, body string
		header            http.Header
	}
	got := make(chan request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Method, r.RequestURI, string(body), r.Header}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	for path, uri := range map[string]string{
		"":                              "/complete",
		"/":                             "/complete",
		"/api/worker":                   "/api/worker/complete",
		"/api/worker/":                  "/api/worker/complete",
		"/api/worker?key=a%2Fb&x":       "/api/worker/complete?key=a%2Fb&x",
		"/a%2Fb//c/../d":                "/a%2Fb//c/../d/complete",
		"/a b?c=d e&f=é":                "/a%20b/complete?c=d%20e&f=%C3%A9",
		"/caf%C3%A9/?next=http://x/?y#": "/caf%C3%A9/complete?next=http://x/?y",
	} {
		require.NoError(t, deliver(t, t.Context(), plainClient(), server.URL+path))
		r := <-got
		assert.Equal(t, "POST", r.method)
		assert.Equal(t, uri, r.uri)
		assert.Equal(t, `{"run_id":"r"}`, r.body)
		assert.Equal(t, "application/json", r.header.Get("Content-Type"))
		assert.Equal(t, "kallad/1.2.3", r.header.Get("User-Agent"))
		assert.Equal(t, "r/final", r.header.Get("Kallad-Delivery"))
		assert.Equal(t, "3", r.header.Get("Kallad-Attempt"))
		assert.Empty(t, r.header.Get("Authorization"))
	}
	withUser := strings.Replace(server.URL, "http://", "http://me:s3%40cret@", 1)
	require.NoError(t, deliver(t, t.Context(), plainClient(), withUser))
	user, secret, _ := (&http.Request{Header: (<-got).header}).BasicAuth()
	assert.Equal(t, [2]string{"me", "s3@cret"}, [2]string{user, secret})
}

func TestTargetNeverShowsCredentials(t *testing.T) {
	t.Parallel()
	target, err := callback.ParseTarget("https://me:s3cret@app:8443/hook/t0ken?key=s3cret")
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(verb, target)
		assert.NotContains(t, text, "s3cret")
		assert.NotContains(t, text, "t0ken")
		assert.Contains(t, text, "https://app:8443")
	}
	_, err = callback.ParseTarget("http://me:s3cret@app:x/")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cret")
}

func TestClientTakesOnly2xxForAnAcknowledgement(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/elsewhere/complete", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	for _, code := range []int{200, 201, 204, 301, 307, 400, 404, 410, 429, 500, 503} {
		mux.HandleFunc(fmt.Sprintf("/%d/complete", code), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "17")
			w.Header().Set("Location", "/elsewhere/complete")
			w.Header().Set("X-Padding", strings.Repeat("x", 20_000))
			w.WriteHeader(code)
			if code != 204 {
				_, _ = io.WriteString(w, strings.Repeat("body ", 50_000))
			}
		})
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, code := range []int{200, 201, 204, 301, 307, 400, 404, 410, 429, 500, 503} {
		err := deliver(t, t.Context(), plainClient(), fmt.Sprintf("%s/%d", server.URL, code))
		if code < 300 {
			assert.NoError(t, err, code)
			continue
		}
		var status *callback.StatusError
		require.ErrorAs(t, err, &status)
		assert.Equal(t, code, status.Code)
		assert.Equal(t, 17*time.Second, status.Wait(time.Now()))
	}
}

// rawServer answers every connection with the given bytes after a request's
// head has come, then closes it, or keeps it open when hang is set.
func rawServer(t *testing.T, answer string, hang bool) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done, release := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 64<<10))
			_, _ = io.WriteString(conn, answer)
			if hang {
				<-release
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		close(release)
		ln.Close()
		<-done
	})
	return "http://" + ln.Addr().String()
}

func TestClientAgainstOddServers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, answer string
		hang         bool
		want         string // "" for acknowledged
	}{
		{"interim answers", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", false, ""},
		{"cut in the body after a 2xx", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", false, ""},
		{"a body that never ends", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", true, ""},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nfine", false, ""},
		{"closed without an answer", "", false, "post to http://127.0.0.1"},
		{"not HTTP", "SSH-2.0-OpenSSH_9\r\n\r\n", false, "post to http://127.0.0.1"},
		{"silence", "", true, "did not answer in time"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			err := deliver(t, ctx, plainClient(), rawServer(t, c.answer, c.hang))
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestClientStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	url := rawServer(t, "", true)
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	target, err := callback.ParseTarget(url)
	require.NoError(t, err)
	go func() {
		result <- plainClient().Post(ctx, callback.Delivery{Event: callback.EventProgress, Target: target, Body: []byte("{}")})
	}()
	cancel(callback.ErrStopped)
	assert.ErrorIs(t, <-result, callback.ErrStopped)
}

func TestClientSpeaksTLSAndChecksTheCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	assert.ErrorContains(t, deliver(t, t.Context(), plainClient(), server.URL), "certificate")

	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	client := callback.NewClient(callback.ClientConfig{TLS: &tls.Config{RootCAs: roots}})
	assert.NoError(t, deliver(t, t.Context(), client, server.URL))
}

func TestClientSaysThatNobodyListens(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := ln.Addr().String()
	ln.Close()
	err = deliver(t, t.Context(), plainClient(), "http://u:s3cret@"+address+"/?k=s3cret")
	assert.ErrorContains(t, err, "connect to http://"+address)
	assert.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "s3cret")
}
