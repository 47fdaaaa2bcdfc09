package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"kallad/ballista/plan"
	"kallad/worker/blob"
	"kallad/worker/evidence"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/trace"
)

// Engine runs jobs of stages: on the executors there are, else in this process.
type Engine interface {
	// Run runs a job to its end; nothing of it is left behind. An error of the
	// query or of a source is a recon.InputError, or answers QueryFault,
	// OutOfMemory or OutOfDisk.
	Run(ctx context.Context, job plan.Job, observer plan.Observer) error
	// Places is how many tasks can run at once on executors; 0 when there is
	// none, and this process does the work.
	Places() int
}

// Config is what all jobs of a process share.
type Config struct {
	// StagingPath is the folder that relative output paths are under.
	// Absolute; required.
	StagingPath string
	// Partitions is how many shares a source is split into, and a query that
	// runs on executors. Default 0: from the sizes and the places there are.
	Partitions int
	// SortEvidence has the rows of each evidence file sorted by their keys
	// and then all other columns, so that the same run gives the same bytes
	// however it was split.
	SortEvidence bool
	// Threads is how many threads read at once in this process. Default: the
	// machine's cores.
	Threads int
	// Memory is what queries may hold in this process, and Tasks how many
	// tasks it runs at once. A job that seems to need more memory than that
	// is split into tasks here too, so that each fits, where one that spills
	// would take longer. Default 0: no job is split in this process.
	// Unit: bytes.
	Memory int64
	Tasks  int
	// MaxResultRows is how many rows a query's result may have; a job with
	// more fails. Default 0: any number.
	MaxResultRows int64
	// Version of kallad, for metadata.
	Version string
	// MemoryHint names the setting that raises the memory limit, for errors.
	MemoryHint string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Parts are the collaborators of a Runner.
type Parts struct {
	Sources *source.Registry
	Store   blob.Store
	Binder  func() (Binder, error)
	Engine  Engine
	Log     *slog.Logger
}

// Runner runs jobs. It holds nothing of a job after its end, and may run
// several at once.
type Runner struct {
	cfg   Config
	parts Parts
	// since is when this process began to run jobs.
	since time.Time
	// turns are those of runs that publish.
	turns *turns
}

// New returns a runner.
func New(cfg Config, parts Parts) *Runner {
	if cfg.Threads == 0 {
		cfg.Threads = runtime.GOMAXPROCS(0)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Runner{cfg: cfg, parts: parts, since: cfg.Now(), turns: &turns{taken: map[string]chan struct{}{}}}
}

// The engine modes of a job: in this process, or on executors.
const (
	EngineModeLocal   = "local"
	EngineModeCluster = "cluster"
)

// Run runs a valid job. acceptedAt is the matched_at of its evidence. report
// receives progress, in order, and must not block. An error is a *StageError;
// then no evidence is left behind. Either way no reader, session or file is
// left open.
func (r *Runner) Run(ctx context.Context, job *recon.Job, acceptedAt time.Time, report func(recon.Progress)) (*recon.Result, error) {
	run := r.newRun(job, report)
	run.acceptedAt = acceptedAt
	result, err := run.do(ctx)
	for again := 0; again < maxAgain && startAgain(err) && ctx.Err() == nil; again++ {
		run.log.Warn("job starts again", "error", err)
		run.progress.again()
		result, err = run.do(ctx)
	}
	if err != nil {
		return nil, run.stageError(ctx, err)
	}
	return result, nil
}

// Explain returns the stages that a valid job would run in if there were so
// many places on executors; 0 is this process alone. It looks at the sources
// as Run does and reads none. An error is a *StageError.
func (r *Runner) Explain(ctx context.Context, job *recon.Job, places int) (plan.Graph, error) {
	run := r.newRun(job, nil)
	if err := errors.Join(run.prepare(ctx, places), run.closeSources()); err != nil {
		return plan.Graph{}, run.stageError(ctx, err)
	}
	return run.graph, nil
}

func (r *Runner) newRun(job *recon.Job, report func(recon.Progress)) *run {
	return &run{
		Runner: r, job: job, startedAt: r.cfg.Now(), log: r.parts.Log.With("run_id", job.RunID),
		progress: newProgress(job, r.cfg.Now, report),
	}
}

// maxAgain is how often a job starts again from its start.
const maxAgain = 3

// startAgain reports whether the job may well succeed when it is run anew: of
// a source that shows another moment each time, rows were lost on the way.
func startAgain(err error) bool {
	var fault interface{ StartAgain() bool }
	return errors.As(err, &fault) && fault.StartAgain()
}

// run is one job on its way.
type run struct {
	*Runner
	job        *recon.Job
	acceptedAt time.Time
	startedAt  time.Time
	log        *slog.Logger
	progress   *progress
	tables     []*table
	query      *boundQuery
	// mode is where the job runs, places how many tasks can run there at
	// once, as it was when the job was planned. 0 is one task in this process.
	mode   string
	places int
	graph  plan.Graph
	// base is the folder of the evidence as the store names it.
	base     string
	evidence *evidence.Set
}

func (r *run) do(ctx context.Context) (result *recon.Result, err error) {
	defer func() { err = errors.Join(err, r.closeSources()) }()
	if err := r.prepare(ctx, r.parts.Engine.Places()); err != nil {
		return nil, err
	}
	if err := r.createEvidence(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.evidence.Abort()) }()
	r.progress.step(stepSplit)
	r.progress.enter(recon.StageStaging)
	var job plan.Job
	err = traced(ctx, "split", func(ctx context.Context) (err error) {
		job, err = r.planJob(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	observer := newObserver(r)
	observer.read = sourceBytes(job)
	r.progress.step(stepLoad + r.tables[0].alias)
	if err := traced(ctx, "run", func(ctx context.Context) error { return r.runJob(ctx, job, observer) }); err != nil {
		return nil, err
	}
	r.progress.enter(recon.StageWritingResults)
	if err := observer.close(ctx); err != nil {
		return nil, err
	}
	return r.publish(ctx, observer)
}

// runJob runs the job's stages. Whoever runs its tasks, in whatever process,
// goes on with the trace of ctx.
func (r *run) runJob(ctx context.Context, job plan.Job, observer *observer) error {
	for name, value := range trace.Carry(ctx) {
		job.Labels[name] = value
	}
	return r.parts.Engine.Run(ctx, job, observer)
}

// traced does a part of a run in a span of its own.
func traced(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, span := trace.Start(ctx, name)
	err := do(ctx)
	span.End(err)
	return err
}

// prepare looks at the sources and plans the query's stages for so many places
// on executors.
func (r *run) prepare(ctx context.Context, places int) error {
	r.progress.step(stepDescribe)
	if err := traced(ctx, "describe", r.describeSources); err != nil {
		return err
	}
	for _, t := range r.tables {
		r.progress.expect(t.alias, t.about.Rows)
	}
	if err := r.checkTables(); err != nil {
		return err
	}
	r.progress.step(stepPlan)
	r.mode, r.places = EngineModeCluster, places
	if places == 0 {
		r.mode = EngineModeLocal
	}
	r.progress.runs(r.mode)
	return traced(ctx, "plan", r.planQuery)
}

// planQuery binds the query and plans its stages.
func (r *run) planQuery(ctx context.Context) (err error) {
	binder, err := r.parts.Binder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	if r.query, err = r.bind(ctx, binder); err != nil {
		return err
	}
	if r.mode == EngineModeLocal && r.tooLarge() {
		r.places = r.cfg.Tasks
	}
	r.graph, err = plan.Plan(ctx, binder, r.request())
	if err == nil && r.mode == EngineModeLocal && gathers(r.graph) {
		r.places = 0
		r.graph, err = plan.Plan(ctx, binder, r.request())
	}
	return err
}

// publish checks that no row was lost or doubled and makes the evidence
// visible.
func (r *run) publish(ctx context.Context, o *observer) (*recon.Result, error) {
	r.progress.step(stepPublish)
	result := r.result(o)
	for _, side := range []recon.SideCounts{result.Left, result.Right} {
		if side.Rows != side.MatchedRows+side.UnmatchedRows {
			return nil, fmt.Errorf("internal error: source %q has %d rows, but %d matched and %d unmatched",
				side.Alias, side.Rows, side.MatchedRows, side.UnmatchedRows)
		}
	}
	meta := evidence.Metadata{Job: *r.job, Result: *result, Version: r.cfg.Version}
	err := traced(ctx, "publish", func(ctx context.Context) error {
		over, err := r.turns.take(ctx, blob.Canonical(r.base))
		if err != nil {
			return err
		}
		defer over()
		return r.evidence.Publish(ctx, meta)
	})
	if err != nil {
		return nil, err
	}
	r.progress.done()
	return result, nil
}

func (r *run) createEvidence(ctx context.Context) (err error) {
	if r.base, err = outputBase(r.cfg.StagingPath, r.job.OutputPath); err != nil {
		return err
	}
	r.evidence, err = evidence.Create(ctx, r.parts.Store, evidence.Config{
		RunID: r.job.RunID, OutputPath: r.base, MatchedAt: r.acceptedAt,
		CompositeKey: map[evidence.Side]bool{
			evidence.Left:  len(r.tables[0].keys) > 1,
			evidence.Right: len(r.tables[1].keys) > 1,
		},
	})
	return err
}
