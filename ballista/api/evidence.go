package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"kallad/worker/recon"
)

// Evidence shows what jobs have left behind. It is safe for concurrent use.
type Evidence interface {
	// Rows returns the first rows of an evidence file, at most limit; path is
	// the file as a job's result names it. It reads little more of the file
	// than those. The error is an input error when the file is gone.
	Rows(ctx context.Context, path string, limit int) (*recon.EvidenceRows, error)
}

const (
	// defaultRows and maxRows are how many rows are shown unless the request
	// says another number, and the most.
	defaultRows = 50
	maxRows     = 500
	// evidenceTime bounds the reading of rows, which may be far away.
	evidenceTime = 20 * time.Second
	// evidenceReaders is how many requests read evidence at once.
	evidenceReaders = 4
)

func (s *Server) getEvidence(ctx *fasthttp.RequestCtx) *problem {
	limit, err := rowLimit(ctx.QueryArgs())
	if err != nil {
		return s.problemOf(err)
	}
	status, ok := s.runner.Job(runIDOf(ctx))
	if !ok {
		return s.problemOf(recon.ErrUnknownRun)
	}
	name, _ := ctx.UserValue("file").(string)
	var path string
	known := false
	if status.Result != nil {
		path, known = status.Result.OutputPaths.Path(recon.EvidenceFile(strings.TrimSuffix(name, ".parquet")))
	}
	switch {
	case status.Result == nil:
		return newProblem(fasthttp.StatusNotFound, "no-evidence", "The job has no evidence",
			fmt.Sprintf("Its state is %s; evidence is there when it has succeeded.", status.State))
	case !known:
		return newProblem(fasthttp.StatusNotFound, "no-evidence", "There is no such evidence file",
			"The files are matched, unmatched_left and unmatched_right.")
	}
	return s.readEvidence(ctx, path, limit)
}

func (s *Server) readEvidence(ctx *fasthttp.RequestCtx, path string, limit int) *problem {
	select {
	case s.readers <- struct{}{}:
		defer func() { <-s.readers }()
	default:
		p := newProblem(fasthttp.StatusServiceUnavailable, "unavailable", "Evidence is being read by too many", "Try again in a moment.")
		p.retryAfter = time.Second
		return p
	}
	bounded, cancel := context.WithTimeout(s.life, evidenceTime)
	defer cancel()
	rows, err := s.evidence.Rows(bounded, path, limit)
	switch {
	case recon.IsInput(err):
		return newProblem(fasthttp.StatusNotFound, "no-evidence", "The evidence is no longer where the job left it", recon.RedactURL(err.Error()))
	case err != nil:
		return internalProblem(err)
	}
	writeJSON(ctx, fasthttp.StatusOK, "application/json", rows)
	return nil
}

func rowLimit(args *fasthttp.Args) (int, error) {
	if !args.Has("limit") {
		return defaultRows, nil
	}
	limit, err := strconv.Atoi(string(args.Peek("limit")))
	if err != nil || limit < 1 || limit > maxRows {
		return 0, &recon.ValidationError{Fields: []recon.FieldError{{Field: "limit", Message: fmt.Sprintf("must be a number from 1 to %d", maxRows)}}}
	}
	return limit, nil
}
