package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// finalStage is the stage that computes the query's result, while it is made.
type finalStage struct {
	*planner
	region     *region
	assignment *assignment
	stage      Stage
	// tables are the names of the inputs, by what they hold.
	tables map[string]string
	// named are the tables of the request whose name an input has.
	named map[string]bool
}

// final makes the last stages: those of the whole query.
func (p *planner) final(query *relation) (Graph, error) {
	g := &region{resolver: p.resolver, query: query, cut: map[int]bool{}}
	g.explore()
	a, no := g.assign(p)
	if no != nil {
		return Graph{}, &unsplittable{no.why}
	}
	f := &finalStage{planner: p, region: g, assignment: a, tables: map[string]string{}, named: map[string]bool{}}
	f.stage = Stage{Name: "match", Tasks: p.tasks}
	return f.build()
}

func (f *finalStage) build() (Graph, error) {
	lookups := make([]*answer, len(f.Lookups))
	for i := range f.Lookups {
		var err error
		if lookups[i], err = f.answer(&f.Lookups[i]); err != nil {
			return Graph{}, err
		}
	}
	for _, l := range lookups {
		if err := f.admit(l); err != nil {
			return Graph{}, err
		}
	}
	for _, l := range f.region.leaves {
		if err := f.leaf(l); err != nil {
			return Graph{}, err
		}
	}
	sql, err := f.resolver.format(f.region.query.tree)
	if err != nil {
		return Graph{}, err
	}
	f.stage.Steps = f.resultSteps(sql)
	for _, l := range lookups {
		f.here(l)
	}
	f.stage.Why = append(f.stage.Why, f.reasons()...)
	id := f.add(f.stage)
	for _, l := range lookups {
		f.apart(l, id)
	}
	return Graph{Stages: f.stages}, nil
}

// leaf makes a leaf's rows an input and has the query read that.
func (f *finalStage) leaf(l *leaf) error {
	at := f.assignment.places[l.id]
	name, err := f.input(l.item, at)
	if err != nil {
		return err
	}
	tree := l.item.tree
	if text(tree, "alias") == "" {
		tree["alias"] = text(tree, "table_name")
	}
	if strings.EqualFold(text(tree, "alias"), name) {
		tree["alias"] = ""
	}
	tree["table_name"] = name
	return nil
}

// input returns the name of the session table that holds a mention's rows.
func (f *finalStage) input(it *item, at placement) (string, error) {
	t := f.table(it.table)
	in := StageInput{Spread: SpreadSplit}
	var output Output
	switch {
	case at.copied:
		output = f.copied(t)
		in.From, in.Spread = &output, SpreadAll
	case len(at.keys) > 0:
		sql, err := f.placedColumns(t, at, func(r ref) []string { return []string{f.resolver.columns[strings.ToLower(t.Name)][r.col].name} })
		if err != nil {
			return "", err
		}
		output = f.scan(t.Name, sql, f.tasks)
		in.From, in.Spread = &output, SpreadAligned
	default:
		in.Source, in.Columns = t.Name, t.columns()
	}
	what := fmt.Sprint(t.Name, output, in.Spread)
	if name, ok := f.tables[what]; ok {
		return name, nil
	}
	in.Table = t.Name
	if f.named[strings.ToLower(t.Name)] {
		in.Table = f.newTable()
	}
	f.named[strings.ToLower(t.Name)] = true
	f.tables[what] = in.Table
	f.stage.Inputs = append(f.stage.Inputs, in)
	return in.Table, nil
}

// copied is the output with all rows of a table.
func (p *planner) copied(t Table) Output {
	return p.scan(t.Name, "SELECT "+strings.Join(quoteAll(t.columns()), ", "), 1)
}

// newTable is a name for a session table that nothing else has.
func (f *finalStage) newTable() string { return "kallad_in_" + strconv.Itoa(len(f.tables)+1) }

// reasons say why the leaves are placed as they are.
func (f *finalStage) reasons() []string {
	var out []string
	for _, l := range f.region.leaves {
		at := f.assignment.places[l.id]
		switch {
		case at.copied:
			out = append(out, fmt.Sprintf("%s is copied to every task: it has %s", l.item.name, size(f.region.bytes(f.planner, l))))
		case len(at.keys) > 0:
			labels := make([]string, len(at.keys))
			for i, k := range at.keys {
				labels[i] = k.label
			}
			reason := fmt.Sprintf("%s is split by %s", l.item.name, strings.Join(labels, ", "))
			if at.spread {
				reason += ", nulls spread"
			}
			out = append(out, reason)
		default:
			out = append(out, l.item.name+" is read in shares, as its source is split")
		}
	}
	return out
}

// bytes is about how large a leaf is.
func (g *region) bytes(p *planner, l *leaf) int64 {
	if l.item != nil && l.item.kind == leafItem {
		return p.table(l.item.table).bytes()
	}
	return unknownBytes
}
