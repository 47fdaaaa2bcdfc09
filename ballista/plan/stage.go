package plan

import (
	"slices"
	"strconv"
	"strings"
)

// scanStage is the stage that reads a table and writes it for others.
type scanStage struct {
	table Table
	stage int
	// writes are the names of the steps, by what they write.
	writes map[string]string
}

// add appends a stage and returns its id.
func (p *planner) add(s Stage) int {
	s.ID = len(p.stages)
	p.stages = append(p.stages, s)
	return s.ID
}

// scan returns the output of a table's scan that a statement writes, which
// names the table once. sql is without the FROM clause.
func (p *planner) scan(name, sql string, partitions int) Output {
	key := strings.ToLower(name)
	s := p.scans[key]
	if s == nil {
		t := p.table(name)
		s = &scanStage{table: t, writes: map[string]string{}}
		s.stage = p.add(Stage{
			Name: "scan " + t.Name, Tasks: p.scanTasks(t),
			Inputs: []StageInput{{Table: t.Name, Source: t.Name, Columns: t.columns(), Spread: SpreadSplit, Streamed: true}},
		})
		p.scans[key] = s
	}
	stage := &p.stages[s.stage]
	if step, ok := s.writes[sql]; ok {
		return Output{Stage: s.stage, Step: step}
	}
	step := "write" + strconv.Itoa(len(s.writes)+1)
	s.writes[sql] = step
	stage.Steps = append(stage.Steps, Step{Name: step, Kind: StepWrite, SQL: sql + " FROM " + quote(s.table.Name), Partitions: partitions})
	stage.Inputs[0].Streamed = len(stage.Steps) == 1
	return Output{Stage: s.stage, Step: step}
}

// scanTasks is how many tasks read a table.
func (p *planner) scanTasks(t Table) int {
	tasks := int(min(max(t.bytes()/shareBytes, 1), int64(p.tasks)))
	tasks = max(tasks, min(p.Places, int(t.bytes()/(4<<20))))
	if t.MaxPartitions > 0 {
		tasks = min(tasks, t.MaxPartitions)
	}
	return max(1, tasks)
}

// spreadColumns are columns of a table that its nulls are spread by.
func (p *planner) spreadColumns(t Table, at placement) []string {
	var out []string
	for _, c := range p.resolver.columns[strings.ToLower(t.Name)] {
		if _, simple := canonical([]sqlType{c.kind}); !simple || !containsFold(t.columns(), c.name) {
			continue
		}
		isKey := slices.ContainsFunc(at.keys, func(k *key) bool {
			r, plain := k.column()
			return plain && len(at.keys) == 1 && strings.EqualFold(p.resolver.items[r.id].columns[r.col].name, c.name)
		})
		if !isKey && len(out) < 4 {
			out = append(out, quote(c.name))
		}
	}
	return out
}

// home is where a leaf's rows are if no condition says it: copied, or each in
// one task. Those of a table with lookups are placed by the lookup's keys, so
// that it can be answered there.
func (p *planner) home(l *leaf, copied bool) placement {
	if copied || !l.part.none() {
		return placement{copied: copied}
	}
	lookup := p.lookupOf(l.item.table)
	if lookup == nil {
		return placement{}
	}
	var out placement
	for _, name := range lookup.Keys {
		at := p.columnOf(l.item, name)
		if at < 0 {
			return placement{}
		}
		k := columnKey(l.item, at)
		f, ok := canonical([]sqlType{k.kind})
		if !ok {
			return placement{}
		}
		out.keys, out.positions = append(out.keys, k), append(out.positions, &position{form: f, types: []sqlType{k.kind}})
	}
	return out
}

// columnOf is where a column of a table stands among a mention's, which may
// have renamed it.
func (p *planner) columnOf(it *item, name string) int {
	return columnIndex(p.resolver.columns[strings.ToLower(it.table)], name)
}

func (p *planner) lookupOf(table string) *Lookup {
	for i := range p.Lookups {
		if strings.EqualFold(p.Lookups[i].Table, table) {
			return &p.Lookups[i]
		}
	}
	return nil
}

// keepsNulls reports whether the rows of a leaf must not be spread where its
// keys are null: because a lookup is to find rows of one key together, or
// because there is nothing to spread them by.
func (p *planner) keepsNulls(l *leaf, at placement) bool {
	if !l.part.none() {
		return true
	}
	if len(p.spreadColumns(p.table(l.item.table), at)) == 0 {
		return true
	}
	lookup := p.lookupOf(l.item.table)
	return lookup != nil && p.within(l.item, at, lookup.Keys)
}

// within reports whether a placement looks at the given columns only: rows
// that are alike in them are then in one task.
func (p *planner) within(it *item, at placement, columns []string) bool {
	table := p.resolver.columns[strings.ToLower(it.table)]
	for _, k := range at.keys {
		for _, r := range k.refs {
			if r.id != it.id || !containsFold(columns, table[r.col].name) {
				return false
			}
		}
	}
	return len(at.keys) > 0
}
