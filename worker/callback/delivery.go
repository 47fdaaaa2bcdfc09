package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kallad/worker/recon"
)

// Event is what a callback tells; it is the last part of the callback's path.
type Event string

// The events of the contract. A job gets any number of progress events and
// then one of the others.
const (
	EventProgress Event = "progress"
	EventComplete Event = "complete"
	EventError    Event = "error"
)

// Delivery is one callback, as often as it is attempted.
type Delivery struct {
	RunID string
	Event Event
	// ID is the same for every attempt, so that a receiver can tell a repeated
	// delivery from a new one. It travels as the header Kallad-Delivery.
	ID string
	// Attempt counts from 1 in each process, and travels as the header
	// Kallad-Attempt.
	Attempt int
	// Since is when the time for a final callback began to run; zero is when it
	// is first posted.
	Since  time.Time
	Target Target
	// Body is the JSON payload.
	Body []byte
	// Trace is the trace that the callback is part of, as package trace carries
	// it.
	Trace map[string]string
}

// Poster sends a delivery once. It returns nil when the receiver acknowledged
// it with a 2xx answer, a *StatusError for any other answer, and another error
// when there was none. It returns soon after ctx is done. It is safe for
// concurrent use.
type Poster interface {
	Post(ctx context.Context, d Delivery) error
}

// progressDelivery tells the nth observation of a run of the job: a job that
// runs again after a restart tells of itself from the start, and no receiver
// must take that for repetitions.
func progressDelivery(target Target, p recon.Progress, run, n int) (Delivery, error) {
	id := messageID(p.RunID)
	if run > 1 {
		id = fmt.Sprintf("%s/%d", id, run)
	}
	body, err := encode(EventProgress, p)
	if err != nil {
		return Delivery{}, err
	}
	return Delivery{RunID: p.RunID, Event: EventProgress, ID: fmt.Sprintf("%s/progress/%d", id, n), Attempt: 1, Target: target, Body: body}, nil
}

// messageID begins the ids of a run's callbacks. What is signed is the id, the
// moment and the body with dots between them, so that a caller who chooses the
// run_id must not get a dot into it (Standard Webhooks, "Signature scheme").
// No run_id has a tilde or a slash.
func messageID(runID string) string { return strings.ReplaceAll(runID, ".", "~") }

func encode(event Event, payload any) ([]byte, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encode %s callback: %w", event, err)
	}
	return body, nil
}
