package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"

	"kallad/ballista/cell"
	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/plan"
	"kallad/worker/blob"
)

// cellCommand is the command that a daemon starts for processes that run
// queries. It is not for people.
const cellCommand = "cell"

func newCellCommand() *cobra.Command {
	return &cobra.Command{
		Use:    cellCommand,
		Short:  "Run queries for a daemon, which starts this command by itself",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			// The daemon ends this process; signals to all of a service's
			// processes are the daemon's to obey.
			signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			return cell.Serve(os.Stdin, os.NewFile(cell.OutputFile, "answers"), newCellHost)
		},
	}
}

// cellSettings are what a daemon tells its cells.
type cellSettings struct {
	// Session bounds what runs a task, Bind what binds a query.
	Session, Bind engine.Config
	// Memory is the most that the process may ask of the system. Unit: bytes.
	Memory int64

	SourceRoots, SourceAllow, Private []string
	DenyPrivate, PostgresLocal        bool
	S3                                blob.S3Config

	// SpanEndpoint and SpanProtocol say where spans go.
	SpanEndpoint, SpanProtocol string
}

// cellBeyond is what a cell's process may have beyond twice its memory limit:
// Go, threads' stacks, and what DuckDB takes without counting it. Unit: bytes.
const cellBeyond = 1 << 30

func newCellHost(config []byte, meter cell.Meter) (cell.Host, error) {
	var s cellSettings
	if err := json.Unmarshal(config, &s); err != nil {
		return cell.Host{}, fmt.Errorf("read the settings of a cell: %w", err)
	}
	if err := cell.Confine(s.Memory); err != nil {
		return cell.Host{}, fmt.Errorf("bound the memory of a cell: %w", err)
	}
	debug.SetMemoryLimit(goMemory)
	flags := storeFlags{sourceRoots: s.SourceRoots, sourceAllow: s.SourceAllow, denyPrivate: s.DenyPrivate, postgresLocal: s.PostgresLocal, s3: s.S3, meter: meter}
	stores, err := flags.open(nil, s.Private)
	if err != nil {
		return cell.Host{}, err
	}
	spans := traceFlags{endpoint: s.SpanEndpoint, protocol: s.SpanProtocol}
	stopSpans, err := spans.start(context.Background(), schedulerService, slog.New(slog.DiscardHandler))
	if err != nil {
		return cell.Host{}, err
	}
	s.Session.Usage = engine.NewUsage()
	binding, sessions := engine.NewPool(s.Bind, true), engine.NewPool(s.Session, true)
	core := executor.New(executor.Pooled(sessions), stores.sources, nil)
	return cell.Host{
		Bind: func() (cell.Binder, error) { return binding.Open() },
		Run: func(ctx context.Context, task plan.Task, locations map[string]plan.Secret, observer plan.TaskObserver) error {
			defer flushSpans()
			return core.Run(ctx, task, locations, observer)
		},
		Held: func() (memory, spilled int64) {
			ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
			defer cancel()
			held := s.Session.Usage.Read(ctx)
			return held.Memory, held.Spilled
		},
		Close: func() error {
			stopSpans()
			return errors.Join(binding.Close(), sessions.Close())
		},
		Resident: residentMemory,
	}, nil
}

// flushSpans sends the spans of a task on their way, and waits for nobody: the
// process may be killed before the next ones would take them along.
func flushSpans() {
	provider, ok := otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error })
	if !ok {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
		defer cancel()
		_ = provider.ForceFlush(ctx)
	}()
}

// newCells returns the cells of a daemon that runs so many jobs at once.
func (f *engineFlags) newCells(e *engines, private []string, jobs int, log *slog.Logger) (*cell.Pool, error) {
	session := e.limits
	session.Usage = nil // it counts what is here
	settings, err := json.Marshal(cellSettings{
		Session: session, Bind: f.bindLimits(), Memory: 2*e.limits.MemoryLimit + cellBeyond,
		SourceRoots: f.stores.sourceRoots, SourceAllow: f.stores.sourceAllow, Private: private,
		DenyPrivate: f.stores.denyPrivate, PostgresLocal: f.stores.postgresLocal, S3: f.stores.s3,
		SpanEndpoint: f.spans.endpoint, SpanProtocol: f.spans.protocol,
	})
	if err != nil {
		return nil, fmt.Errorf("write the settings of a cell: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program to start cells: %w", err)
	}
	return cell.NewPool(cell.Config{
		Command: func() *exec.Cmd {
			cmd := exec.Command(self, cellCommand)
			cmd.Env = cellEnvironment()
			return cmd
		},
		Settings: settings, Idle: jobs, Meter: f.stores.meter,
		Ended: func() { sweepCell(f.tempDir, log) },
	}, log), nil
}

// sweepCell removes what a cell that was killed had spilled.
func sweepCell(dir string, log *slog.Logger) {
	if _, err := engine.SweepSpill(dir); err != nil {
		log.Warn("what a killed query had spilled could not be removed", "error", err)
	}
}

// cellEnvironment is this process's, without the secrets that are no business
// of a process that runs strangers' SQL.
func cellEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "KALLAD_TOKEN" || name == "CALLBACK_SECRET"
	})
}

// isolated is the worker of a daemon's own process: a job's only task runs in
// a cell. Tasks that take part in more run here, when the executors that the
// job began on are gone.
type isolated struct {
	*executor.Worker
	cells *cell.Pool
}

// Run implements the scheduler's Worker.
func (w isolated) Run(ctx context.Context, task plan.Task, locations map[string]plan.Secret, observer plan.TaskObserver) error {
	return w.cells.Run(ctx, task, locations, observer)
}

// residentMemory is what this process holds, in bytes; 0 when the system does
// not tell.
func residentMemory() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int64
	if _, err := fmt.Sscan(string(text), &total, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
