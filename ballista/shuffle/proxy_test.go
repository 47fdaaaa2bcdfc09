package shuffle_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a client and a server and does to their connections
// what networks do.
type proxy struct {
	t        testing.TB
	listener net.Listener
	target   string
	wait     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	// refuse closes new connections at once; stalled, when it is there, stops
	// all bytes until it is closed.
	refuse  bool
	stalled chan struct{}

	// accepted counts connections.
	accepted atomic.Int64
	// toClient sees, and may change, what the server sends; n is how much
	// has gone before on that connection. It says whether to go on.
	toClient func(conn int64, n int64, b []byte) bool
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{t: t, listener: listener, target: target, conns: map[net.Conn]bool{}}
	p.wait.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		number := p.accepted.Add(1)
		p.mu.Lock()
		refuse := p.refuse
		p.mu.Unlock()
		if refuse {
			_ = client.Close()
			continue
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.track(client)
		p.track(server)
		p.wait.Go(func() { p.pump(server, client, func(int64, []byte) bool { return true }) })
		p.wait.Go(func() {
			p.pump(client, server, func(n int64, b []byte) bool {
				return p.toClient == nil || p.toClient(number, n, b)
			})
		})
	}
}

func (p *proxy) pump(to, from net.Conn, see func(n int64, b []byte) bool) {
	defer p.forget(to)
	defer p.forget(from)
	buf, sent := make([]byte, 16<<10), int64(0)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		stalled := p.stalled
		p.mu.Unlock()
		if stalled != nil {
			<-stalled
		}
		if n > 0 && !see(sent, buf[:n]) {
			return
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
		sent += int64(n)
	}
}

func (p *proxy) track(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

func (p *proxy) forget(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// cut ends all connections, and refuses new ones if it is to stay so.
func (p *proxy) cut(stay bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = stay
	for c := range p.conns {
		_ = c.Close()
	}
}

// stall stops all bytes until it is called again.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled != nil {
		close(p.stalled)
		p.stalled = nil
		return
	}
	p.stalled = make(chan struct{})
}

func (p *proxy) close() {
	p.mu.Lock()
	stalled := p.stalled != nil
	p.mu.Unlock()
	if stalled {
		p.stall()
	}
	require.NoError(p.t, p.listener.Close())
	p.cut(true)
	p.wait.Wait()
}
