package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/spf13/pflag"

	"kallad/ballista/cell"
	"kallad/ballista/client"
	"kallad/ballista/engine"
	"kallad/ballista/runner"
)

// engineFlags are the settings of every command that runs jobs.
type engineFlags struct {
	memoryLimit size
	maxSpill    size
	threads     int
	tempDir     string
	partitions  int
	sorted      bool
	maxRows     int64
	isolate     bool
	spans       traceFlags // where those of cells go
	outputRoots []string
	stores      storeFlags
}

// register takes whether jobs come from the person who runs the process.
func (f *engineFlags) register(flags *pflag.FlagSet, own bool) {
	f.registerLimits(flags, own)
	flags.IntVar(&f.partitions, "partitions", 0, "shares that a source is split into (default: from its size and the threads)")
	flags.Int64Var(&f.maxRows, "max-result-rows", 0, "rows that a query's result may have; a job with more fails (default: any number)")
	flags.BoolVar(&f.sorted, "sort-evidence", false, "sort the rows of the evidence files by their keys, so that the same run gives the same bytes however it was split")
	env(flags, "sort-evidence", "SORT_EVIDENCE")
	env(flags, "partitions", "BALLISTA_PARTITIONS")
	env(flags, "max-result-rows", "MAX_RESULT_ROWS")
	if own {
		return
	}
	flags.BoolVar(&f.isolate, "isolate", true, "run each query in a process of its own, so that none can bring down or hold up the daemon")
	env(flags, "isolate", "ISOLATE")
}

// registerLimits registers what every command that runs queries has.
func (f *engineFlags) registerLimits(flags *pflag.FlagSet, own bool) {
	flags.Var(&f.memoryLimit, "memory-limit", "memory for queries, such as 2GB; what does not fit is spilled (default: half of the machine's)")
	flags.Var(&f.maxSpill, "max-spill", "most that may be spilled to disk (default: what is free)")
	flags.IntVar(&f.threads, "threads", runtime.GOMAXPROCS(0), "threads that read and run queries")
	flags.StringVar(&f.tempDir, "temp-dir", os.TempDir(), "folder for spilled data")
	env(flags, "memory-limit", "MEMORY_LIMIT")
	env(flags, "max-spill", "MAX_SPILL")
	env(flags, "threads", "THREADS")
	env(flags, "temp-dir", "TEMP_DIR")
	f.stores.register(flags, own)
}

// goMemory is what the Go side of the process is to stay under: readers,
// batches in flight and files being written. Unit: bytes.
const goMemory = 96 << 20

// goGarbage is how much garbage may lie beside what lives on Go's heap before it
// is collected. Unit: percent. What lives is little and batches are short-lived,
// so that with the usual 100 it was collected two hundred times in a job, for a
// tenth of its CPU time.
const goGarbage = 400

// boundGo sets how Go's part of the process keeps its memory.
func boundGo() {
	debug.SetMemoryLimit(goMemory)
	debug.SetGCPercent(goGarbage)
}

// unaccounted is the share of the memory limit, one in so many, that is left
// for what DuckDB holds beyond its own count.
const unaccounted = 8

// bindMemory is for binding queries over empty tables. Unit: bytes.
const bindMemory = 256 << 20

// memory is what the process is to stay under. Unit: bytes.
func (f *engineFlags) memory() int64 {
	if f.memoryLimit == 0 {
		return machineMemory() / 2
	}
	return int64(f.memoryLimit)
}

// limits are the bounds of one of several sessions that run at once.
func (f *engineFlags) limits(sessions int) engine.Config { return f.shares(f.memory(), sessions) }

// shares are those bounds where the sessions have total together.
func (f *engineFlags) shares(total int64, sessions int) engine.Config {
	// Freed blocks that its allocator keeps for a second, string heaps, the
	// operators' own notes.
	total -= total / unaccounted
	return engine.Config{MemoryLimit: total / int64(sessions), Threads: f.threads, TempDir: f.tempDir, MaxSpill: int64(f.maxSpill)}
}

// validate reports every setting that cannot be, by its flag.
func (f *engineFlags) validate(limits engine.Config, sessions int) error {
	var errs []error
	if f.partitions < 0 || f.partitions > 1<<16 {
		errs = append(errs, fmt.Errorf("--partitions %d: want 0 to 65536", f.partitions))
	}
	if f.maxRows < 0 {
		errs = append(errs, fmt.Errorf("--max-result-rows %d: want more than 0, or 0 for any number", f.maxRows))
	}
	if limits.MemoryLimit < engine.MinMemoryLimit {
		least := int64(sessions)*engine.MinMemoryLimit*unaccounted/(unaccounted-1) + 1<<19 // or it would be shown rounded down
		errs = append(errs, fmt.Errorf("--memory-limit %s: want at least %s; jobs that run at once: %d", &f.memoryLimit, formatBytes(least), sessions))
		limits.MemoryLimit = 0
	}
	errs = append(errs, limits.Validate())
	if dir, err := os.MkdirTemp(f.tempDir, "kallad-"); err != nil {
		errs = append(errs, fmt.Errorf("--temp-dir: %w", err))
	} else {
		errs = append(errs, os.Remove(dir))
	}
	return errors.Join(errs...)
}

// engines is what jobs need in this process.
type engines struct {
	cfg    runner.Config
	limits engine.Config // of a job in one task
	// slots is how many tasks run at once in this process, share how many of
	// them share the limits of a job in one task.
	slots, share int
	stores       *stores
	binding      *engine.Pool
	sessions     *engine.Pool
	usage        *engine.Usage
	// cells run queries in processes of their own; nil if none is to.
	cells *cell.Pool
}

// newEngines wires everything that jobs need in this process. A daemon keeps
// sessions open ahead for the jobs to come, in its cells if it has them; a
// single job needs one of each.
// No job reads or writes what is private.
func (f *engineFlags) newEngines(staging string, private []string, jobs int, daemon bool, log *slog.Logger) (*engines, error) {
	limits := f.limits(jobs)
	if err := f.validate(limits, jobs); err != nil {
		return nil, err
	}
	root, err := filepath.Abs(staging)
	if err != nil {
		return nil, fmt.Errorf("find the staging path %q: %w", staging, err)
	}
	stores, err := f.stores.open(f.outputRoots, private)
	if err != nil {
		return nil, err
	}
	boundGo()
	limits.Usage = engine.NewUsage()
	if daemon {
		sweepSpill(f.tempDir, log)
	}
	e := &engines{
		cfg: runner.Config{
			StagingPath: root, Partitions: f.partitions, Threads: f.threads, Memory: limits.MemoryLimit, MaxResultRows: f.maxRows, SortEvidence: f.sorted, Version: version(),
			MemoryHint: fmt.Sprintf("--memory-limit, of which a job now gets %s", formatBytes(limits.MemoryLimit)),
		},
		limits: limits, slots: jobs, share: 1, stores: stores, usage: limits.Usage,
		binding: engine.NewPool(f.bindLimits(), f.ahead(daemon)), sessions: engine.NewPool(limits, f.ahead(daemon)),
	}
	if jobs == 1 {
		e.share = tasksAlone(limits)
		e.slots = e.share
	}
	e.cfg.Tasks = e.slots
	if f.isolate {
		e.cfg.Tasks = tasksAlone(limits) // in its cell
		if e.cells, err = f.newCells(e, private, jobs, log); err != nil {
			return nil, errors.Join(err, e.close())
		}
	}
	return e, nil
}

// ahead is how far ahead a process opens sessions of its own. With cells it
// needs none but to finish what its executors have left.
func (f *engineFlags) ahead(daemon bool) engine.Ahead {
	switch {
	case f.isolate:
		return engine.AheadNone
	case daemon:
		return engine.AheadAlways
	}
	return engine.AheadFirst
}

// tasksAlone is how many tasks share the limits of a job that has a process
// for itself: a thread each, if that leaves them memory to work with.
func tasksAlone(limits engine.Config) int {
	return max(1, min(limits.Threads, int(limits.MemoryLimit/(2*engine.MinMemoryLimit))))
}

// bindLimits are the bounds of a session that only binds queries.
func (f *engineFlags) bindLimits() engine.Config {
	return engine.Config{MemoryLimit: bindMemory, Threads: 1, TempDir: f.tempDir}
}

// binder opens a session for binding.
func (e *engines) binder() (runner.Binder, error) {
	if e.cells != nil {
		return e.cells.Bind()
	}
	return e.binding.Open()
}

// runner returns a runner whose jobs the engine runs.
func (e *engines) runner(engine runner.Engine, log *slog.Logger) *runner.Runner {
	return runner.New(e.cfg, runner.Parts{
		Sources: e.stores.sources, Store: e.stores.store, Engine: engine, Log: log,
		Binder: e.binder,
	})
}

// sweepSpill clears away what killed processes spilled. That it can't is no
// reason not to start.
func sweepSpill(dir string, log *slog.Logger) {
	removed, err := engine.SweepSpill(dir)
	if removed > 0 {
		log.Info("removed what killed processes had spilled", "folders", removed, "in", dir)
	}
	if err != nil {
		log.Warn("spilled data of killed processes could not be removed", "error", err)
	}
}

// client returns a client whose queries the engine runs.
func (e *engines) client(engine client.Engine) *client.Client {
	return client.New(e.stores.sources, func() (client.Binder, error) { return e.binder() }, engine)
}

// close ends the sessions that no job took.
func (e *engines) close() error {
	err := errors.Join(e.binding.Close(), e.sessions.Close())
	if e.cells != nil {
		err = errors.Join(err, e.cells.Close())
	}
	return err
}
