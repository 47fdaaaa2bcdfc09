package shuffle

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// ClientConfig are the tunables of a Client.
type ClientConfig struct {
	// DialOptions say how to connect: transport credentials, or insecure ones,
	// and whatever proves who we are. No default.
	DialOptions []grpc.DialOption
	// Silence is how long a peer may send nothing while it is waited for.
	// Default: 30 s.
	Silence time.Duration
	// Attempts is how often a peer that can't be reached, or whose connection
	// breaks, is tried in a row. Default: 2, the second time over a connection
	// that is made anew. Who does not answer then is gone for longer than a
	// reader should wait while what it needs can be made again by others.
	Attempts int
	// Pause is the time before the second attempt; it doubles from then on.
	// Default: 100 ms.
	Pause time.Duration
}

func (c ClientConfig) withDefaults() ClientConfig {
	if c.Silence == 0 {
		c.Silence = 30 * time.Second
	}
	if c.Attempts == 0 {
		c.Attempts = 2
	}
	if c.Pause == 0 {
		c.Pause = 100 * time.Millisecond
	}
	return c
}

// maxMessage is the largest message: a block of one row, and its frame.
const maxMessage = MaxBlock + 1<<20

// Client reads pieces wherever they are. It is safe for concurrent use.
type Client struct {
	cfg   ClientConfig
	self  string
	local *Store

	mu     sync.Mutex
	closed bool
	conns  map[string]*conn
}

// conn is a connection that streams share.
type conn struct {
	*grpc.ClientConn
	streams int
	idle    time.Time
}

// idleConn is how long a connection is kept after its last stream.
const idleConn = 5 * time.Minute

// NewClient returns a client of the process whose executor id is self, with
// its own store. Close it.
func NewClient(cfg ClientConfig, self string, local *Store) *Client {
	return &Client{cfg: cfg.withDefaults(), self: self, local: local, conns: map[string]*conn{}}
}

// Open opens a piece that an executor holds and serves at an address,
// host:port. A piece of this process's own does not touch the network. The
// returned reader ends with the first ctx that ends, Open's or that of Next.
func (c *Client) Open(ctx context.Context, address, executor string, key Key) (Reader, error) {
	if executor == c.self {
		return c.local.open(ctx, key, c.self)
	}
	if err := key.validate(); err != nil {
		return nil, fmt.Errorf("read a piece: %w", err)
	}
	conn, err := c.acquire(address)
	if err != nil {
		return nil, fmt.Errorf("connect to executor %s at %s: %w", executor, address, err)
	}
	r := &remoteReader{client: c, conn: conn, address: address, executor: executor, key: key}
	if err := r.open(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// acquire returns the connection to an address. Those that nobody has used
// for long are closed on the way.
func (c *Client) acquire(address string) (*conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	now := time.Now()
	for name, other := range c.conns {
		if other.streams == 0 && now.Sub(other.idle) > idleConn && name != address {
			delete(c.conns, name)
			_ = other.Close()
		}
	}
	if have := c.conns[address]; have != nil {
		have.streams++
		return have, nil
	}
	dialed, err := grpc.NewClient(address, append(clientOptions(), c.cfg.DialOptions...)...)
	if err != nil {
		return nil, err
	}
	c.conns[address] = &conn{ClientConn: dialed, streams: 1}
	return c.conns[address], nil
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *Client) release(conn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn.streams--
	conn.idle = time.Now()
}

// Close closes all connections. Readers that are open end with an error.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
	return nil
}

// clientOptions are those of every connection. The windows bound what the peer
// sends ahead of what is read.
func clientOptions() []grpc.DialOption {
	const window = 1 << 20
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.ForceCodecV2(newCodec())),
		grpc.WithReadBufferSize(wireBuffer),
		grpc.WithInitialWindowSize(window),
		grpc.WithInitialConnWindowSize(4 * window),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
}

func (c *conn) flight() flight.FlightServiceClient {
	return flight.NewFlightServiceClient(c.ClientConn)
}
