package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"kallad/worker/recon"
)

// LostError is a job whose scheduler has been out of reach for too long. The
// job itself may go on.
type LostError struct {
	RunID string
	For   time.Duration
	Err   error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("lost sight of job %s for %s; it may go on, and the same command follows it again: %v", e.RunID, e.For.Round(time.Second), e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// Follow tells every state of a job that it hears of, in order, and returns
// the final one. Where the stream of events is cut, or does not come through,
// it asks for the state instead, also while the scheduler starts again. The
// error is a *LostError, an *AnswerError that will not pass, or the end of ctx.
func (c *Client) Follow(ctx context.Context, runID string, show func(recon.JobStatus)) (recon.JobStatus, error) {
	f := &follower{Client: c, runID: runID, show: show, heard: time.Now()}
	for {
		err := f.stream(ctx)
		if err == nil {
			return f.last, nil
		}
		if err = f.poll(ctx, err); err == nil {
			return f.last, nil
		}
		if ctx.Err() != nil {
			return f.last, context.Cause(ctx)
		}
		if !passing(err) {
			return f.last, err
		}
		if silent := time.Since(f.heard); silent > c.cfg.Patience {
			return f.last, &LostError{RunID: runID, For: silent, Err: err}
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.cfg.PollEvery):
		}
	}
}

// follower is one Follow on its way.
type follower struct {
	*Client
	runID string
	show  func(recon.JobStatus)
	last  recon.JobStatus
	// lastID is that of the last event, for the stream to go on from.
	lastID string
	// deaf counts streams in a row that brought nothing.
	deaf  int
	heard time.Time
}

// maxDeaf is how many streams may bring nothing before no other is tried.
const maxDeaf = 2

// errCut is a stream that ended before the job did.
var errCut = errors.New("the stream of events was cut")

// take notes a state and reports whether it is the last.
func (f *follower) take(status recon.JobStatus) bool {
	f.last, f.heard = status, time.Now()
	f.show(status)
	return status.State.Final()
}

// poll asks for the state once; streamErr is why there is need to. It returns
// nil when the job has ended.
func (f *follower) poll(ctx context.Context, streamErr error) error {
	if ctx.Err() != nil || !passing(streamErr) {
		return streamErr
	}
	status, err := f.Job(ctx, f.runID)
	if err != nil {
		return err
	}
	if f.take(status) {
		return nil
	}
	return streamErr
}

// stream reads events until the last, and returns nil then.
func (f *follower) stream(ctx context.Context) error {
	if f.deaf >= maxDeaf {
		return &UnreachableError{Address: f.base, Err: errCut}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A stream that says nothing at first will not: something in between holds
	// it back.
	silence := time.AfterFunc(f.cfg.RequestTimeout, cancel)
	defer silence.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.lastID != "" {
		header.Set("Last-Event-ID", f.lastID)
	}
	f.deaf++
	resp, err := f.send(ctx, http.MethodGet, jobPath(f.runID)+"/events", nil, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = readEvents(resp.Body, func(e event) error {
		silence.Reset(f.cfg.Silence)
		f.deaf = 0
		if e.data == "" {
			return nil
		}
		f.lastID = e.id
		var status recon.JobStatus
		if err := json.Unmarshal([]byte(e.data), &status); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		if f.take(status) {
			return io.EOF
		}
		return nil
	})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return &UnreachableError{Address: f.base, Err: err}
}

// event is one server-sent event, or a comment, which has no data.
type event struct{ id, data string }

// readEvents reads events until take returns an error or the stream ends,
// which is errCut.
func readEvents(in io.Reader, take func(event) error) error {
	lines := bufio.NewReader(in)
	var e event
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return errCut
		}
		field, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			e.id = value
		case "data":
			e.data += value
		case "":
			if err := take(e); err != nil {
				return err
			}
			e = event{}
		}
	}
}
