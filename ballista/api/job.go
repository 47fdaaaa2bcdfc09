package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"kallad/worker/recon"
)

// accepted is the answer to a posted job.
type accepted struct {
	RunID  string `json:"run_id"`
	Status string `json:"status"`
	// State is where the job is: a job that was posted before may be done.
	State recon.State `json:"state"`
	// Existing says that the job was posted before and is not run again.
	Existing bool `json:"existing"`
}

func (s *Server) postJob(ctx *fasthttp.RequestCtx) *problem {
	if coding := string(ctx.Request.Header.ContentEncoding()); coding != "" && !strings.EqualFold(coding, "identity") {
		ctx.Response.Header.Set("Accept-Encoding", "identity")
		return newProblem(fasthttp.StatusUnsupportedMediaType, "content-encoding", "The request is compressed", "Send the job as plain JSON.")
	}
	require, err := callbackRequired(ctx.QueryArgs())
	if err != nil {
		return s.problemOf(err)
	}
	job, err := recon.Decode(ctx.PostBody(), recon.ValidateOptions{RequireCallback: require})
	if err != nil {
		return s.problemOf(err)
	}
	submission, err := s.runner.Submit(s.contextOf(ctx), job)
	if err != nil {
		return s.problemOf(err)
	}
	afterAnswer(ctx, submission.Written)
	ctx.Response.Header.Set("Location", "/api/jobs/"+url.PathEscape(job.RunID))
	writeJSON(ctx, fasthttp.StatusAccepted, "application/json", accepted{
		RunID:    job.RunID,
		Status:   "accepted",
		State:    submission.Status.State,
		Existing: submission.Existing,
	})
	return nil
}

// callbackRequired reports whether a job must have a callback_url. Whoever
// follows the job in another way says callback=optional.
func callbackRequired(args *fasthttp.Args) (bool, error) {
	switch string(args.Peek("callback")) {
	case "", "required":
		return true, nil
	case "optional":
		return false, nil
	}
	return false, &recon.ValidationError{Fields: []recon.FieldError{{Field: "callback", Message: "must be required or optional"}}}
}

// jobList is the answer of GET /api/jobs.
type jobList struct {
	Jobs []recon.JobStatus `json:"jobs"`
}

// The number of jobs listed unless the request says another, and the most.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

func (s *Server) listJobs(ctx *fasthttp.RequestCtx) *problem {
	filter, err := jobFilter(ctx.QueryArgs())
	if err != nil {
		return s.problemOf(err)
	}
	jobs := s.runner.Jobs(filter)
	if jobs == nil {
		jobs = []recon.JobStatus{}
	}
	writeJSON(ctx, fasthttp.StatusOK, "application/json", jobList{Jobs: jobs})
	return nil
}

func jobFilter(args *fasthttp.Args) (recon.JobFilter, error) {
	filter := recon.JobFilter{Limit: defaultLimit}
	var wrong []recon.FieldError
	if args.Has("state") {
		filter.State = recon.State(args.Peek("state"))
		if !slices.Contains(recon.States(), filter.State) {
			wrong = append(wrong, recon.FieldError{Field: "state", Message: fmt.Sprintf("must be one of %v", recon.States())})
		}
	}
	if args.Has("limit") {
		limit, err := strconv.Atoi(string(args.Peek("limit")))
		if err != nil || limit < 1 || limit > maxLimit {
			wrong = append(wrong, recon.FieldError{Field: "limit", Message: fmt.Sprintf("must be a number from 1 to %d", maxLimit)})
		}
		filter.Limit = limit
	}
	if wrong != nil {
		return filter, &recon.ValidationError{Fields: wrong}
	}
	return filter, nil
}

func (s *Server) getJob(ctx *fasthttp.RequestCtx) *problem {
	status, ok := s.runner.Job(runIDOf(ctx))
	if !ok {
		return s.problemOf(recon.ErrUnknownRun)
	}
	writeJSON(ctx, fasthttp.StatusOK, "application/json", status)
	return nil
}

// cancelling is the answer to a cancellation that was taken.
type cancelling struct {
	RunID  string `json:"run_id"`
	Status string `json:"status"`
}

func (s *Server) cancelJob(ctx *fasthttp.RequestCtx) *problem {
	runID := runIDOf(ctx)
	if err := s.runner.Cancel(s.contextOf(ctx), runID); err != nil {
		return s.problemOf(err)
	}
	writeJSON(ctx, fasthttp.StatusAccepted, "application/json", cancelling{RunID: runID, Status: "cancelling"})
	return nil
}

// runIDOf returns the path's run_id; what is not properly escaped is taken as
// it is and will be unknown.
func runIDOf(ctx *fasthttp.RequestCtx) string {
	raw, _ := ctx.UserValue("run_id").(string)
	if decoded, err := url.PathUnescape(raw); err == nil {
		return decoded
	}
	return raw
}
