package callback

import (
	"context"
	"log/slog"
	"time"
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
