package cell

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"kallad/ballista/plan"
	"kallad/worker/trace"
)

// Config says how cells are made and when they are given up.
type Config struct {
	// Command returns a command that calls Serve with its standard input and
	// the file OutputFile. Required.
	Command func() *exec.Cmd
	// Settings are what the process's Host is made of.
	Settings []byte
	// Ended is called when a process has ended, to clear away what it left.
	// Default: nothing.
	Ended func()
	// Meter counts what cells read of sources. Default: nothing counts it.
	Meter Meter
	// Idle is how many processes are kept for requests to come. Default 1.
	Idle int
	// Grace is how long a process has to obey before it is killed. Default
	// 500 ms.
	Grace time.Duration
	// MaxUses is how many requests a process answers at most. Default 200.
	MaxUses int
	// MaxResident is what a process may hold between two requests; one that
	// holds more is replaced. Unit: bytes. Default 512 MiB.
	MaxResident int64
	// BindTime bounds one call of a Binder. Default 20 s.
	BindTime time.Duration
}

// Meter counts what is read of sources, by kind. It is safe for concurrent use.
type Meter interface {
	ObserveBatch(kind string, rows, bytes int64, took time.Duration)
	ObserveRead(kind string, ok bool)
}

type noMeter struct{}

func (noMeter) ObserveBatch(string, int64, int64, time.Duration) {}
func (noMeter) ObserveRead(string, bool)                         {}

// Held is what the engines of busy cells hold. Unit: bytes.
type Held struct {
	Cells           int
	Memory, Spilled int64
}

func (c Config) withDefaults() Config {
	orDefault(&c.Idle, 1)
	orDefault(&c.Grace, 500*time.Millisecond)
	orDefault(&c.MaxUses, 200)
	orDefault(&c.MaxResident, 512<<20)
	orDefault(&c.BindTime, 20*time.Second)
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	if c.Ended == nil {
		c.Ended = func() {}
	}
	return c
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Pool has the cells of this process. It is safe for concurrent use.
type Pool struct {
	cfg Config
	log *slog.Logger

	mu       sync.Mutex
	idle     []*process
	busy     map[*process]Held
	starting bool
	closed   bool
	workers  sync.WaitGroup
}

// NewPool returns a pool that begins a first process at once.
func NewPool(cfg Config, log *slog.Logger) *Pool {
	p := &Pool{cfg: cfg.withDefaults(), log: log, busy: map[*process]Held{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ahead()
	return p
}

// ahead begins a process for the next request, if there is none. It is called
// with p.mu held.
func (p *Pool) ahead() {
	if p.closed || p.starting || len(p.idle) > 0 {
		return
	}
	p.starting = true
	p.workers.Go(func() {
		cell, err := start(p.cfg, p.log)
		p.mu.Lock()
		p.starting = false
		keep := err == nil && !p.closed
		if keep {
			p.idle = append(p.idle, cell)
		}
		p.mu.Unlock()
		if err == nil && !keep {
			cell.end()
		}
	})
}

func (p *Pool) take() (*process, error) {
	for {
		p.mu.Lock()
		var cell *process
		if n := len(p.idle); n > 0 {
			cell, p.idle = p.idle[n-1], p.idle[:n-1]
		}
		p.ahead()
		p.mu.Unlock()
		if cell != nil && !cell.alive() {
			cell.end() // somebody else has ended it
			continue
		}
		var err error
		if cell == nil {
			if cell, err = start(p.cfg, p.log); err != nil {
				return nil, err
			}
		}
		p.holds(cell, Held{})
		return cell, nil
	}
}

// holds notes what a busy cell holds.
func (p *Pool) holds(cell *process, held Held) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy[cell] = held
}

// Held is what the cells hold together, as they last said.
func (p *Pool) Held() Held {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := Held{Cells: len(p.busy)}
	for _, held := range p.busy {
		all.Memory += held.Memory
		all.Spilled += held.Spilled
	}
	return all
}

// give takes a process back after a request.
func (p *Pool) give(cell *process, r result) {
	cell.uses++
	p.mu.Lock()
	delete(p.busy, cell)
	keep := !p.closed && !cell.broken.Load() && r.sound() && cell.uses < p.cfg.MaxUses && r.Resident <= p.cfg.MaxResident && len(p.idle) < p.cfg.Idle
	if keep {
		p.idle = append(p.idle, cell)
	}
	p.ahead()
	closed := p.closed
	if !keep && !closed {
		p.workers.Go(cell.end)
	}
	p.mu.Unlock()
	if !keep && closed {
		cell.end()
	}
}

// Close ends the processes that nobody uses. It is called when no request is
// under way.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, cell := range idle {
		cell.end()
	}
	p.workers.Wait()
	return nil
}

// Run runs a job to its end in a cell. It does what the Host's Run does there.
func (p *Pool) Run(ctx context.Context, job plan.Job, observer plan.Observer) error {
	cell, err := p.take()
	if err != nil {
		return err
	}
	request := jobRequest{Job: job, Locations: map[string]string{}, Trace: trace.Carry(ctx)}
	for source, location := range job.Locations {
		request.Locations[source] = location.Reveal()
	}
	var r result
	err = cell.guarded(ctx, func() error {
		if err := cell.request(frameJob, request); err != nil {
			return err
		}
		j := &jobReader{pool: p, cell: cell, observer: observer, streams: map[uint32]*inbound{}}
		r, err = j.run(ctx)
		if err != nil {
			cell.broken.Store(true) // it is in the middle of something
		}
		return errors.Join(err, r.err())
	})
	p.give(cell, r)
	return err
}
