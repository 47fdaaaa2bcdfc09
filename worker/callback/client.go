package callback

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"kallad/worker/reach"
	"kallad/worker/trace"
)

// ClientConfig tunes how a callback is posted.
type ClientConfig struct {
	// Version is shown in the User-Agent header, as kallad/<version>.
	Version string
	// TLS is used for https; nil takes the system's roots. It is not changed.
	TLS *tls.Config
	// Reach says where callbacks may go. The zero value lets them go anywhere
	// but to the metadata of machines.
	Reach reach.Rules
	// Signer signs what is sent; nil sends it unsigned.
	Signer Signer
}

// Signer signs messages by the scheme of Standard Webhooks. It is safe for
// concurrent use.
type Signer interface {
	// Sign returns the value of the webhook-signature header.
	Sign(id string, at time.Time, body []byte) string
}

// Client posts deliveries, one connection each: callbacks are few, and a kept
// connection that the receiver closes at the moment of the next request is the
// usual way to lose one. It does not follow redirects and does not retry.
type Client struct {
	cfg    ClientConfig
	dialer *reach.Dialer
}

// NewClient returns a client.
func NewClient(cfg ClientConfig) *Client {
	return &Client{cfg: cfg, dialer: &reach.Dialer{Rules: cfg.Reach}}
}

// maxHead bounds an answer's status line and headers, in bytes.
const maxHead = 64 << 10

// maxAnswer bounds what is read of an answer's body, in bytes, and
// maxAnswerWait the time for it. Both are a courtesy: the status has said all.
const (
	maxAnswer     = 64 << 10
	maxAnswerWait = time.Second
)

// Post implements Poster. ctx's deadline bounds the connecting, the sending
// and the wait for the status together.
func (c *Client) Post(ctx context.Context, d Delivery) error {
	conn, err := c.dial(ctx, d.Target)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", d.Target, timeoutOf(ctx, err))
	}
	defer conn.Close()
	// A deadline in the past wakes reads and writes that are under way.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := exchange(conn, c.request(ctx, d)); err != nil {
		var status *StatusError
		if errors.As(err, &status) {
			return err
		}
		return fmt.Errorf("post to %s: %w", d.Target, timeoutOf(ctx, err))
	}
	return nil
}

// Reach connects to a target as a callback would, and posts nothing.
func (c *Client) Reach(ctx context.Context, t Target) error {
	conn, err := c.dial(ctx, t)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", t, timeoutOf(ctx, err))
	}
	return conn.Close()
}

func (c *Client) dial(ctx context.Context, t Target) (net.Conn, error) {
	conn, err := c.dialer.DialContext(ctx, "tcp", t.address)
	if err != nil || !t.secure {
		return conn, err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.cfg.TLS != nil {
		cfg = c.cfg.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = t.hostname
	}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

func (c *Client) request(ctx context.Context, d Delivery) *fasthttp.Request {
	req := &fasthttp.Request{}
	h := &req.Header
	h.DisableNormalizing()
	h.SetMethod(fasthttp.MethodPost)
	h.SetRequestURI(d.Target.requestURI(d.Event))
	h.SetHost(d.Target.host)
	h.SetUserAgent("kallad/" + c.cfg.Version)
	h.SetContentType("application/json")
	h.Set("Connection", "close")
	h.Set("Kallad-Delivery", d.ID)
	h.Set("Kallad-Attempt", fmt.Sprint(d.Attempt))
	for name, value := range trace.Carry(ctx) {
		h.Set(name, value)
	}
	if d.Target.authorization != "" {
		h.Set("Authorization", d.Target.authorization)
	}
	if c.cfg.Signer != nil {
		now := time.Now()
		h.Set("webhook-id", d.ID)
		h.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
		h.Set("webhook-signature", c.cfg.Signer.Sign(d.ID, now, d.Body))
	}
	req.SetBodyRaw(d.Body)
	return req
}

// exchange sends the request and reads the answer's status. Once a status has
// come, nothing that happens to the rest of the answer matters.
func exchange(conn net.Conn, req *fasthttp.Request) error {
	w := bufio.NewWriter(conn)
	writeErr := req.Write(w)
	if writeErr == nil {
		writeErr = w.Flush()
	}
	// A receiver may refuse early and close: its answer says more than the
	// broken pipe does.
	r := bufio.NewReaderSize(conn, maxHead)
	var resp fasthttp.Response
	if err := readStatus(r, &resp); err != nil {
		if writeErr != nil {
			return writeErr
		}
		return err
	}
	code := resp.StatusCode()
	if err := conn.SetReadDeadline(time.Now().Add(maxAnswerWait)); err == nil && !bodyless(code) {
		_ = resp.ReadBody(r, maxAnswer)
	}
	if code < 200 || code > 299 {
		return &StatusError{Code: code, RetryAfter: string(resp.Header.Peek("Retry-After"))}
	}
	return nil
}

// readStatus reads an answer's head, past interim answers such as 103.
func readStatus(r *bufio.Reader, resp *fasthttp.Response) error {
	for range 8 {
		if err := resp.Header.Read(r); err != nil {
			return err
		}
		if code := resp.StatusCode(); code >= 200 || code == fasthttp.StatusSwitchingProtocols {
			return nil
		}
	}
	return errors.New("the receiver sends interim answers without end")
}

func bodyless(code int) bool {
	return code == fasthttp.StatusNoContent || code == fasthttp.StatusNotModified
}

// timeoutOf says why ctx ended in place of the I/O error that this caused.
func timeoutOf(ctx context.Context, err error) error {
	if ctx.Err() == nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	return errors.New("the receiver did not answer in time")
}
