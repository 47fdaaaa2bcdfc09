package runner

import (
	"context"

	"kallad/worker/recon"
)

// JobCheck names the fields of a job that may not be what they are: not for
// being wrong, but because this daemon does not go there.
type JobCheck func(job *recon.Job) []recon.FieldError

// Admission is a queue that refuses jobs before they are taken. A job that was
// taken under other rules, before a restart, is held to the rules of the
// moment where it connects and reads.
type Admission struct {
	*Queue
	Checks []JobCheck
}

// Submit implements what the API asks of a runner.
func (a Admission) Submit(ctx context.Context, job *recon.Job) (recon.Submission, error) {
	var wrong []recon.FieldError
	for _, check := range a.Checks {
		wrong = append(wrong, check(job)...)
	}
	if len(wrong) > 0 {
		return recon.Submission{}, &recon.ValidationError{Fields: wrong}
	}
	return a.Queue.Submit(ctx, job)
}
