package cell

import (
	"context"
	"encoding/json"
	"errors"
	"syscall"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/worker/recon"
)

// jobRequest is a job with where its sources are; it never leaves the machine,
// and is never printed.
type jobRequest struct {
	Job       plan.Job          `json:"job"`
	Locations map[string]string `json:"locations"`
	// Trace is what it takes to go on with the trace of the job.
	Trace map[string]string `json:"trace,omitempty"`
}

// bindCall is one call of a Binder.
type bindCall struct {
	Method string          `json:"method"`
	SQL    string          `json:"sql,omitempty"`
	Parsed json.RawMessage `json:"parsed,omitempty"`
	Table  string          `json:"table,omitempty"`
	Schema plan.Schema     `json:"schema"`
}

// bindAnswer is what the call returned.
type bindAnswer struct {
	result
	SQL    string          `json:"sql,omitempty"`
	Parsed json.RawMessage `json:"parsed,omitempty"`
	Schema plan.Schema     `json:"schema"`
	Names  []string        `json:"names,omitempty"`
	Types  []string        `json:"types,omitempty"`
}

// eventKind says what an observer is told.
type eventKind string

const (
	eventRows    eventKind = "rows"
	eventLoaded  eventKind = "loaded"
	eventBegin   eventKind = "begin"
	eventAdvance eventKind = "advance"
	eventCounts  eventKind = "counts"
	// eventStream announces an Arrow stream in data frames, eventDropped tells
	// of marked rows that it leaves out, eventEnd ends it.
	eventStream  eventKind = "stream"
	eventDropped eventKind = "dropped"
	eventEnd     eventKind = "end"
	eventStages  eventKind = "stages"

	// Those of meters: a batch that was read of a source of some kind, a
	// partition that is done with, what the engine holds.
	eventBatch eventKind = "batch"
	eventRead  eventKind = "read"
	eventHeld  eventKind = "held"
)

// event is what an observer is told.
type event struct {
	Kind   eventKind `json:"kind"`
	Name   string    `json:"name,omitempty"` // of a source or a step
	Rows   int64     `json:"rows,omitempty"`
	Share  float64   `json:"share,omitempty"`
	Counts []int64   `json:"counts,omitempty"`
	// Stream is the number of a stream, unique in its job.
	Stream uint32             `json:"stream,omitempty"`
	Stages []plan.StageStatus `json:"stages,omitempty"`
	// Bytes are of a batch, or spilled; Took is in nanoseconds.
	Bytes int64 `json:"bytes,omitempty"`
	Took  int64 `json:"took,omitempty"`
	OK    bool  `json:"ok,omitempty"`
}

// result is how a request ended.
type result struct {
	// Failed says that it failed, as Text tells.
	Failed bool   `json:"failed,omitempty"`
	Text   string `json:"text,omitempty"`
	// Input says that the caller can mend it; Engine has the engine's own
	// error, if that is the cause; NoSpace says that a disk is full.
	Input   bool          `json:"input,omitempty"`
	Engine  *engine.Error `json:"engine,omitempty"`
	NoSpace bool          `json:"no_space,omitempty"`
	// Fault is the cause that says of itself what is at fault, if it is not
	// the engine's own error. StartAgain says that the job can be run anew.
	Fault      *Fault `json:"fault,omitempty"`
	StartAgain bool   `json:"start_again,omitempty"`
	// Resident is what the process holds, in bytes.
	Resident int64 `json:"resident,omitempty"`
}

// sound reports whether the process can be trusted with a further query. An
// engine that ran out of memory, or found a fault of its own, may break down
// later: it has been seen to.
func (r result) sound() bool {
	return !r.Failed || r.Input || r.Engine != nil && r.Engine.Kind == engine.KindQuery || r.Fault != nil && r.Fault.Query
}

func resultOf(err error) result {
	if err == nil {
		return result{}
	}
	r := result{Failed: true, Text: err.Error(), Input: recon.IsInput(err), NoSpace: errors.Is(err, syscall.ENOSPC)}
	var fault interface {
		error
		QueryFault() bool
		OutOfMemory() bool
		OutOfDisk() bool
	}
	if !errors.As(err, &r.Engine) && errors.As(err, &fault) {
		r.Fault = &Fault{Text: fault.Error(), Query: fault.QueryFault(), Memory: fault.OutOfMemory(), Disk: fault.OutOfDisk()}
	}
	var moment interface{ StartAgain() bool }
	r.StartAgain = errors.As(err, &moment) && moment.StartAgain()
	return r
}

// err is the error as it was, as far as anybody asks.
func (r result) err() error {
	if !r.Failed {
		return nil
	}
	var err error = &Error{result: r}
	if r.Input {
		err = recon.Input(err)
	}
	return err
}

// Error is an error that arose in a cell.
type Error struct{ result result }

func (e *Error) Error() string { return e.result.Text }

// StartAgain reports that the job can be run anew from its start.
func (e *Error) StartAgain() bool { return e.result.StartAgain }

// Unwrap returns what callers branch on.
func (e *Error) Unwrap() []error {
	var causes []error
	if e.result.Engine != nil {
		causes = append(causes, e.result.Engine)
	}
	if e.result.Fault != nil {
		causes = append(causes, e.result.Fault)
	}
	if e.result.NoSpace {
		causes = append(causes, syscall.ENOSPC)
	}
	return causes
}

// Fault is an error that said what was at fault.
type Fault struct {
	Text string `json:"text"`
	// Query says that the query was, Memory and Disk what was not enough.
	Query  bool `json:"query,omitempty"`
	Memory bool `json:"memory,omitempty"`
	Disk   bool `json:"disk,omitempty"`
}

func (f *Fault) Error() string { return f.Text }

// QueryFault reports whether the query is to blame.
func (f *Fault) QueryFault() bool { return f.Query }

// OutOfMemory reports whether the query needs more memory than it may have.
func (f *Fault) OutOfMemory() bool { return f.Memory }

// OutOfDisk reports whether there was no room to spill.
func (f *Fault) OutOfDisk() bool { return f.Disk }

// ended prefers the context's word on why something ended.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
