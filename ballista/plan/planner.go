package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// planner makes the graph of one request.
type planner struct {
	Request
	ctx    context.Context
	binder Binder

	resolver *resolver
	// tasks is how many shares tables are split into, 0 if one task is to do
	// everything; alone says why.
	tasks int
	alone string
	// copyLimit is how large a table may be that is copied to every task.
	copyLimit int64

	// lateLookups are those that are taken so, by their table's name in lower
	// case.
	lateLookups map[string]*lateLookup

	// solved are the parts that were solved, by id.
	solved map[int]*solution

	stages []Stage
	scans  map[string]*scanStage
}

const (
	defaultBroadcast = 32 << 20
	// smallJob is what one task does in less time than it takes to move rows
	// between tasks. Unit: bytes.
	smallJob = 16 << 20
	// shareBytes is about how much of the tables one task is to hold.
	shareBytes = 64 << 20
	// largeShare is what one task holds at most, if maxTasks allows it.
	largeShare = 256 << 20
	// sharesPerPlace lets places that are done early take from the others.
	sharesPerPlace = 3
	maxTasks       = 512
	// unknownBytes stands for a size that is not known.
	unknownBytes = 1 << 30
)

// settle decides into how many shares the tables are split.
func (p *planner) settle() {
	if p.copyLimit = p.BroadcastBytes; p.copyLimit == 0 {
		p.copyLimit = defaultBroadcast
	}
	total := int64(0)
	for _, t := range p.used() {
		total += t.bytes()
	}
	switch {
	case p.Places == 0:
		p.alone = "one process does everything"
	case p.Partitions > 0:
		p.tasks = min(p.Partitions, maxTasks)
	case total <= smallJob:
		p.alone = fmt.Sprintf("one task does everything: the tables have %s, and more tasks would take longer", size(total))
	default:
		p.tasks = int(min(max(total/shareBytes, int64(p.Places)), int64(sharesPerPlace*p.Places)))
		p.tasks = int(min(max(int64(p.tasks), total/largeShare), maxTasks))
	}
	if p.tasks == 1 {
		p.tasks, p.alone = 0, "one task does everything: one partition was asked for"
	}
}

// used are the tables that the query or a lookup reads.
func (p *planner) used() []Table {
	names := make([]string, len(p.Tables))
	for i, t := range p.Tables {
		names[i] = t.Name
	}
	read := p.Query.Tables(names)
	for _, l := range p.Lookups {
		read = append(read, l.Table)
	}
	return slices.DeleteFunc(slices.Clone(p.Tables), func(t Table) bool { return !containsFold(read, t.Name) })
}

func (t Table) bytes() int64 {
	if t.Bytes < 0 {
		return unknownBytes
	}
	return t.Bytes
}

func (t Table) columns() []string {
	out := make([]string, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		out[i] = f.Name
	}
	return out
}

func (p *planner) table(name string) Table {
	for _, t := range p.Tables {
		if strings.EqualFold(t.Name, name) {
			return t
		}
	}
	return Table{}
}

// size is a number of bytes for people.
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	at := 0
	value := float64(bytes)
	for value >= 1024 && at < len(units)-1 {
		value, at = value/1024, at+1
	}
	return fmt.Sprintf("%g %s", math.Round(value*10)/10, units[at])
}

// gather makes the graph in which one task reads all tables and does
// everything.
func (p *planner) gather(why string) (Graph, error) {
	parsed, err := p.Query.Parsed()
	if err != nil {
		return Graph{}, err
	}
	sql, err := p.binder.Format(p.ctx, parsed)
	if err != nil {
		return Graph{}, fmt.Errorf("write the query: %w", err)
	}
	stage := Stage{Name: "everything", Tasks: 1, Why: []string{why}}
	for _, t := range p.used() {
		stage.Inputs = append(stage.Inputs, StageInput{Table: t.Name, Source: t.Name, Columns: t.columns(), Spread: SpreadSplit})
	}
	stage.Steps = p.resultSteps(sql)
	for _, l := range p.Lookups {
		stage.Steps = append(stage.Steps, l.Steps...)
	}
	return Graph{Stages: []Stage{stage}}, nil
}

// resultSteps are those that make the result table and use it.
func (p *planner) resultSteps(sql string) []Step {
	var steps []Step
	if p.kept() {
		steps = append(steps, Step{Name: StepMatch, Kind: StepRun, SQL: fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM (%s) AS q(%s)%s",
			quote(p.Result.Table), sql, strings.Join(quoteAll(p.Result.Columns), ", "), p.Result.limitSQL())})
	}
	for _, s := range p.Steps {
		if s.SQL == "" {
			s.SQL = sql
		}
		steps = append(steps, s)
	}
	return steps
}

// distribute makes a graph of several stages, or says by an *unsplittable why
// there is none.
func (p *planner) distribute() (Graph, error) {
	graph, hoped, err := p.attempt(false)
	if err != nil || hoped == nil {
		return graph, err
	}
	// The first attempt has changed its tree. The second makes the same one
	// anew, and all decisions are made again alike.
	again := &planner{Request: p.Request, ctx: p.ctx, binder: p.binder, lateLookups: p.lateLookups}
	again.settle()
	small, _, err := again.attempt(true)
	if err != nil {
		return graph, err
	}
	return eitherWay(graph, small, *hoped, p.copyLimit), nil
}

// attempt makes a graph. If a leaf is worth waiting for, it returns the output
// that has its rows. With small, that leaf is taken to have turned out small.
func (p *planner) attempt(small bool) (Graph, *Output, error) {
	tree, err := p.Query.inlined()
	if err != nil {
		return Graph{}, nil, err
	}
	if p.resolver, err = p.newResolver(); err != nil {
		return Graph{}, nil, err
	}
	query, err := p.resolver.read(tree, nil)
	if err != nil {
		return Graph{}, nil, err
	}
	if query.columns == nil {
		return Graph{}, nil, fmt.Errorf("internal error: the query was bound before, and can't be any more")
	}
	p.scans, p.solved = map[string]*scanStage{}, map[int]*solution{}
	return p.final(query, small)
}

func (p *planner) newResolver() (*resolver, error) {
	r := &resolver{
		ctx: p.ctx, binder: p.binder, tables: p.Tables, columns: map[string][]column{},
		items: map[int]*item{}, relations: map[int]*relation{}, known: map[uintptr]*key{}, moved: map[ref][]string{},
	}
	for _, t := range p.Tables {
		names, types, err := p.binder.Columns(p.ctx, "SELECT * FROM "+quote(t.Name))
		if err != nil {
			return nil, fmt.Errorf("table %q: %w", t.Name, err)
		}
		columns := make([]column, len(names))
		for i, n := range names {
			columns[i] = column{n, sqlType(types[i])}
		}
		r.columns[strings.ToLower(t.Name)] = columns
	}
	return r, nil
}
