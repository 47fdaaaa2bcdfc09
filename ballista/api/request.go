package api

import (
	"context"
	"errors"

	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel/attribute"

	"kallad/worker/trace"
)

// requestHeader bears a request's id, in both directions.
const requestHeader = "X-Request-Id"

type contextKey struct{}

// contextOf is what is known of a request beside what it says: its id and its
// span. It does not end with the connection.
func (s *Server) contextOf(ctx *fasthttp.RequestCtx) context.Context {
	if c, ok := ctx.UserValue(contextKey{}).(context.Context); ok {
		return c
	}
	c := trace.WithRequest(s.ctx, trace.RequestID(string(ctx.Request.Header.Peek(requestHeader))))
	ctx.SetUserValue(contextKey{}, c)
	return c
}

// requestIDOf is the id that contextOf gave the request.
func requestIDOf(ctx *fasthttp.RequestCtx) string {
	c, ok := ctx.UserValue(contextKey{}).(context.Context)
	if !ok {
		return ""
	}
	return trace.Request(c)
}

var errServer = errors.New("the answer is a server error")

// traced gives a span to a request that changes something, or that is part of
// its caller's trace. Others are too many and tell too little.
func (s *Server) traced(ctx *fasthttp.RequestCtx, h handler) *problem {
	carried := map[string]string{}
	for _, name := range []string{"traceparent", "tracestate"} {
		if value := ctx.Request.Header.Peek(name); len(value) > 0 {
			carried[name] = string(value)
		}
	}
	if len(carried) == 0 && (ctx.IsGet() || ctx.IsHead()) {
		return h(ctx)
	}
	c := s.contextOf(ctx)
	c, span := trace.Serve(trace.Continue(c, carried), methodOf(ctx)+" "+routeOf(ctx),
		attribute.String("http.request.method", methodOf(ctx)), attribute.String("http.route", routeOf(ctx)),
		attribute.String("request_id", trace.Request(c)))
	ctx.SetUserValue(contextKey{}, c)
	p := h(ctx)
	status := ctx.Response.StatusCode()
	if p != nil {
		status = p.Status
	}
	span.Set(attribute.Int("http.response.status_code", status))
	if status >= fasthttp.StatusInternalServerError {
		span.End(errServer)
		return p
	}
	span.End(nil)
	return p
}
