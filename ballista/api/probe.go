package api

import (
	_ "embed"
	"fmt"

	"github.com/valyala/fasthttp"

	"kallad/worker/health"
)

// openAPI describes every route and answer; a test holds it against them.
//
//go:embed openapi.json
var openAPI []byte

// probe is the answer of /health and /ready.
type probe struct {
	Status   string           `json:"status"`
	Version  string           `json:"version"`
	Problems []health.Problem `json:"problems,omitempty"`
}

func (s *Server) getHealth(ctx *fasthttp.RequestCtx) *problem {
	s.writeProbe(ctx, "ok", s.health.Live())
	return nil
}

func (s *Server) getReady(ctx *fasthttp.RequestCtx) *problem {
	s.writeProbe(ctx, "ready", s.health.Ready())
	return nil
}

func (s *Server) writeProbe(ctx *fasthttp.RequestCtx, good string, problems []health.Problem) {
	answer := probe{Status: good, Version: s.cfg.Version, Problems: problems}
	status := fasthttp.StatusOK
	if len(problems) > 0 {
		answer.Status, status = "unavailable", fasthttp.StatusServiceUnavailable
	}
	writeJSON(ctx, status, "application/json", answer)
}

func (s *Server) getMetrics(ctx *fasthttp.RequestCtx) *problem {
	if err := s.metrics.WriteText(ctx); err != nil {
		ctx.Response.ResetBody()
		return internalProblem(fmt.Errorf("answer with metrics: %w", err))
	}
	ctx.SetContentType(s.metrics.ContentType())
	return nil
}

func getOpenAPI(ctx *fasthttp.RequestCtx) *problem {
	ctx.SetContentType("application/json")
	ctx.SetBody(openAPI)
	return nil
}
