// Package cluster runs kallad as a daemon with executors, each a process of its
// own on cores of its own, and posts jobs to it as its users do: over HTTP, with
// a listener for the callbacks.
//
// It must not know what the jobs are for.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kallad/bench/process"
)

// Config says what to run.
type Config struct {
	// Kallad is the path of the binary. Required.
	Kallad string
	// Dir is where logs and the daemon's own files are kept. Required.
	Dir string
	// Executors is how many there are. 0: the daemon works alone.
	Executors int
	// Cores is how many each executor gets, counted from core 0 on; the daemon
	// gets all of them together. Default 0: no limits.
	Cores int
	// Args are further arguments of every process, such as --memory-limit.
	Args []string
	// Env are further variables of every process, each "NAME=value".
	Env []string
	// OutputRoot is the folder that evidence may be in. Required.
	OutputRoot string
}

// Cluster is a running daemon with its executors.
type Cluster struct {
	cfg       Config
	url       string
	processes []*exec.Cmd
	logs      []*os.File
	calls     *listener
	client    *http.Client
}

// startTimeout bounds the start of all processes together.
const startTimeout = 30 * time.Second

// Start starts everything and returns when all executors have joined. Whoever
// calls it calls Stop.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	c := &Cluster{cfg: cfg, client: &http.Client{Timeout: startTimeout}}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster: %w", err), c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := os.MkdirAll(c.cfg.Dir, 0o755); err != nil {
		return err
	}
	var err error
	if c.calls, err = listen(); err != nil {
		return err
	}
	err = c.launch("scheduler", cores(0, c.cfg.Cores*max(1, c.cfg.Executors)), "scheduler", "--bind-host", "127.0.0.1",
		"--http-port", "0", "--grpc-port", "0", "--staging-path", filepath.Join(c.cfg.Dir, "staging"), "--output-root", c.cfg.OutputRoot,
		"--max-jobs", "1", "--callback-grace", "0s", "--postgres-local", "--log-format", "json")
	if err != nil {
		return err
	}
	var forExecutors string
	if c.url, forExecutors, err = c.addresses(ctx); err != nil {
		return errors.Join(err, c.said())
	}
	for i := range c.cfg.Executors {
		err := c.launch(fmt.Sprintf("executor-%d", i+1), cores(i*c.cfg.Cores, c.cfg.Cores), "executor", "--bind-host", "127.0.0.1",
			"--scheduler-url", forExecutors, "--external-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
			"--postgres-local", "--log-level", "warn")
		if err != nil {
			return err
		}
	}
	return c.await(ctx)
}

// addresses reads off the daemon's log where it listens: it takes free ports,
// which nobody can take in between.
func (c *Cluster) addresses(ctx context.Context) (api, executors string, err error) {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(c.logs[0].Name())
		if err != nil {
			return "", "", err
		}
		for line := range strings.Lines(string(text)) {
			var entry struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &entry) != nil {
				continue // a line in the making
			}
			switch entry.Msg {
			case "listening for executors":
				executors = entry.Address
			case "listening":
				return "http://" + entry.Address, executors, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", "", fmt.Errorf("the daemon does not listen: %w", ctx.Err())
		}
	}
}

// cores lists n cores from the first on.
func cores(first, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = first + i
	}
	return all
}

// launch starts one of the processes, with its log in a file.
func (c *Cluster) launch(name string, on []int, args ...string) error {
	log, err := os.Create(filepath.Join(c.cfg.Dir, name+".log"))
	if err != nil {
		return err
	}
	c.logs = append(c.logs, log)
	argv, err := process.Pin(on, append(append([]string{c.cfg.Kallad}, args...), c.cfg.Args...)...)
	if err != nil {
		return err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.cfg.Dir, log, log
	cmd.Env = append(os.Environ(), c.cfg.Env...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	c.processes = append(c.processes, cmd)
	return nil
}

// awaitEvery is how often the daemon is asked whether it is ready.
const awaitEvery = 50 * time.Millisecond

// await returns when the daemon takes jobs and knows all executors.
func (c *Cluster) await(ctx context.Context) error {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		var known struct {
			Executors []struct {
				Address string `json:"flight_address"`
			} `json:"executors"`
		}
		err := c.get(ctx, "/api/executors", &known)
		joined := 0
		for _, e := range known.Executors {
			if e.Address != "" { // the daemon's own process has none
				joined++
			}
		}
		if err == nil && joined == c.cfg.Executors {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%d of %d executors joined", joined, c.cfg.Executors), err, c.said())
		}
	}
}

// said is the end of what the processes logged, as an error.
func (c *Cluster) said() error {
	var errs []error
	for _, log := range c.logs {
		text, err := os.ReadFile(log.Name())
		if err == nil && len(text) > 0 {
			err = fmt.Errorf("%s: %s", filepath.Base(log.Name()), process.Tail(string(text)))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// stopTimeout is how long the processes have to end.
const stopTimeout = 20 * time.Second

// Stop ends the executors, then the daemon.
func (c *Cluster) Stop() error {
	var errs []error
	for i := len(c.processes) - 1; i >= 0; i-- {
		errs = append(errs, stop(c.processes[i]))
	}
	for _, log := range c.logs {
		errs = append(errs, log.Close())
	}
	if c.calls != nil {
		errs = append(errs, c.calls.close())
	}
	c.client.CloseIdleConnections()
	return errors.Join(errs...)
}

func stop(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	kill := time.AfterFunc(stopTimeout, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// drop reads an answer to its end, so that its connection is used again.
func drop(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, body)
	_ = body.Close()
}
