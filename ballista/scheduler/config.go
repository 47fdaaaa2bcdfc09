package scheduler

import (
	"errors"
	"fmt"
	"time"
)

// Config is what all jobs of a scheduler share.
type Config struct {
	// Version is that of kallad, and EngineVersion that of the SQL engine:
	// executors with another engine are refused, as the two might not agree
	// on what a hash or a comparison is.
	Version, EngineVersion string
	// Heartbeat is how often executors tell how they are. Default 1 s.
	Heartbeat time.Duration
	// Timeout is how long an executor may be silent before it is lost.
	// Default 15 s.
	Timeout time.Duration
	// ReconnectGrace is how long an executor whose stream broke may take to
	// come back to its tasks and outputs. Default 5 s.
	ReconnectGrace time.Duration
	// LocalGrace is how long to wait for another executor when the last one
	// is gone, before this process takes over; and for those of the process
	// before, when this one begins. Default 5 s.
	LocalGrace time.Duration
	// MaxAttempts is how often a task may fail before its job does. Default 4.
	MaxAttempts int
	// LocalWhole says that this process runs nothing but whole jobs, as one
	// task: a job of several tasks whose executors are all gone is told to
	// start again, if its caller can. Default: it runs the tasks that are left.
	LocalWhole bool
	// RetryDelay is the wait before a task that failed is tried again; it
	// doubles each time. Default 100 ms.
	RetryDelay time.Duration
	// SpeculateAfter is the share of a stage's tasks that must be done before
	// the slow ones get a second attempt. Default 0.75; 1 or more: never.
	SpeculateAfter float64
	// SpeculateFactor is how many times the median of the finished tasks one
	// must have taken to be slow. Default 2.
	SpeculateFactor float64
	// SpeculateLeast is the time before which no task is slow. Default 5 s.
	SpeculateLeast time.Duration
	// StatusInterval is how often at most a job's observer hears of its
	// stages. Default 100 ms.
	StatusInterval time.Duration
	// ResultMemory is how much of one result on its way to the observer may
	// be in memory; what is beyond goes to disk. Unit: bytes. Default 32 MiB.
	ResultMemory int64
	// Backlog returns how many jobs wait elsewhere for their turn, for those
	// who scale the executors. Default: none do.
	Backlog func() int
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Heartbeat: time.Second, Timeout: 15 * time.Second, ReconnectGrace: 5 * time.Second, LocalGrace: 5 * time.Second,
		MaxAttempts: 4, RetryDelay: 100 * time.Millisecond,
		SpeculateAfter: 0.75, SpeculateFactor: 2, SpeculateLeast: 5 * time.Second,
		StatusInterval: 100 * time.Millisecond, ResultMemory: 32 << 20,
		Backlog: func() int { return 0 },
	}
}

// Validate reports every setting that can't work.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Heartbeat > 0, "heartbeat interval %s: want more than 0", c.Heartbeat)
	check(c.Timeout > c.Heartbeat, "executor timeout %s: want more than the heartbeat interval, %s", c.Timeout, c.Heartbeat)
	check(c.ReconnectGrace >= 0, "reconnect grace %s: want 0 or more", c.ReconnectGrace)
	check(c.LocalGrace >= 0, "local grace %s: want 0 or more", c.LocalGrace)
	check(c.MaxAttempts >= 1, "attempts %d: want at least 1", c.MaxAttempts)
	check(c.RetryDelay >= 0, "retry delay %s: want 0 or more", c.RetryDelay)
	check(c.SpeculateAfter > 0, "share of tasks before speculation %g: want more than 0", c.SpeculateAfter)
	check(c.SpeculateFactor >= 1, "factor of speculation %g: want at least 1", c.SpeculateFactor)
	check(c.StatusInterval > 0, "status interval %s: want more than 0", c.StatusInterval)
	check(c.ResultMemory >= 0, "memory for results %d: want 0 or more", c.ResultMemory)
	return errors.Join(errs...)
}
