package s3test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Fault is how a Proxy treats one request. The zero value passes it on.
type Fault struct {
	// Status and Code answer in the server's place, such as 503 SlowDown.
	Status int
	Code   string
	// Cut breaks the connection: after CutAfter bytes of the answer's body.
	Cut      bool
	CutAfter int64
	// CutRequest breaks the connection when CutAfter bytes of the request's
	// body have come; the server never sees the request.
	CutRequest bool
	// Hang neither passes the request on nor answers, until the client leaves.
	Hang bool
	// Delay comes before all else.
	Delay time.Duration
	// BytesPerSecond slows the answer's body down.
	BytesPerSecond int64
	// Before runs before the request is passed on, such as to replace the
	// object that is asked for.
	Before func()
}

// Proxy stands between a client and an S3 server.
type Proxy struct {
	// Endpoint is the proxy's own address.
	Endpoint string

	server *httptest.Server
	behind *httputil.ReverseProxy

	mu       sync.Mutex
	decide   func(r *http.Request) Fault
	requests []string
}

// NewProxy starts a proxy to endpoint that misbehaves as decide says of each
// request; nil is never. It is gone at the test's end.
func NewProxy(t testing.TB, endpoint string, decide func(r *http.Request) Fault) *Proxy {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	p := &Proxy{decide: decide}
	p.behind = &httputil.ReverseProxy{
		// The Host header stays the client's, because its signature covers it.
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		Transport: transport,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // a client that left, or a server that is gone
		},
	}
	p.server = httptest.NewServer(p)
	p.Endpoint = p.server.URL
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// Requests returns the requests so far, each as its method, its path and the
// kind of its query, such as "PUT /test-1/a?partNumber".
func (p *Proxy) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

// Forget begins the requests anew.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
}

func (p *Proxy) note(r *http.Request) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	what := r.Method + " " + r.URL.Path
	for _, kind := range []string{"uploads", "partNumber", "uploadId", "list-type"} {
		if r.URL.Query().Has(kind) {
			what += "?" + kind
			break
		}
	}
	p.requests = append(p.requests, what)
	if p.decide == nil {
		return Fault{}
	}
	return p.decide(r)
}

// ServeHTTP passes a request on, or does not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.note(r)
	if f.Delay > 0 {
		pause(r, f.Delay)
	}
	if f.Before != nil {
		f.Before()
	}
	switch {
	case f.Hang:
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the client leave
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.CutRequest:
		_, _ = io.CopyN(io.Discard, r.Body, f.CutAfter)
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(f.Status)
		_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>made up</Message></Error>`, f.Code)
	default:
		p.behind.ServeHTTP(&faultyWriter{ResponseWriter: w, fault: f, request: r}, r)
		if f.Cut {
			panic(http.ErrAbortHandler)
		}
	}
}

func pause(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

// faultyWriter cuts or slows an answer's body.
type faultyWriter struct {
	http.ResponseWriter
	request *http.Request
	fault   Fault
	written int64
}

func (w *faultyWriter) WriteHeader(status int) {
	// A cut at once is one that the client gets no answer from at all. (100
	// Continue is none, and comes from a goroutine that must not panic.)
	if w.fault.Cut && w.fault.CutAfter == 0 && status >= http.StatusOK {
		panic(http.ErrAbortHandler)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *faultyWriter) Write(b []byte) (int, error) {
	if w.fault.BytesPerSecond > 0 {
		pause(w.request, time.Duration(int64(len(b))*int64(time.Second)/w.fault.BytesPerSecond))
	}
	if !w.fault.Cut || w.written+int64(len(b)) < w.fault.CutAfter {
		w.written += int64(len(b))
		return w.ResponseWriter.Write(b)
	}
	_, _ = w.ResponseWriter.Write(b[:w.fault.CutAfter-w.written])
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}
