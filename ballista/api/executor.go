package api

import (
	"github.com/valyala/fasthttp"

	"kallad/worker/recon"
)

// executorList is the answer of GET /api/executors.
type executorList struct {
	// Executors is empty when there is none: then the scheduler does the work
	// of its jobs itself.
	Executors []recon.ExecutorStatus `json:"executors"`
	Scheduler recon.Load             `json:"scheduler"`
}

func (s *Server) executors() executorList {
	list := executorList{Executors: s.cluster.Executors(), Scheduler: s.runner.Load()}
	if list.Executors == nil {
		list.Executors = []recon.ExecutorStatus{}
	}
	return list
}

func (s *Server) listExecutors(ctx *fasthttp.RequestCtx) *problem {
	writeJSON(ctx, fasthttp.StatusOK, "application/json", s.executors())
	return nil
}
