package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kallad/worker/auth"
	"kallad/worker/recon"
	"kallad/worker/trace"
)

// Config says where the scheduler is and how patient to be.
type Config struct {
	// URL is the scheduler's own, such as http://host:8080; a path in front of
	// its routes is kept.
	URL string
	// Guard holds the token to show and the certificates to trust and to show.
	Guard auth.Guard
	// Version is shown in the User-Agent header, as kallad/<version>.
	Version string
	// RequestTimeout bounds a request that is answered at once. Default 15 s.
	RequestTimeout time.Duration
	// Silence is how long a stream of events may say nothing, not even that it
	// lives, before it counts as cut. Default 45 s.
	Silence time.Duration
	// PollEvery is the wait between two questions while there is no stream.
	// Default 1 s.
	PollEvery time.Duration
	// Patience is how long a scheduler that was reached once may be out of
	// reach before Follow gives up. Default 5 min.
	Patience time.Duration
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		value *time.Duration
		is    time.Duration
	}{
		{&c.RequestTimeout, 15 * time.Second}, {&c.Silence, 45 * time.Second},
		{&c.PollEvery, time.Second}, {&c.Patience, 5 * time.Minute},
	} {
		if *d.value <= 0 {
			*d.value = d.is
		}
	}
	return c
}

// Client is safe for concurrent use. Close it when it is done with.
type Client struct {
	cfg  Config
	base string
	http *http.Client
}

// New returns a client; it connects to nobody yet. Its error does not repeat
// the URL, which may hold what it should not.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the scheduler's address is not an http or https URL with a host, such as http://localhost:8080")
	case u.User != nil:
		return nil, errors.New("the scheduler's address holds a user or password: a scheduler asks for a token, which has settings of its own")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the scheduler's address has more than a host and a path")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if cfg.Guard.TLS != nil {
		transport.TLSClientConfig = cfg.Guard.TLS.ForClient()
	}
	return &Client{
		cfg:  cfg,
		base: u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"),
		// The token is for the address that was given and for no other.
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// String returns the scheduler's address.
func (c *Client) String() string { return c.base }

// accepted is the answer to a posted job.
type accepted struct {
	Existing bool `json:"existing"`
}

// Submit posts a job, which need not have a callback_url. existing says that
// the scheduler had the same job before.
func (c *Client) Submit(ctx context.Context, job *recon.Job) (existing bool, err error) {
	body, err := json.Marshal(job)
	if err != nil {
		return false, fmt.Errorf("write job: %w", err)
	}
	var answer accepted
	err = c.ask(ctx, http.MethodPost, "/api/jobs?callback=optional", body, &answer)
	return answer.Existing, err
}

// Job asks for a job's state.
func (c *Client) Job(ctx context.Context, runID string) (recon.JobStatus, error) {
	var status recon.JobStatus
	err := c.ask(ctx, http.MethodGet, jobPath(runID), nil, &status)
	return status, err
}

// Cancel asks for a job to be cancelled; it does not wait for the end. A job
// that has ended is no error.
func (c *Client) Cancel(ctx context.Context, runID string) error {
	err := c.ask(ctx, http.MethodDelete, jobPath(runID), nil, nil)
	var answer *AnswerError
	if errors.As(err, &answer) && answer.Status == http.StatusConflict {
		return nil
	}
	return err
}

func jobPath(runID string) string { return "/api/jobs/" + url.PathEscape(runID) }

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// ask makes a request and decodes the answer into v, unless that is nil.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.RequestTimeout)
	defer cancel()
	resp, err := c.send(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if v == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(v); err != nil {
		return &UnreachableError{Address: c.base, Err: fmt.Errorf("read the answer: %w", err)}
	}
	return nil
}

// send returns a 2xx answer, whose body the caller closes, or an error.
func (c *Client) send(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	for name, value := range trace.Carry(ctx) {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", "kallad/"+c.cfg.Version)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.cfg.Guard.Token != nil {
		req.Header.Set("Authorization", c.cfg.Guard.Token.Header())
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &UnreachableError{Address: c.base, Err: bare(err)}
	}
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, answerError(c.base, resp)
}

// bare leaves out the method and the URL, which the error says otherwise.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
