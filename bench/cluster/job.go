package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"kallad/bench/process"
	"kallad/worker/recon"
)

// Outcome is what a job took.
type Outcome struct {
	// Seconds from the POST to the final callback.
	Seconds float64
	// Used is what all processes together used meanwhile.
	Used process.Used
	// Status is the daemon's account of the job.
	Status recon.JobStatus
}

// Run posts a job and waits for its end. The job's callback_url is the
// cluster's.
func (c *Cluster) Run(ctx context.Context, job recon.Job) (Outcome, error) {
	job.CallbackURL = c.calls.url
	text, err := json.Marshal(job)
	if err != nil {
		return Outcome{}, err
	}
	ids := make([]int, len(c.processes))
	for i, p := range c.processes {
		ids[i] = p.Process.Pid
	}
	watch := process.Watch(ids...)
	start := time.Now()
	if err := c.post(ctx, text); err != nil {
		return Outcome{}, errors.Join(err, watch.Stop().Err)
	}
	end, err := c.wait(ctx, job.RunID)
	o := Outcome{Seconds: end.Sub(start).Seconds(), Used: watch.Stop()}
	if err := errors.Join(err, o.Used.Err); err != nil {
		return o, err
	}
	return o, c.get(ctx, "/api/jobs/"+job.RunID, &o.Status)
}

func (c *Cluster) post(ctx context.Context, job []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/api/jobs", bytes.NewReader(job))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("post a job: %w", err)
	}
	defer drop(response.Body)
	if response.StatusCode != http.StatusAccepted {
		said, _ := io.ReadAll(response.Body)
		return fmt.Errorf("post a job: %s: %s", response.Status, said)
	}
	return nil
}

// wait returns when the job's final callback came.
func (c *Cluster) wait(ctx context.Context, runID string) (time.Time, error) {
	for {
		select {
		case final := <-c.calls.final:
			if final.RunID != runID {
				continue // of a job that was given up
			}
			if final.Error != "" {
				return final.at, fmt.Errorf("job %s: %s", runID, final.Error)
			}
			return final.at, nil
		case <-ctx.Done():
			return time.Now(), ctx.Err()
		}
	}
}

func (c *Cluster) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer drop(response.Body)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
