package engine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// Config bounds one session. Two sessions share nothing.
type Config struct {
	// MemoryLimit is what DuckDB may hold before it spills or fails. Unit:
	// bytes. Default: 1 GiB.
	MemoryLimit int64
	// Threads is how many threads run a query. Default: the machine's cores.
	Threads int
	// TempDir is the folder for spilled data; the session makes a folder of
	// its own in it and removes that on Close. Default: the system's.
	TempDir string
	// MaxSpill is how much may be spilled. Unit: bytes. Default 0: 90 % of
	// what is free on the disk of TempDir.
	MaxSpill int64
	// Usage, if set, counts the session while it is open.
	Usage *Usage
}

const defaultMemoryLimit = 1 << 30

// MinMemoryLimit is what DuckDB needs for a few vectors per thread. Unit: bytes.
const MinMemoryLimit = 32 << 20

func (c Config) withDefaults() Config {
	if c.MemoryLimit == 0 {
		c.MemoryLimit = defaultMemoryLimit
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	return c
}

// Validate reports every setting that can't work.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	if c.MemoryLimit < MinMemoryLimit {
		errs = append(errs, fmt.Errorf("memory limit %d bytes: at least %d are needed", c.MemoryLimit, MinMemoryLimit))
	}
	if c.Threads < 1 || c.Threads > 1024 {
		errs = append(errs, fmt.Errorf("threads %d: want 1 to 1024", c.Threads))
	}
	if c.MaxSpill < 0 {
		errs = append(errs, fmt.Errorf("spill limit %d bytes: want 0 or more", c.MaxSpill))
	}
	return errors.Join(errs...)
}
