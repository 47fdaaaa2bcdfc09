package callback

import (
	"encoding/json"
	"strings"
	"time"

	"kallad/worker/recon"
)

// Final is a job's last callback. It is made once, when the job ends; whoever
// writes it down before it is sent can send the very same one after a restart.
// It holds no credentials, and its JSON form keeps every byte of the body.
type Final struct {
	RunID string `json:"run_id"`
	// Event is EventComplete or EventError.
	Event Event `json:"event"`
	// Body is the payload.
	Body json.RawMessage `json:"body"`
	// EndedAt is when the job ended, from when on the time for the delivery
	// runs; zero is when the delivery begins.
	EndedAt time.Time `json:"ended_at"`
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

// Complete is the final callback of a job that succeeded.
func Complete(r *recon.Result) (Final, error) {
	body, err := encode(EventComplete, r)
	return Final{RunID: r.RunID, Event: EventComplete, Body: body, EndedAt: r.FinishedAt}, err
}

// Fail is the final callback of a job that failed. The text must hold no
// credentials; those in URLs are redacted once more.
func Fail(f Failure, endedAt time.Time) (Final, error) {
	f.Error = recon.RedactURL(f.Error)
	if len(f.Error) > maxErrorText {
		f.Error = strings.ToValidUTF8(f.Error[:maxErrorText], "") + " ..."
	}
	body, err := encode(EventError, f)
	return Final{RunID: f.RunID, Event: EventError, Body: body, EndedAt: endedAt}, err
}

func (f Final) delivery(target Target) Delivery {
	return Delivery{RunID: f.RunID, Event: f.Event, ID: messageID(f.RunID) + "/final", Attempt: 1, Target: target, Body: f.Body, Since: f.EndedAt}
}
