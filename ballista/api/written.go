package api

import (
	"io"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// afterAnswer runs do when the request is done with: its answer was handed to
// the network, or that has failed.
//
// A handler returns before its answer is written, so the hook hangs on what
// fasthttp does afterwards: it closes a request's user values when it resets
// the request, which comes after the flush, also when the connection ends.
// With pipelined requests it would put the flush off until the last of them;
// the server's ReduceMemoryUsage setting makes it flush each answer.
func afterAnswer(ctx *fasthttp.RequestCtx, do func()) {
	ctx.SetUserValue(hookKey{}, hook(do))
}

type hookKey struct{}

type hook func()

func (h hook) Close() error {
	h()
	return nil
}

var _ io.Closer = hook(nil)

// What a sender of too large a body may still send before its connection is
// cut, in bytes and time.
const (
	lingerBytes = 16 << 20
	lingerTime  = time.Second
)

// linger lets the other end read the answer to a request of which a part was
// not read: closing at once would reset the connection and lose the answer.
func linger(conn net.Conn) {
	if tcp, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = tcp.CloseWrite()
	}
	if err := conn.SetReadDeadline(time.Now().Add(lingerTime)); err == nil {
		_, _ = io.CopyN(io.Discard, conn, lingerBytes)
	}
}
