package trace

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope names this program among all that put spans into one trace.
const scope = "kallad"

// Span is a piece of work with a beginning and an end.
type Span struct{ span trace.Span }

// Start begins a span below that of ctx. The returned context bears it.
func Start(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, Span) {
	ctx, span := otel.Tracer(scope).Start(ctx, name, trace.WithAttributes(attrs...))
	return ctx, Span{span}
}

// StartAt is Start for work that began earlier.
func StartAt(ctx context.Context, at time.Time, name string, attrs ...attribute.KeyValue) (context.Context, Span) {
	ctx, span := otel.Tracer(scope).Start(ctx, name, trace.WithAttributes(attrs...), trace.WithTimestamp(at))
	return ctx, Span{span}
}

// Serve begins the span of a request that was received.
func Serve(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, Span) {
	ctx, span := otel.Tracer(scope).Start(ctx, name, trace.WithAttributes(attrs...), trace.WithSpanKind(trace.SpanKindServer))
	return ctx, Span{span}
}

// Call begins the span of a request that is sent.
func Call(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, Span) {
	ctx, span := otel.Tracer(scope).Start(ctx, name, trace.WithAttributes(attrs...), trace.WithSpanKind(trace.SpanKindClient))
	return ctx, Span{span}
}

// Set adds to what is known of the work.
func (s Span) Set(attrs ...attribute.KeyValue) { s.span.SetAttributes(attrs...) }

// End ends the span; err is why the work failed, nil if it did not. What it
// says stays out of the trace, as it may hold credentials. Work that somebody
// ended early did not fail.
func (s Span) End(err error) {
	switch {
	case errors.Is(err, context.Canceled):
		s.span.SetAttributes(attribute.Bool("cancelled", true))
	case err != nil:
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}

// Fail ends the span of work that failed; text says why and holds no
// credentials.
func (s Span) Fail(text string) {
	s.span.SetStatus(codes.Error, text)
	s.span.End()
}

var w3c = propagation.TraceContext{}

// Carry returns what another process needs to go on with the trace of ctx: the
// headers traceparent and tracestate (W3C Trace Context), in lower case. It is
// empty where there is no trace.
func Carry(ctx context.Context) map[string]string {
	carried := propagation.MapCarrier{}
	w3c.Inject(ctx, carried)
	return carried
}

// Continue returns a context in which the trace goes on that was carried here.
// What cannot be understood is left out, as the standard asks.
func Continue(ctx context.Context, carried map[string]string) context.Context {
	return w3c.Extract(ctx, propagation.MapCarrier(carried))
}
