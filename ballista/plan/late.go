package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Where a lookup has a Late, its table is read in full once: the columns that
// the query and the lookup need travel, with the number of the task that read
// the row, and the whole rows stay in the store of that task's executor. The
// lookup's steps say which keys are wanted; these go back to the tasks that
// read such rows, and one task for each of those picks the rows out of what
// was kept. It runs where that lies, so only rows that are wanted travel whole.
//
// Rows are found by key and not by their place, because a task that runs again
// need not read its rows in the same order; that it reads the same rows is what
// every stage that runs again relies on. And whether a row is wanted is a
// question of its key alone.

// lateLookup is a lookup that is taken so.
type lateLookup struct {
	// whole are the table's columns, of which travel less.
	whole []string
	*Late
}

// keptStep is the name of the StepKeep of a scan.
const keptStep = "whole"

// worthBytes is how much wider whole rows must be for it to cost less to keep
// them apart than to move them. Unit: bytes a row.
const worthBytes = 24

// parted returns the planner of the same request, in which tables whose lookup
// is taken late have no more columns than travel.
func (p *planner) parted() *planner {
	out := &planner{Request: p.Request, ctx: p.ctx, binder: p.binder, tasks: p.tasks, copyLimit: p.copyLimit, lateLookups: map[string]*lateLookup{}}
	out.Tables, out.Lookups = slices.Clone(p.Tables), slices.Clone(p.Lookups)
	for i := range out.Lookups {
		l := &out.Lookups[i]
		at := slices.IndexFunc(out.Tables, func(t Table) bool { return strings.EqualFold(t.Name, l.Table) })
		if l.Late == nil || at < 0 {
			continue
		}
		t := &out.Tables[at]
		narrow := narrowed(t.Schema, l.Late.Columns)
		if containsFold(t.columns(), TaskFunction) || widthOf(t.Schema)-widthOf(narrow) < worthBytes {
			continue
		}
		out.lateLookups[strings.ToLower(t.Name)] = &lateLookup{whole: t.columns(), Late: l.Late}
		t.Schema = narrow
		l.Steps, l.Columns = l.Late.Steps, append(slices.Clone(l.Keys), TaskFunction)
	}
	return out
}

func narrowed(schema *arrow.Schema, columns []string) *arrow.Schema {
	var fields []arrow.Field
	for _, f := range schema.Fields() {
		if slices.Contains(columns, f.Name) {
			fields = append(fields, f)
		}
	}
	return arrow.NewSchema(fields, nil)
}

// widthOf is about how many bytes a row of a schema has.
func widthOf(schema *arrow.Schema) int {
	const ofText = 12 // and the like
	width := 0
	for _, f := range schema.Fields() {
		if fixed, ok := f.Type.(arrow.FixedWidthDataType); ok {
			width += fixed.Bytes()
		} else {
			width += ofText
		}
	}
	return width
}

func (p *planner) lateOf(table string) *lateLookup { return p.lateLookups[strings.ToLower(table)] }

// travelling are the items of a select list that write a table's rows in a
// scan.
func (p *planner) travelling(t Table) []string {
	columns := t.columns()
	if p.lateOf(t.Name) != nil {
		columns = append(columns, TaskFunction)
	}
	return p.scanned(columns)
}

// scanned are columns as a scan has them: the task's number is none of the
// source's.
func (p *planner) scanned(columns []string) []string {
	items := quoteAll(columns)
	for i, c := range columns {
		if c == TaskFunction {
			items[i] = TaskFunction + "() AS " + items[i]
		}
	}
	return items
}

// want has a stage that takes a late lookup's steps write the keys that are
// wanted, and reports whether it does.
func (f *builder) want(stage *Stage, a *answer) bool {
	late := f.lateOf(a.lookup.Table)
	if late == nil {
		return false
	}
	tasks := f.stages[f.scans[strings.ToLower(a.lookup.Table)].stage].Tasks
	columns := quoteAll(a.lookup.Keys)
	if tasks > 1 {
		columns = slices.Insert(columns, 0, quote(TaskFunction))
	}
	stage.Steps = append(stage.Steps, Step{
		Name: wantedStep(a), Kind: StepWrite, Partitions: tasks,
		SQL: fmt.Sprintf("SELECT %s FROM %s", strings.Join(columns, ", "), quote(late.Wanted)),
	})
	return true
}

func wantedStep(a *answer) string { return "wanted" + strconv.Itoa(a.index+1) }

// fetch adds the stage that brings a late lookup's rows. final is the stage
// that computes the query.
func (f *builder) fetch(a *answer, final int) {
	l := a.lookup
	late := f.lateOf(l.Table)
	if late == nil {
		return
	}
	if a.mention != nil {
		a.wanted = append(a.wanted, final)
	}
	table := f.table(l.Table)
	scan := &f.stages[f.scans[strings.ToLower(l.Table)].stage]
	scan.Inputs[0].Whole = late.whole
	scan.Steps = append(scan.Steps, Step{Name: keptStep, Kind: StepKeep})
	scan.Why = append(scan.Why, fmt.Sprintf("%d of the %d columns of %s are for single rows only, and stay where they are read until it is known for which", len(late.whole)-len(table.columns()), len(late.whole), table.Name))
	stage := Stage{
		Name: "fetch " + table.Name, Tasks: scan.Tasks,
		Why: []string{"whole rows are taken, by key, out of what the tasks of stage " + strconv.Itoa(scan.ID) + " have kept, each where it lies"},
	}
	var parts []string
	for i, id := range a.wanted {
		name := late.Wanted
		if len(a.wanted) > 1 {
			name += "_" + strconv.Itoa(i+1)
			parts = append(parts, "SELECT * FROM "+quote(name))
		}
		stage.Inputs = append(stage.Inputs, StageInput{Table: name, From: &Output{Stage: id, Step: wantedStep(a)}, Spread: SpreadAligned})
	}
	stage.Inputs = append(stage.Inputs, StageInput{Table: table.Name, From: &Output{Stage: scan.ID, Step: keptStep}, Spread: SpreadOwn, Streamed: true})
	if parts != nil {
		stage.Steps = append(stage.Steps, Step{
			Name: wantedStep(a), Kind: StepRun,
			SQL: fmt.Sprintf("CREATE VIEW %s AS %s", quote(late.Wanted), strings.Join(parts, " UNION ALL ")),
		})
	}
	stage.Steps = append(stage.Steps, late.Stream)
	f.add(stage)
}
