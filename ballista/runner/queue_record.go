package runner

import (
	"encoding/json"
	"fmt"

	"kallad/worker/callback"
	"kallad/worker/recon"
)

// recordFormat is the form of the records that this version writes.
const recordFormat = 1

// record is what the journal has of a job. It holds credentials.
type record struct {
	Format int `json:"format"`
	// Number orders jobs as they came.
	Number uint64 `json:"number"`
	// Digest tells the job's document from others of the same run_id.
	Digest string `json:"digest"`
	// Job is there until the job's outcome is.
	Job json.RawMessage `json:"job,omitempty"`
	// CallbackURL is there until the caller was told the outcome.
	CallbackURL string `json:"callback_url,omitempty"`
	// Runs counts how often the job was begun.
	Runs int `json:"runs,omitempty"`
	// Origin is the request that the job came with.
	Origin origin `json:"origin"`
	// Cancelled says that the job is to end without running again.
	Cancelled bool            `json:"cancelled,omitempty"`
	Status    recon.JobStatus `json:"status"`
	// Final is there from the outcome on until the caller was told it.
	Final *callback.Final `json:"final,omitempty"`
}

// maxTasks bounds the tasks of a stage that are recorded.
const maxTasks = 64

// record returns the journal's record of an entry.
func (e *entry) record() ([]byte, error) {
	r := record{
		Format: recordFormat, Number: e.number, Digest: e.digest, Job: e.text, CallbackURL: e.callbackURL,
		Runs: e.runs, Origin: e.origin, Cancelled: e.cancelled, Final: e.final,
		Status: recon.JobStatus{RunID: e.status.RunID, State: recon.StateQueued, SubmittedAt: e.status.SubmittedAt},
	}
	if e.status.State.Final() {
		r.Status = e.status
		r.Status.Stages = make([]recon.StageStatus, len(e.status.Stages))
		for i, s := range e.status.Stages {
			if len(s.TaskList) > maxTasks {
				s.TaskList = nil
			}
			r.Status.Stages[i] = s
		}
	}
	value, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the record of a job: %w", err)
	}
	return value, nil
}

// parseRecord returns the entry of a record, without its notifier.
func parseRecord(value []byte) (*entry, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, fmt.Errorf("read the record of a job: %w", err)
	}
	if r.Format != recordFormat {
		return nil, fmt.Errorf("read the record of a job: its format is %d, not %d", r.Format, recordFormat)
	}
	e := &entry{
		number: r.Number, digest: r.Digest, text: r.Job, callbackURL: r.CallbackURL, status: r.Status,
		runs: r.Runs, origin: r.Origin, cancelled: r.Cancelled, final: r.Final, recovered: true,
	}
	if r.Status.State.Final() {
		e.ending = true
		return e, nil
	}
	e.job = &recon.Job{}
	if err := json.Unmarshal(r.Job, e.job); err != nil {
		return nil, fmt.Errorf("read the record of a job: %w", err)
	}
	return e, nil
}
