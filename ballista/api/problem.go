package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"kallad/worker/recon"
)

// problem is an RFC 9457 problem document.
type problem struct {
	// Type tells the kinds of problems apart for programs.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Errors names the fields that are wrong.
	Errors []recon.FieldError `json:"errors,omitempty"`
	// RequestID is what the log knows the request by.
	RequestID string `json:"request_id,omitempty"`

	retryAfter time.Duration
	challenge  string // the WWW-Authenticate header
	cause      error  // logged, never shown
}

func newProblem(status int, kind, title, detail string) *problem {
	return &problem{Type: "urn:kallad:problem:" + kind, Title: title, Status: status, Detail: detail}
}

func (p *problem) write(ctx *fasthttp.RequestCtx) {
	if p.retryAfter > 0 {
		seconds := int(math.Ceil(p.retryAfter.Seconds()))
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(seconds))
	}
	if p.challenge != "" {
		ctx.Response.Header.Set("WWW-Authenticate", p.challenge)
	}
	p.RequestID = requestIDOf(ctx)
	writeJSON(ctx, p.Status, "application/problem+json", p)
}

// problemOf says what an error of the runner or of the job's validation is to
// the caller.
func (s *Server) problemOf(err error) *problem {
	var fields *recon.ValidationError
	var syntax *recon.SyntaxError
	var later *recon.UnavailableError
	switch {
	case errors.As(err, &syntax):
		return newProblem(fasthttp.StatusBadRequest, "malformed-json", "The request is not a JSON object", syntax.Error())
	case errors.As(err, &fields):
		p := newProblem(fasthttp.StatusBadRequest, "invalid-request", "Some fields of the request are wrong", fields.Error())
		p.Errors = fields.Fields
		return p
	case recon.IsInput(err):
		return newProblem(fasthttp.StatusBadRequest, "invalid-request", "The request cannot be carried out", err.Error())
	case errors.Is(err, recon.ErrConflict):
		return newProblem(fasthttp.StatusConflict, "conflict", "The run_id is taken", err.Error())
	case errors.Is(err, recon.ErrUnknownRun):
		return newProblem(fasthttp.StatusNotFound, "unknown-run", "There is no such job", err.Error())
	case errors.Is(err, recon.ErrFinished):
		return newProblem(fasthttp.StatusConflict, "finished", "The job has ended", err.Error())
	case errors.Is(err, recon.ErrQueueFull), errors.Is(err, recon.ErrDraining), errors.Is(err, recon.ErrNotStored):
		p := newProblem(fasthttp.StatusServiceUnavailable, "unavailable", "No further job can be taken now", err.Error())
		p.retryAfter = s.cfg.RetryAfter
		if errors.As(err, &later) && later.RetryAfter > 0 {
			p.retryAfter = later.RetryAfter
		}
		return p
	}
	return internalProblem(err)
}

// internalProblem shows nothing of err: what a caller cannot mend it need not
// know, and it may tell of things inside.
func internalProblem(err error) *problem {
	p := newProblem(fasthttp.StatusInternalServerError, "internal", "kallad made a mistake", "The request could not be carried out; the log of the server says why.")
	p.cause = err
	return p
}

func notFound(*fasthttp.RequestCtx) *problem {
	return newProblem(fasthttp.StatusNotFound, "not-found", "There is nothing at this path",
		"The paths are listed by GET /api/openapi.json.")
}

// methodNotAllowed relies on the router for the Allow header, which has OPTIONS
// in it whether or not that is answered.
func methodNotAllowed(ctx *fasthttp.RequestCtx) *problem {
	allowed := strings.Split(string(ctx.Response.Header.Peek("Allow")), ", ")
	allow := strings.Join(slices.DeleteFunc(allowed, func(method string) bool { return method == fasthttp.MethodOptions }), ", ")
	ctx.Response.Header.Set("Allow", allow)
	return newProblem(fasthttp.StatusMethodNotAllowed, "method-not-allowed", "The path does not have this method", "Allowed: "+allow)
}

func writeJSON(ctx *fasthttp.RequestCtx, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode answer: %w", err))
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType(contentType)
	ctx.SetBody(append(body, '\n'))
}
