package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

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
	// Attempt counts from 1 and travels as the header Kallad-Attempt.
	Attempt int
	Target  Target
	// Body is the JSON payload.
	Body []byte
}

// Poster sends a delivery once. It returns nil when the receiver acknowledged
// it with a 2xx answer, a *StatusError for any other answer, and another error
// when there was none. It returns soon after ctx is done. It is safe for
// concurrent use.
type Poster interface {
	Post(ctx context.Context, d Delivery) error
}

// Failure is the payload of an error callback.
type Failure struct {
	RunID string `json:"run_id"`
	// Error is for the caller's users; it must hold no credentials.
	Error string      `json:"error"`
	Stage recon.Stage `json:"stage"`
}

// maxErrorText bounds the text of an error callback, in bytes.
const maxErrorText = 16 << 10

func progressDelivery(target Target, p recon.Progress, number int) (Delivery, error) {
	return newDelivery(target, p.RunID, EventProgress, fmt.Sprintf("%s.progress.%d", p.RunID, number), p)
}

func completeDelivery(target Target, r *recon.Result) (Delivery, error) {
	return newDelivery(target, r.RunID, EventComplete, r.RunID+".final", r)
}

func errorDelivery(target Target, f Failure) (Delivery, error) {
	f.Error = recon.RedactURL(f.Error)
	if len(f.Error) > maxErrorText {
		f.Error = strings.ToValidUTF8(f.Error[:maxErrorText], "") + " ..."
	}
	return newDelivery(target, f.RunID, EventError, f.RunID+".final", f)
}

func newDelivery(target Target, runID string, event Event, id string, payload any) (Delivery, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return Delivery{}, fmt.Errorf("encode %s callback: %w", event, err)
	}
	return Delivery{RunID: runID, Event: event, ID: id, Attempt: 1, Target: target, Body: body}, nil
}
