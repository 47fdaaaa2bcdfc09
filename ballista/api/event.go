package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"kallad/worker/recon"
)

// The events of a job's stream bear the job's status; the last is eventEnd.
const (
	eventState    = "state"
	eventProgress = "progress"
	eventEnd      = "end"
)

// The events of the stream of all jobs: the list as it is at the beginning,
// then each job that changes, without its stages, or is forgotten; and the
// executors whenever they change.
const (
	eventJobs      = "jobs"
	eventJob       = "job"
	eventForgotten = "forgotten"
	eventExecutors = "executors"
)

func (s *Server) watchJob(ctx *fasthttp.RequestCtx) *problem {
	runID := runIDOf(ctx)
	status, ok := s.runner.Job(runID)
	if !ok {
		return s.problemOf(recon.ErrUnknownRun)
	}
	if status.State.Final() && sawEnd(ctx) {
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return nil
	}
	return s.startStream(ctx, runID, func(e *stream) more { return (&jobEvents{stream: e, runID: runID, changed: true}).more })
}

// jobEvents fills the stream of one job.
type jobEvents struct {
	*stream
	runID string
	// changed says that something is still to be told.
	changed bool
	// told and stage are what the last event said.
	told   recon.State
	stage  recon.Stage
	sentAt time.Time
}

func (j *jobEvents) more(now time.Time) (time.Duration, bool) {
	if len(j.watch.Take()) > 0 {
		j.changed = true
	}
	if !j.changed {
		return 0, true
	}
	status, known := j.server.runner.Job(j.runID)
	wait := j.server.cfg.EventInterval - now.Sub(j.sentAt)
	switch {
	case !known:
		return 0, false
	case status.State.Final():
		j.write(eventEnd, finalMark, status)
		return 0, false
	case status.State != j.told:
		j.write(eventState, "", status)
	case status.Stage == j.stage && wait > 0:
		return wait, true
	default:
		j.write(eventProgress, "", status)
	}
	j.changed, j.told, j.stage, j.sentAt = false, status.State, status.Stage, now
	return 0, true
}

func (s *Server) watchAll(ctx *fasthttp.RequestCtx) *problem {
	filter, err := jobFilter(ctx.QueryArgs())
	if err == nil && filter.State != "" {
		err = &recon.ValidationError{Fields: []recon.FieldError{{Field: "state", Message: "the stream has the jobs of every state"}}}
	}
	if err != nil {
		return s.problemOf(err)
	}
	return s.startStream(ctx, "", func(e *stream) more { return (&allEvents{stream: e, filter: filter}).more })
}

// allEvents fills the stream of all jobs.
type allEvents struct {
	*stream
	filter    recon.JobFilter
	begun     bool
	sentAt    time.Time
	executors []byte
}

// lookEvery is how often executors are compared with what was told of them.
const lookEvery = time.Second

func (a *allEvents) more(now time.Time) (time.Duration, bool) {
	a.tellExecutors()
	if !a.begun {
		a.begun, a.sentAt = true, now
		jobs := a.server.runner.Jobs(a.filter)
		if jobs == nil {
			jobs = []recon.JobStatus{}
		}
		a.write(eventJobs, "", jobList{Jobs: jobs})
		return 0, true
	}
	if wait := a.server.cfg.EventInterval - now.Sub(a.sentAt); wait > 0 {
		return wait, true
	}
	for _, runID := range a.watch.Take() {
		a.sentAt = now
		status, known := a.server.runner.Job(runID)
		if !known {
			a.write(eventForgotten, "", map[string]string{"run_id": runID})
			continue
		}
		status.Stages = nil
		a.write(eventJob, "", status)
	}
	return lookEvery, true
}

func (a *allEvents) tellExecutors() {
	list := a.server.executors()
	text, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Errorf("encode executors: %w", err))
	}
	if !bytes.Equal(text, a.executors) {
		a.executors = text
		a.write(eventExecutors, "", list)
	}
}
