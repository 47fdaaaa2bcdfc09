package runner

import (
	"context"

	"go.opentelemetry.io/otel/attribute"

	"kallad/worker/recon"
	"kallad/worker/trace"
)

// origin is the request that a job came with: it is kept with the job, so that
// what the job does, also after a restart, is found by its caller's trace and
// by the request's id.
type origin struct {
	Request string            `json:"request_id,omitempty"`
	Trace   map[string]string `json:"trace,omitempty"`
}

func originOf(ctx context.Context) origin {
	return origin{Request: trace.Request(ctx), Trace: trace.Carry(ctx)}
}

// context returns ctx as what the request caused.
func (o origin) context(ctx context.Context) context.Context {
	return trace.Continue(trace.WithRequest(ctx, o.Request), o.Trace)
}

// traced begins the span of a job's run, with the time that it waited for its
// turn, and lets its callbacks be part of it.
func (e *entry) traced(ctx context.Context) (context.Context, trace.Span) {
	ctx = e.origin.context(ctx)
	waited := e.status.SubmittedAt
	if e.recovered {
		waited = *e.status.StartedAt // how long the process was gone is not known to it
	}
	ctx, span := trace.StartAt(ctx, waited, "job", attribute.String("run_id", e.status.RunID), attribute.Int("run", e.runs))
	_, queue := trace.StartAt(ctx, waited, "queue")
	queue.End(nil)
	e.notifier.Trace(trace.Carry(ctx))
	return ctx, span
}

// endSpan ends the span of a job's run as the job ended.
func endSpan(span trace.Span, status recon.JobStatus) {
	span.Set(attribute.String("state", string(status.State)), attribute.String("engine_mode", status.EngineMode))
	if r := status.Result; r != nil {
		span.Set(attribute.Int64("matched", r.MatchedCount), attribute.Int64("unmatched_left", r.UnmatchedLeftCount),
			attribute.Int64("unmatched_right", r.UnmatchedRightCount))
	}
	switch status.State {
	case recon.StateFailed:
		span.Fail(status.Error)
	case recon.StateCancelled:
		span.End(context.Canceled)
	default:
		span.End(nil)
	}
}
