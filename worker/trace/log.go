package trace

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Logged returns a handler that adds to each line what its context is about:
// request_id, and trace_id where there is a trace.
func Logged(next slog.Handler) slog.Handler { return logged{next} }

type logged struct{ slog.Handler }

func (h logged) Handle(ctx context.Context, r slog.Record) error {
	if id := Request(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logged) WithAttrs(attrs []slog.Attr) slog.Handler { return logged{h.Handler.WithAttrs(attrs)} }

func (h logged) WithGroup(name string) slog.Handler { return logged{h.Handler.WithGroup(name)} }
