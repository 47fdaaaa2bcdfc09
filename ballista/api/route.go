package api

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"
)

// handler answers a request, or returns the problem to answer with.
type handler func(ctx *fasthttp.RequestCtx) *problem

// routes lists every route there is; GET routes answer HEAD as well. Whoever
// adds one that is public lets strangers read it.
func (s *Server) routes() fasthttp.RequestHandler {
	r := router.New()
	r.RedirectTrailingSlash = false
	r.RedirectFixedPath = false
	r.HandleOPTIONS = false
	r.NotFound = s.route(otherRoute, s.admitted(notFound))
	r.MethodNotAllowed = s.route(otherRoute, s.admitted(methodNotAllowed))
	public := func(pattern string, h handler) {
		r.GET(pattern, s.route(pattern, h))
		r.HEAD(pattern, s.route(pattern, h))
	}
	get := func(pattern string, h handler) { public(pattern, s.admitted(h)) }
	public("/", s.getPage)
	public("/page/{file}", s.getPageFile)
	public("/health", s.getHealth)
	public("/ready", s.getReady)
	if s.cfg.PublicMetrics {
		public("/metrics", s.getMetrics)
	} else {
		get("/metrics", s.getMetrics)
	}
	get("/api/openapi.json", getOpenAPI)
	get("/api/jobs", s.listJobs)
	get("/api/jobs/{run_id}", s.getJob)
	get("/api/jobs/{run_id}/events", s.watchJob)
	get("/api/jobs/{run_id}/evidence/{file}", s.getEvidence)
	get("/api/events", s.watchAll)
	get("/api/executors", s.listExecutors)
	r.POST("/api/jobs", s.route("/api/jobs", s.admitted(s.postJob)))
	r.DELETE("/api/jobs/{run_id}", s.route("/api/jobs/{run_id}", s.admitted(s.cancelJob)))
	return s.observed(s.recovered(r.Handler))
}

type routeKey struct{}

// otherRoute stands for all paths that are no route's.
const otherRoute = "other"

func (s *Server) route(pattern string, h handler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		ctx.SetUserValue(routeKey{}, pattern)
		p := h(ctx)
		if p == nil {
			return
		}
		if p.cause != nil {
			s.log.ErrorContext(s.contextOf(ctx), "request not carried out", "route", pattern, "error", p.cause)
		}
		p.write(ctx)
	}
}

// recovered turns a panic into an answer that says nothing of the inside.
func (s *Server) recovered(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if v := recover(); v != nil {
				s.log.ErrorContext(s.contextOf(ctx), "panic in a request", "route", routeOf(ctx), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				ctx.Response.Reset()
				internalProblem(nil).write(ctx)
			}
		}()
		next(ctx)
	}
}

// observed counts and logs each answer.
func (s *Server) observed(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		began := time.Now()
		s.contextOf(ctx)
		next(ctx)
		ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
		ctx.Response.Header.Set("Cache-Control", "no-store")
		s.observe(ctx, routeOf(ctx), time.Since(began))
	}
}

func (s *Server) observe(ctx *fasthttp.RequestCtx, route string, took time.Duration) {
	status := ctx.Response.StatusCode()
	ctx.Response.Header.Set(requestHeader, requestIDOf(ctx))
	s.metrics.HTTP.Observe(route, methodOf(ctx), status, took)
	s.log.DebugContext(s.contextOf(ctx), "request answered", "route", route, "method", methodOf(ctx), "status", status, "seconds", took.Seconds())
}

func routeOf(ctx *fasthttp.RequestCtx) string {
	if pattern, ok := ctx.UserValue(routeKey{}).(string); ok {
		return pattern
	}
	return otherRoute
}

// methodOf bounds the methods that become labels.
func methodOf(ctx *fasthttp.RequestCtx) string {
	switch method := string(ctx.Method()); method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}

// refuse answers what cannot be read as a request.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	s.contextOf(ctx)
	p := s.admitToken(&ctx.Request.Header)
	if p == nil || !errors.Is(err, fasthttp.ErrBodyTooLarge) {
		p = s.unreadable(err)
	}
	p.write(ctx)
	if p.Status != fasthttp.StatusRequestTimeout {
		conn := ctx.Conn()
		afterAnswer(ctx, func() { linger(conn) })
	}
	s.observe(ctx, otherRoute, 0)
}

func (s *Server) unreadable(err error) *problem {
	var tooLargeHead *fasthttp.ErrSmallBuffer
	var netErr net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return newProblem(fasthttp.StatusRequestEntityTooLarge, "too-large", "The request is too large",
			fmt.Sprintf("A request may have %d bytes.", s.cfg.MaxBody))
	case errors.As(err, &tooLargeHead):
		return newProblem(fasthttp.StatusRequestHeaderFieldsTooLarge, "too-large", "The request's headers are too large", "")
	case errors.As(err, &netErr) && netErr.Timeout():
		return newProblem(fasthttp.StatusRequestTimeout, "timeout", "The request did not come in time",
			fmt.Sprintf("A request has to be sent within %v.", s.cfg.ReadTimeout))
	}
	return newProblem(fasthttp.StatusBadRequest, "malformed-request", "The request is not HTTP as it should be", "")
}
