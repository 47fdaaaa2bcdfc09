package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"kallad/worker/recon"
)

// stream is an answer of server-sent events (HTML Living Standard, section
// 9.2). It is read by the goroutine that serves the connection, so it needs
// none of its own: Read waits for the next event, and the connection's write
// deadline moves on with each of them. A reader that is slow gets fewer
// events; one that is gone is found out by the next write.
type stream struct {
	server *Server
	conn   net.Conn
	watch  recon.Watch
	// more writes what there is to tell now. It returns after which time it
	// wants to be asked again although nothing changed, 0 for never, and false
	// when all is told.
	more more
	// id numbers the events, going on from what the reader saw last.
	id    uint64
	buf   bytes.Buffer
	ended bool
}

type more func(now time.Time) (again time.Duration, ok bool)

var _ io.ReadCloser = (*stream)(nil)

// finalMark follows the number in the id of a job's last event.
const finalMark = "-end"

// startStream answers with a stream, or says why not. The stream is filled by
// what fill returns.
func (s *Server) startStream(ctx *fasthttp.RequestCtx, runID string, fill func(*stream) more) *problem {
	ctx.SetContentType("text/event-stream")
	if ctx.IsHead() {
		return nil
	}
	if !s.takeStream() {
		p := newProblem(fasthttp.StatusServiceUnavailable, "unavailable", "Too many event streams are open",
			fmt.Sprintf("At most %d may be; ask for the job's state instead.", s.cfg.MaxStreams))
		p.retryAfter = s.cfg.RetryAfter
		return p
	}
	last, _ := strconv.ParseUint(string(ctx.Request.Header.Peek("Last-Event-ID")), 10, 63)
	e := &stream{server: s, conn: ctx.Conn(), watch: s.runner.Watch(runID), id: last}
	e.more = fill(e)
	// Proxies that collect answers before they pass them on are asked not to.
	ctx.Response.Header.Set("X-Accel-Buffering", "no")
	ctx.Response.SetBodyStream(e, -1)
	return nil
}

func (s *Server) takeStream() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams >= s.cfg.MaxStreams {
		return false
	}
	s.streams++
	s.metrics.HTTP.Streams.Inc()
	return true
}

// Close implements io.Closer; the server calls it once the answer is written
// or given up.
func (e *stream) Close() error {
	e.watch.Stop()
	e.server.mu.Lock()
	defer e.server.mu.Unlock()
	e.server.streams--
	e.server.metrics.HTTP.Streams.Dec()
	return nil
}

// Read implements io.Reader.
func (e *stream) Read(p []byte) (int, error) {
	for e.buf.Len() == 0 {
		if e.ended {
			return 0, io.EOF
		}
		e.fill()
	}
	if err := e.conn.SetWriteDeadline(time.Now().Add(e.server.cfg.WriteTimeout)); err != nil {
		return 0, err
	}
	return e.buf.Read(p)
}

// fill waits until there is something to write.
func (e *stream) fill() {
	quiet := time.NewTimer(e.server.cfg.Heartbeat)
	defer quiet.Stop()
	for {
		again, ok := e.more(time.Now())
		e.ended = !ok
		if e.ended || e.buf.Len() > 0 {
			return
		}
		var later <-chan time.Time
		if again > 0 {
			later = time.After(again)
		}
		select {
		case <-e.watch.Changed:
		case <-later:
		case <-quiet.C:
			e.buf.WriteString(": still here\n\n")
			return
		case <-e.server.life.Done():
			e.ended = true
			return
		}
	}
}

// write adds an event. mark is added to its id.
func (e *stream) write(event, mark string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode event: %w", err))
	}
	e.id++
	fmt.Fprintf(&e.buf, "id: %d%s\nevent: %s\ndata: %s\n\n", e.id, mark, event, data)
}

// sawEnd reports whether the reader was told the end before, so that a browser
// that connects again by itself can be told to stop.
func sawEnd(ctx *fasthttp.RequestCtx) bool {
	return strings.HasSuffix(string(ctx.Request.Header.Peek("Last-Event-ID")), finalMark)
}
