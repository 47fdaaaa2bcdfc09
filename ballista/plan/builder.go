package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// builder makes the stage that computes a region.
type builder struct {
	*planner
	solution *solution
	stage    Stage
	// tables are the names of the inputs, by what they hold.
	tables map[string]string
	// named are the tables of the request whose name an input has.
	named map[string]bool
	// views are steps that give inputs back the types that did not travel.
	views []Step
	// first is the id of a leaf that is to be made an input before others, and
	// firstOutput what it reads.
	first       int
	firstOutput *Output
}

func (p *planner) newBuilder(s *solution, name string) *builder {
	b := &builder{planner: p, solution: s, tables: map[string]string{}, named: map[string]bool{}}
	b.stage = Stage{Name: name, Tasks: 1}
	if s.assignment != nil {
		b.stage.Tasks = p.tasks
	}
	return b
}

// place says where a leaf's rows are; one task has them all.
func (b *builder) place(l *leaf) placement {
	if b.solution.assignment == nil {
		return placement{copied: true}
	}
	return b.solution.assignment.places[l.id]
}

// leaves makes inputs of the region's leaves and has the tree read those.
func (b *builder) leaves() error {
	var swaps []func()
	leaves := slices.Clone(b.solution.region.leaves)
	if i := slices.IndexFunc(leaves, func(l *leaf) bool { return l.id == b.first }); i > 0 {
		leaves = slices.Insert(slices.Delete(leaves, i, i+1), 0, b.solution.region.leaves[i])
	}
	for _, l := range leaves {
		var swap func()
		var err error
		if l.part.none() {
			swap, err = b.mention(l)
		} else {
			swap, err = b.part(l)
		}
		if err != nil {
			return err
		}
		if swaps = append(swaps, swap); l.id == b.first {
			b.firstOutput = b.stage.Inputs[len(b.stage.Inputs)-1].From
		}
		b.stage.Why = append(b.stage.Why, b.reason(l))
	}
	// Parts are written as SQL before anything above them changes.
	for _, swap := range swaps {
		swap()
	}
	return nil
}

// mention makes the table of a mention an input.
func (b *builder) mention(l *leaf) (swap func(), err error) {
	name, err := b.input(l.item, b.place(l))
	tree := l.item.tree
	return func() {
		alias := text(tree, "alias")
		if alias == "" {
			alias = text(tree, "table_name")
		}
		if tree["alias"] = alias; strings.EqualFold(alias, name) {
			tree["alias"] = ""
		}
		tree["table_name"] = name
	}, err
}

// input returns the name of the session table that holds a mention's rows.
func (b *builder) input(it *item, at placement) (string, error) {
	t := b.table(it.table)
	in := StageInput{Spread: SpreadSplit}
	var output Output
	switch {
	case at.copied && len(at.keys) == 0:
		output = b.scan(t.Name, "SELECT "+strings.Join(b.travelling(t), ", "), 1)
		in.From, in.Spread = &output, SpreadAll
	case len(at.keys) > 0:
		columns := b.resolver.columns[strings.ToLower(t.Name)]
		sql, err := b.placed(at, b.travelling(t), b.spreadColumns(t, at), func(r ref) []string { return []string{columns[r.col].name} })
		if err != nil {
			return "", err
		}
		output = b.scan(t.Name, sql, b.tasks)
		if in.From, in.Spread = &output, SpreadAligned; at.copied {
			in.Spread = SpreadAll
		}
	default:
		in.Source, in.Columns = t.Name, t.columns()
	}
	what := fmt.Sprint(t.Name, output, in.Spread)
	if name, ok := b.tables[what]; ok {
		return name, nil
	}
	in.Table = t.Name
	if b.named[strings.ToLower(t.Name)] {
		in.Table = b.newTable()
	}
	b.named[strings.ToLower(t.Name)] = true
	b.tables[what] = in.Table
	b.stage.Inputs = append(b.stage.Inputs, in)
	return in.Table, nil
}

// newTable is a name for a session table that nothing else has.
func (b *builder) newTable() string { return "kallad_in_" + strconv.Itoa(len(b.tables)+1) }

// part computes a part, and makes its rows an input.
func (b *builder) part(l *leaf) (swap func(), err error) {
	at := b.place(l)
	columns, naming := b.carries(l, at)
	output, err := b.write(l, b.solution.parts[l.id], at, columns, naming)
	if err != nil {
		return nil, err
	}
	name := b.newTable()
	b.tables[name] = name
	in := StageInput{Table: name, From: &output, Spread: SpreadAligned}
	if at.copied {
		in.Spread = SpreadAll
	} else if len(at.keys) == 0 {
		in.Spread = SpreadSplit
	}
	restored, changed := make([]string, len(columns)), false
	for i, c := range columns {
		restored[i], _ = c.kind.restored(quote(c.name))
		changed = changed || restored[i] != quote(c.name)
		restored[i] += " AS " + quote(c.name)
	}
	if changed {
		in.Table = name + "_raw"
		b.views = append(b.views, Step{Name: name, Kind: StepRun, SQL: fmt.Sprintf("CREATE VIEW %s AS SELECT %s FROM %s", quote(name), strings.Join(restored, ", "), quote(in.Table))})
	}
	b.stage.Inputs = append(b.stage.Inputs, in)
	return func() { b.swap(l, name, naming) }, nil
}

// write adds the stage that computes a part and returns what it writes.
func (b *builder) write(l *leaf, s *solution, at placement, columns []column, naming map[ref]string) (Output, error) {
	inner := b.newBuilder(s, b.partName(l))
	if s.assignment == nil {
		inner.stage.Why = append(inner.stage.Why, "one task does it: "+s.why)
	}
	if err := inner.leaves(); err != nil {
		return Output{}, err
	}
	sql, err := inner.rowsSQL(l, naming)
	if err != nil {
		return Output{}, err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	if l.part.phase != nil {
		at.keys = slices.Clone(at.keys)
		for i, k := range at.keys {
			at.keys[i], _ = l.part.phase.overPhase(k)
		}
	}
	partitions, head := 1, "SELECT "+strings.Join(quoteAll(names), ", ")
	if len(at.keys) > 0 {
		partitions = b.tasks
		if head, err = b.placed(at, quoteAll(names), nil, func(r ref) []string { return []string{naming[r]} }); err != nil {
			return Output{}, err
		}
	}
	inner.stage.Steps = append(inner.views, Step{
		Name: "write1", Kind: StepWrite, Partitions: partitions,
		SQL: fmt.Sprintf("%s FROM (%s) AS q(%s)", head, sql, strings.Join(quoteAll(names), ", ")),
	})
	return Output{Stage: b.add(inner.stage), Step: "write1"}, nil
}

func (b *builder) partName(l *leaf) string {
	switch {
	case l.part.phase != nil:
		return "aggregate"
	case l.part.item != nil || l.part.rows != nil:
		return "join"
	case l.item != nil && l.item.name != "":
		return "subquery " + l.item.name
	}
	return "subquery"
}

// placed is the select list that writes items, placed by keys. name says how
// the keys' columns are called.
func (b *builder) placed(at placement, items, spread []string, name func(ref) []string) (string, error) {
	values, nulls := make([]string, len(at.keys)), make([]string, len(at.keys))
	for i, k := range at.keys {
		expression, err := b.resolver.expression(k.sql(name))
		if err != nil {
			return "", err
		}
		if !k.plain() {
			// The query may never look at the rows for which this fails.
			expression = "TRY(" + expression + ")"
		}
		values[i] = at.positions[i].form.cast(expression, k.kind)
		nulls[i] = expression + " IS NULL"
	}
	place := bucket(values, b.tasks)
	if at.spread {
		place = fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", strings.Join(nulls, " OR "), bucket(spread, b.tasks), place)
	}
	return "SELECT " + place + ", " + strings.Join(items, ", "), nil
}

// reason says why a leaf is placed as it is.
func (b *builder) reason(l *leaf) string {
	at := b.place(l)
	name := "what stage " + strconv.Itoa(len(b.stages)-1) + " writes"
	if l.item != nil && l.item.name != "" && l.part.phase == nil {
		name = l.item.name
	}
	switch {
	case b.solution.assignment == nil:
		return name + " is read as a whole"
	case at.copied && len(at.keys) > 0:
		return name + " turned out small, and every task reads all of it"
	case at.copied:
		return fmt.Sprintf("%s is copied to every task: about %s", name, size(b.solution.region.bytes(b.planner, l)))
	case len(at.keys) == 0:
		return name + " is read in shares as they come"
	}
	labels := make([]string, len(at.keys))
	for i, k := range at.keys {
		labels[i] = k.label
	}
	reason := name + " is split by " + strings.Join(labels, ", ")
	if at.spread {
		reason += ", nulls spread"
	}
	return reason
}

// carries are the columns of a part that are read further up, and how they
// are called.
func (b *builder) carries(l *leaf, at placement) ([]column, map[ref]string) {
	naming := map[ref]string{}
	if l.part.phase != nil {
		phases := l.part.phase.phases
		for i, c := range phases.columns {
			naming[ref{phases.id, i}] = c.name
		}
		return phases.columns, naming
	}
	if l.query != nil {
		columns := l.query.columns
		if l.item != nil {
			columns = l.item.columns
		}
		for i, c := range columns {
			naming[ref{l.id, i}] = c.name
		}
		return columns, naming
	}
	needed := b.solution.region.needed(l)
	for _, k := range at.keys {
		needed = append(needed, k.refs...)
	}
	slices.SortFunc(needed, func(x, y ref) int {
		if x.id != y.id {
			return x.id - y.id
		}
		return x.col - y.col
	})
	needed = slices.Compact(needed)
	columns := make([]column, len(needed))
	for i, r := range needed {
		columns[i] = column{"u" + strconv.Itoa(i), b.resolver.items[r.id].columns[r.col].kind}
		naming[r] = columns[i].name
	}
	if len(columns) == 0 {
		return []column{{"u0", "INTEGER"}}, naming
	}
	return columns, naming
}
