package callback

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"kallad/worker/trace"
)

// Meter counts what is sent. Implementations are safe for concurrent use.
type Meter interface {
	// ObserveRequest is called after each request of an event.
	ObserveRequest(event string, acknowledged bool, took time.Duration)
	// ObserveDelivery is called when a final callback is done with, whether
	// acknowledged or given up.
	ObserveDelivery(event string, acknowledged bool)
}

// bounded gives each request its own timeout.
type bounded struct {
	next    Poster
	timeout time.Duration
}

func (b *bounded) Post(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return b.next.Post(ctx, d)
}

// metered counts each request.
type metered struct {
	next  Poster
	meter Meter
}

func (m *metered) Post(ctx context.Context, d Delivery) error {
	began := time.Now()
	err := m.next.Post(ctx, d)
	m.meter.ObserveRequest(string(d.Event), err == nil, time.Since(began))
	return err
}

// traced makes each request part of its job's trace. A final callback has a
// span for each attempt; progress, of which there is much, has none.
type traced struct {
	next Poster
}

func (t *traced) Post(ctx context.Context, d Delivery) error {
	ctx = trace.Continue(ctx, d.Trace)
	if d.Event == EventProgress {
		return t.next.Post(ctx, d)
	}
	ctx, span := trace.Call(ctx, "callback "+string(d.Event), attribute.String("run_id", d.RunID),
		attribute.Int("attempt", d.Attempt), attribute.String("server.address", d.Target.hostname))
	err := t.next.Post(ctx, d)
	var status *StatusError
	switch {
	case errors.As(err, &status):
		span.Set(attribute.Int("http.response.status_code", status.Code))
	case err == nil:
		span.Set(attribute.Bool("acknowledged", true))
	}
	span.End(err)
	return err
}

// logged writes down each request: a failed one as a warning, for its error
// goes no further when it is a progress event or is followed by a retry.
type logged struct {
	next Poster
	log  *slog.Logger
}

func (l *logged) Post(ctx context.Context, d Delivery) error {
	began := time.Now()
	err := l.next.Post(ctx, d)
	attrs := []any{"run_id", d.RunID, "event", d.Event, "attempt", d.Attempt, "receiver", d.Target, "seconds", time.Since(began).Seconds()}
	if err != nil {
		l.log.WarnContext(ctx, "callback not acknowledged", append(attrs, "error", err)...)
		return err
	}
	l.log.DebugContext(ctx, "callback acknowledged", attrs...)
	return nil
}
