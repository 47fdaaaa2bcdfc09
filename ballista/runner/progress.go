package runner

import (
	"slices"
	"sync"
	"time"

	"kallad/ballista/plan"
	"kallad/worker/recon"
)

// The share of a run that each stage takes, as fractions at which it ends.
// They are rough on purpose: what matters is that the whole never goes back.
const (
	stagingEnds  = 0.55
	matchingEnds = 0.75
)

// progress keeps what is known of a run's way and reports it. Fraction and
// counts never go down.
type progress struct {
	report func(recon.Progress)
	now    func() time.Time

	mu      sync.Mutex
	current recon.Progress
	tables  map[string]*tableProgress
	order   []string
	left    string
	right   string
	toPass  int64
	pass    int64
	began   map[recon.Stage]time.Time
	seconds map[recon.Stage]float64
	detail  *detail
	// planned are the stages that the engine told of last, if there are several;
	// they take the place of detail.
	planned []recon.StageStatus
}

type tableProgress struct {
	read, expected int64
	loaded         bool
}

func newProgress(job *recon.Job, now func() time.Time, report func(recon.Progress)) *progress {
	p := &progress{
		report: report, now: now,
		current: recon.Progress{RunID: job.RunID, Stage: recon.StageValidation},
		tables:  map[string]*tableProgress{},
		left:    job.Left().Alias, right: job.Right().Alias,
		began:   map[recon.Stage]time.Time{},
		seconds: map[recon.Stage]float64{},
		detail:  newDetail(now),
	}
	p.began[recon.StageValidation] = now()
	for _, s := range job.Sources {
		p.tables[s.Alias] = &tableProgress{}
		p.order = append(p.order, s.Alias)
	}
	return p
}

// expect says how many rows a table probably has; below 0 is unknown.
func (p *progress) expect(table string, rows int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tables[table].expected = rows
}

// order is that of the stages.
var order = []recon.Stage{recon.StageValidation, recon.StageStaging, recon.StageMatching, recon.StageWritingResults}

// enter begins a stage; the stages before it are then over.
func (p *progress) enter(stage recon.Stage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Index(order, stage) <= slices.Index(order, p.current.Stage) {
		return
	}
	p.endStage()
	p.began[stage] = p.now()
	p.current.Stage = stage
	p.current.Source, p.current.RowsRead, p.current.RowsTotal = "", nil, nil
	switch stage {
	case recon.StageStaging:
		p.current.Source = p.order[0]
	case recon.StageMatching:
		p.advance(stagingEnds)
	case recon.StageWritingResults:
		p.advance(matchingEnds)
	}
	p.tell()
}

// step begins a step of the run's task, which ends the one before.
func (p *progress) step(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.detail.begin(name)
}

func (p *progress) endStage() {
	p.seconds[p.current.Stage] = p.now().Sub(p.began[p.current.Stage]).Seconds()
}

// stage returns the stage that the run is in.
func (p *progress) stage() recon.Stage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current.Stage
}

// read counts rows that a table's readers delivered.
func (p *progress) read(table string, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tables[table]
	t.read += int64(rows)
	p.detail.add(stepLoad+table, int64(rows))
	p.detail.stage.RowsIn += int64(rows)
	p.showTable(table)
	p.advance(stagingEnds * p.staged())
	p.tell()
}

func (p *progress) showTable(table string) {
	t := p.tables[table]
	read := t.read
	p.current.Source, p.current.RowsRead, p.current.RowsTotal = table, &read, nil
	if total := max(t.expected, t.read); t.expected > 0 || t.loaded {
		p.current.RowsTotal = &total
	}
}

// staged is the share of all rows that are read, 0 to 1; tables of unknown
// size count as half read until they are loaded.
func (p *progress) staged() float64 {
	sum := 0.0
	for _, t := range p.tables {
		switch {
		case t.loaded:
			sum++
		case t.expected > 0:
			sum += min(0.99, float64(t.read)/float64(t.expected))
		case t.read > 0:
			sum += 0.5
		}
	}
	return sum / float64(len(p.tables))
}

// loaded says that a table is complete.
func (p *progress) loaded(table string, rows int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tables[table]
	t.loaded, t.read, t.expected = true, rows, rows
	if at := slices.Index(p.order, table) + 1; at < len(p.order) && p.detail.step() == stepLoad+table {
		p.detail.begin(stepLoad + p.order[at])
	}
	switch table {
	case p.left:
		p.current.TotalLeft = &rows
	case p.right:
		p.current.TotalRight = &rows
	}
	p.showTable(table)
	p.advance(stagingEnds * p.staged())
	p.tell()
}

// matching says which share of the query is done.
func (p *progress) matching(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(stagingEnds + (matchingEnds-stagingEnds)*share)
	p.tell()
}

// again says that everything is done anew. What was reported stays.
func (p *progress) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tables {
		t.read, t.loaded = 0, false
	}
	p.pass, p.toPass = 0, 0
}

// runs says where the job runs.
func (p *progress) runs(engineMode string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current.EngineMode = engineMode
	if engineMode == EngineModeLocal {
		p.detail.here()
	}
	p.tell()
}

// stages says how far the plan is.
func (p *progress) stages(status []recon.StageStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(status) == 1 {
		p.detail.adopt(status[0])
		p.tell()
		return
	}
	p.planned, p.current.Stages = status, status
	p.tell()
	p.current.Stages = nil
}

// found says how many matches were written so far, while more may come.
func (p *progress) found(matches int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current.MatchedCount = &matches
	p.tell()
}

// matched says how many matches there are and how many rows are still to be
// gone through on the way to the evidence.
func (p *progress) matched(matches, toPass int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current.MatchedCount, p.toPass = &matches, toPass
	p.detail.add(plan.StepMatch, matches)
	p.advance(matchingEnds)
	p.tell()
}

// passed counts rows that were written or left out.
func (p *progress) passed(rows int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass += rows
	if p.toPass > 0 {
		share := min(0.99, float64(p.pass)/float64(p.toPass))
		p.advance(matchingEnds + (1-matchingEnds)*share)
	}
	p.tell()
}

// wrote counts rows of a step that were written, which pass as well.
func (p *progress) wrote(step string, rows int64) {
	p.mu.Lock()
	p.detail.add(step, rows)
	p.detail.stage.RowsOut += rows
	p.mu.Unlock()
	p.passed(rows)
}

// done says that the evidence is published.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endStage()
	p.advance(1)
	p.detail.end(recon.WorkSucceeded, "")
	p.tell()
}

// failed says why the run ended early, and returns its stages as they stand.
func (p *progress) failed(state recon.WorkState, text string) []recon.StageStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.planned != nil {
		return halted(p.planned, state, p.now().UTC())
	}
	p.detail.end(state, text)
	return p.detail.copy()
}

func (p *progress) advance(to float64) { p.current.Fraction = max(p.current.Fraction, min(1, to)) }

// tell reports a copy; its pointers are to values that never change.
func (p *progress) tell() {
	if p.report != nil {
		if p.planned == nil {
			p.current.Stages = p.detail.due()
		}
		p.report(p.current)
	}
}

// stageSeconds returns the wall time of each stage so far.
func (p *progress) stageSeconds() map[recon.Stage]float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make(map[recon.Stage]float64, len(p.seconds)+1)
	for stage, s := range p.seconds {
		out[stage] = s
	}
	out[p.current.Stage] = p.now().Sub(p.began[p.current.Stage]).Seconds()
	return out
}
