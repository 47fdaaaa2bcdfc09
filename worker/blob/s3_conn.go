package blob

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// connections are those of one store: each with a limit on its silence, all
// closed with the store. (The SDK hides its transport, and with it the idle
// connections.)
type connections struct {
	timeout time.Duration
	dialer  net.Dialer

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool
}

func newConnections(timeout time.Duration) *connections {
	return &connections{timeout: timeout, dialer: net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}, open: map[*conn]struct{}{}}
}

// install returns client with these connections in place of its own. It is
// frozen, or the SDK would put its own dialer back.
func (c *connections) install(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	return buildable.WithReadTimeout(0).WithTransportOptions(func(t *http.Transport) {
		t.DialContext = c.dialContext
		t.MaxIdleConnsPerHost = 64
		t.MaxConnsPerHost = 0
		t.IdleConnTimeout = time.Minute
		// One stream per connection: a window shared by all ranges would undo
		// what reading several at once is for.
		t.ForceAttemptHTTP2 = false
	}).Freeze()
}

var errStoreClosed = errors.New("the S3 store is closed")

func (c *connections) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := c.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.Join(errStoreClosed, raw.Close())
	}
	out := &conn{Conn: raw, home: c}
	c.open[out] = struct{}{}
	return out, nil
}

func (c *connections) close() error {
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	var errs []error
	for conn := range open {
		errs = append(errs, conn.Conn.Close())
	}
	return errors.Join(errs...)
}

// conn fails when nothing moves for too long. A write that moves also keeps
// the read for its answer waiting.
type conn struct {
	net.Conn
	home *connections
}

func (c *conn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.home.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.home.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.home.mu.Lock()
	delete(c.home.open, c)
	c.home.mu.Unlock()
	return c.Conn.Close()
}
