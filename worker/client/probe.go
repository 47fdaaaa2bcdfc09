package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Probe is what a scheduler says of itself.
type Probe struct {
	Version string
	// Problems are why it takes no jobs now; empty when it does.
	Problems []string
	// ClockOff is how far its clock is ahead of this machine's, as far as whole
	// seconds tell; 0 when it does not say.
	ClockOff time.Duration
	// Took is how long the answer took.
	Took time.Duration
}

// Probe asks whether the scheduler takes jobs, and whether it takes them from
// this caller: the error is an *AnswerError when the token is not right.
func (c *Client) Probe(ctx context.Context) (Probe, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.RequestTimeout)
	defer cancel()
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/ready", nil)
	if err != nil {
		return Probe{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Probe{}, &UnreachableError{Address: c.base, Err: bare(err)}
	}
	defer resp.Body.Close()
	var doc struct {
		Version  string `json:"version"`
		Problems []struct {
			Message string `json:"message"`
		} `json:"problems"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxProblem)).Decode(&doc)
	if err != nil || doc.Version == "" || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		return Probe{}, &AnswerError{Address: c.base, Status: resp.StatusCode}
	}
	p := Probe{Version: printable(doc.Version), Took: time.Since(began)}
	for _, problem := range doc.Problems {
		p.Problems = append(p.Problems, printable(problem.Message))
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		p.ClockOff = at.Sub(began.Truncate(time.Second))
	}
	var jobs struct{}
	return p, c.ask(ctx, http.MethodGet, "/api/jobs?limit=1", nil, &jobs)
}
