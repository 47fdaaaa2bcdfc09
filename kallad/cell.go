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
	"slices"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"

	"kallad/ballista/cell"
	"kallad/ballista/engine"
	"kallad/ballista/plan"
	sched "kallad/ballista/scheduler"
	"kallad/ballista/shuffle"
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
	boundGo()
	flags := storeFlags{sourceRoots: s.SourceRoots, sourceAllow: s.SourceAllow, denyPrivate: s.DenyPrivate, postgresLocal: s.PostgresLocal, s3: s.S3, meter: meter}
	stores, err := flags.open(nil, s.Private)
	if err != nil {
		return cell.Host{}, err
	}
	spans := traceFlags{endpoint: s.SpanEndpoint, protocol: s.SpanProtocol}
	log := slog.New(slog.DiscardHandler) // what there is to say goes with a job's end
	stopSpans, err := spans.start(context.Background(), schedulerService, log)
	if err != nil {
		return cell.Host{}, err
	}
	e := &engines{
		limits: s.Session, stores: stores, usage: engine.NewUsage(),
		binding: engine.NewPool(s.Bind, engine.AheadAlways), sessions: engine.NewPool(s.Session, engine.AheadAlways),
	}
	e.limits.Usage = e.usage
	e.share = tasksAlone(e.limits)
	e.slots = e.share
	local, err := newLocalEngine(sched.DefaultConfig(), e, prometheus.NewRegistry(), log, shuffle.ClientConfig{})
	if err != nil {
		return cell.Host{}, err
	}
	return cell.Host{
		Bind: func() (cell.Binder, error) { return e.binding.Open() },
		Run: func(ctx context.Context, job plan.Job, observer plan.Observer) error {
			defer flushSpans()
			return local.Run(ctx, job, observer)
		},
		Held: func() (memory, spilled int64) {
			ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
			defer cancel()
			held := e.usage.Read(ctx)
			return held.Memory, held.Spilled
		},
		Close: func() error {
			stopSpans()
			return errors.Join(local.close(), e.close())
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

// sweepCell removes what a cell that was killed had on disk.
func sweepCell(dir string, log *slog.Logger) {
	_, err := engine.SweepSpill(dir)
	if err := errors.Join(err, shuffle.Sweep(dir)); err != nil {
		log.Warn("what a killed query had on disk could not be removed", "error", err)
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
