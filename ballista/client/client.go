package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"kallad/ballista/plan"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/filter"
)

// Client runs queries through an engine in this process. It is safe for
// concurrent use.
type Client struct {
	sources *source.Registry
	binder  func() (Binder, error)
	engine  Engine
}

var _ Runner = (*Client)(nil)

// New returns a client. binder opens a binder for one query.
func New(sources *source.Registry, binder func() (Binder, error), engine Engine) *Client {
	return &Client{sources: sources, binder: binder, engine: engine}
}

// The names of the one step and of the table that may hold its result.
const (
	resultStep  = "result"
	resultTable = "kallad_result"
)

// The engine's functions that numbers without a scale are read by.
const (
	numericFunction    = "kallad_numeric"
	tryNumericFunction = "kallad_try_numeric"
)

// Query implements Runner.
func (c *Client) Query(ctx context.Context, q Query) (_ *Rows, err error) {
	if q.ID == "" {
		q.ID = uuid.NewString()
	}
	p := &prepared{client: c, query: q}
	// What the sources hold, such as a snapshot, they hold until the query has
	// ended.
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	job, err := p.job(ctx)
	if err != nil {
		return nil, err
	}
	return start(ctx, func(ctx context.Context, r *Rows) error {
		return errors.Join(c.engine.Run(ctx, job, &observer{rows: r}), p.close())
	}), nil
}

// prepared is a query with its sources open.
type prepared struct {
	client *Client
	query  Query
	tables []*table
}

// table is a source of the query.
type table struct {
	recon.Source
	src   source.Source
	about *source.Description
	// columns are those that the query reads.
	columns []string
}

// open opens and describes all sources at once. It reports everything that is
// wrong with them.
func (p *prepared) open(ctx context.Context) error {
	if err := recon.ValidateSources(p.query.Sources); err != nil {
		return err
	}
	for _, s := range p.query.Sources {
		p.tables = append(p.tables, &table{Source: s})
	}
	problems := make([]error, len(p.tables))
	group, ctx := errgroup.WithContext(ctx)
	for i, t := range p.tables {
		group.Go(func() error {
			if err := t.open(ctx, p.client.sources); err != nil {
				problems[i] = fmt.Errorf("source %q: %w", t.Alias, err)
				if !recon.IsInput(err) {
					return problems[i]
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return errors.Join(problems...)
}

func (t *table) open(ctx context.Context, registry *source.Registry) (err error) {
	if t.src, err = registry.Open(ctx, t.URI); err != nil {
		return err
	}
	if t.about, err = t.src.Describe(ctx); err != nil {
		return err
	}
	_, err = filter.Compile(t.about.Schema, t.Filters)
	return recon.Input(err)
}

func (p *prepared) close() error {
	var errs []error
	for _, t := range p.tables {
		if t.src != nil {
			errs = append(errs, t.src.Close())
			t.src = nil
		}
	}
	return errors.Join(errs...)
}

// job checks and plans the query, and splits what the plan reads.
func (p *prepared) job(ctx context.Context) (plan.Job, error) {
	binder, err := p.client.binder()
	if err != nil {
		return plan.Job{}, err
	}
	graph, err := p.plan(ctx, binder)
	if err = errors.Join(err, binder.Close()); err != nil {
		return plan.Job{}, err
	}
	job := plan.Job{
		ID: p.query.ID, Graph: graph, Scans: map[string]plan.Scan{}, Locations: map[string]plan.Secret{}, Labels: p.query.Labels,
	}
	for _, st := range graph.AllStages() {
		for _, in := range st.Inputs {
			key := in.ScanKey()
			if _, known := job.Scans[key]; known || in.Source == "" {
				continue
			}
			if job.Scans[key], err = p.scan(ctx, in); err != nil {
				return plan.Job{}, fmt.Errorf("source %q: %w", in.Source, err)
			}
		}
	}
	for _, t := range p.tables {
		job.Locations[t.Alias] = plan.Secret(t.URI.Reveal())
	}
	return job, nil
}

func (p *prepared) plan(ctx context.Context, binder Binder) (plan.Graph, error) {
	parsed, err := binder.Parse(ctx, p.query.SQL)
	if err != nil {
		return plan.Graph{}, queryError(err)
	}
	query, err := plan.New(p.query.SQL, parsed)
	if err != nil {
		return plan.Graph{}, recon.Input(err)
	}
	if err := query.Check(p.aliases(), recon.Near); err != nil {
		return plan.Graph{}, recon.Input(err)
	}
	for _, t := range p.tables {
		if err := binder.CreateEmpty(ctx, t.Alias, t.about.Schema); err != nil {
			return plan.Graph{}, fmt.Errorf("source %q: %w", t.Alias, err)
		}
	}
	query.Translate(numericFunction, tryNumericFunction)
	names, err := columns(ctx, binder, query)
	if err != nil {
		return plan.Graph{}, queryError(err)
	}
	p.choose(query)
	request := plan.Request{
		Query: query, Places: p.client.engine.Places(), Partitions: p.query.Partitions,
		Result: plan.Result{Table: resultTable}, Steps: []plan.Step{{Name: resultStep, Kind: plan.StepStream}},
	}
	for i := range names {
		request.Result.Columns = append(request.Result.Columns, "c"+strconv.Itoa(i))
	}
	for _, t := range p.tables {
		request.Tables = append(request.Tables, plan.Table{
			Name: t.Alias, Schema: t.schema(t.columns), Rows: t.about.Rows, Bytes: t.about.Bytes, MaxPartitions: t.about.MaxPartitions,
		})
	}
	return plan.Plan(ctx, binder, request)
}

// columns are the names of the query's columns.
func columns(ctx context.Context, binder Binder, query *plan.Query) ([]string, error) {
	parsed, err := query.Parsed()
	if err != nil {
		return nil, err
	}
	sql, err := binder.Format(ctx, parsed)
	if err != nil {
		return nil, err
	}
	names, _, err := binder.Columns(ctx, sql)
	return names, err
}

func (p *prepared) aliases() []string {
	var out []string
	for _, t := range p.tables {
		out = append(out, t.Alias)
	}
	return out
}

// choose decides which columns of the sources are read.
func (p *prepared) choose(query *plan.Query) {
	all := map[string][]string{}
	for _, t := range p.tables {
		for _, f := range t.about.Schema.Fields() {
			all[t.Alias] = append(all[t.Alias], f.Name)
		}
	}
	used := query.Columns(all)
	for _, t := range p.tables {
		for _, name := range all[t.Alias] {
			if slices.Contains(used[t.Alias], name) {
				t.columns = append(t.columns, name)
			}
		}
		if len(t.columns) == 0 {
			// Even a table that is only counted needs a column to be loaded.
			t.columns = all[t.Alias][:1]
		}
	}
}

func (t *table) schema(columns []string) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, name := range columns {
		found, _ := t.about.Schema.FieldsByName(name)
		fields[i] = found[0]
	}
	return arrow.NewSchema(fields, nil)
}

// scan splits what a stage reads of a source.
func (p *prepared) scan(ctx context.Context, in plan.StageInput) (plan.Scan, error) {
	t := p.tables[slices.IndexFunc(p.tables, func(t *table) bool { return t.Alias == in.Source })]
	want := source.Scan{Columns: in.Columns, Filters: t.Filters}
	partitions, err := t.src.Split(ctx, want, p.shares(t.about))
	if err != nil {
		return plan.Scan{}, err
	}
	scan := plan.Scan{Source: in.Source, Schema: plan.Schema{Schema: t.schema(in.Columns)}}
	if scan.Raw, err = json.Marshal(want); err != nil {
		return plan.Scan{}, err
	}
	for _, part := range partitions {
		raw, err := json.Marshal(part)
		if err != nil {
			return plan.Scan{}, err
		}
		scan.Partitions = append(scan.Partitions, plan.Partition{Raw: raw, Rows: part.Rows, Bytes: part.Bytes, Once: part.Once})
	}
	return scan, nil
}

const (
	// shareBytes is the least that is worth a partition of its own.
	shareBytes = 4 << 20
	// sharesPerPlace lets tasks that finish early take from the others.
	sharesPerPlace = 4
	// localReaders is how many read at once where no executor says otherwise.
	localReaders = 4
)

// shares is how many partitions a source is to be split into.
func (p *prepared) shares(about *source.Description) int {
	if p.query.Partitions > 0 {
		return p.query.Partitions
	}
	readers := max(localReaders, p.client.engine.Places())
	if about.Bytes < 0 {
		return readers
	}
	return max(1, min(readers*sharesPerPlace, int(about.Bytes/shareBytes)))
}

// queryError makes what the engine says of the query the caller's to mend.
func queryError(err error) error {
	var fault interface{ QueryFault() bool }
	if errors.As(err, &fault) && fault.QueryFault() {
		return recon.Input(err)
	}
	return err
}
