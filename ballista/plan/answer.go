package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// answer says where a lookup's steps are taken.
//
// In the final stage, if the rows of one key are together there. That is so if
// the table is placed by its keys, or if no two rows have the same key; and if
// the keys of a result row were carried there from the very row of the table
// that has them, which is in the task that carried them. Keys for which this
// does not hold are left out, of the table and of the result, and looked up
// apart: those that several rows have, found by their hash beforehand where
// there may be any, and nulls, if an outer join may have put nulls where a key
// was not.
//
// Where nothing of it holds, all of the lookup is taken in a stage of its own,
// for which both the table and the result's keys are placed by key.
type answer struct {
	lookup *Lookup
	index  int
	// at is where the table's rows are in the final stage; mention is which
	// mention of it carries the keys. Without a mention, it is all apart.
	mention *item
	at      placement
	// nulls says that null keys are looked up apart, doubled that those are
	// that several rows have.
	nulls, doubled bool
	// table is the name of the final stage's input if the lookup reads but a
	// part of it.
	table string
	// duplicates is the input with the hashes of keys that several rows have.
	duplicates string
	// wanted are the stages that write the keys of rows which are brought late.
	wanted []int
}

// part reports whether some keys are looked up apart.
func (a *answer) part() bool { return a.nulls || a.doubled }

// answer decides where a lookup's steps are taken.
func (f *builder) answer(l *Lookup) (*answer, error) {
	a := &answer{lookup: l}
	for i := range f.Lookups {
		if &f.Lookups[i] == l {
			a.index = i
		}
	}
	for _, k := range l.Keys {
		if _, ok := canonical([]sqlType{f.kindOf(l.Table, k)}); !ok {
			return nil, &unsplittable{fmt.Sprintf("rows of %s can't be found by the key %s, of type %s, over several tasks", l.Table, k, f.kindOf(l.Table, k))}
		}
	}
	if f.solution.assignment == nil {
		a.mention = f.read(l.Table)
		a.at = placement{copied: true}
	} else if mention, extended := f.carried(l); mention != nil {
		at := f.solution.assignment.places[mention.id]
		if len(at.keys) > 0 && !at.copied {
			a.mention, a.at, a.nulls = mention, at, extended
			a.doubled = !l.Unique && (at.spread || !f.within(mention, at, l.Keys))
		}
	}
	if a.mention == nil {
		for i, k := range l.Keys {
			if _, ok := canonical([]sqlType{f.kindOf(l.Table, k), f.resultKind(l.ResultKeys[i])}); !ok {
				return nil, &unsplittable{fmt.Sprintf("the key %s of %s and the result's column for it can't be told alike by a hash", k, l.Table)}
			}
		}
	}
	if loose := f.solution.loose(); loose != "" && (a.mention == nil || a.part()) {
		return nil, &unsplittable{fmt.Sprintf("%s, and the rows of %s are looked up by another task", loose, l.Table)}
	}
	return a, nil
}

// read is a mention of a table that the one task of the final stage reads, nil
// if it reads none.
func (f *builder) read(table string) *item {
	for _, l := range f.solution.region.leaves {
		if l.part.none() && strings.EqualFold(l.item.table, table) {
			return l.item
		}
	}
	return nil
}

// resultColumns are the columns of the result that have a part of the key.
// One column can have several.
func (l *Lookup) resultColumns() []string {
	var out []string
	for _, c := range l.ResultKeys {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

func (p *planner) kindOf(table, name string) sqlType {
	columns := p.resolver.columns[strings.ToLower(table)]
	if at := columnIndex(columns, name); at >= 0 {
		return columns[at].kind
	}
	return ""
}

func (f *builder) resultColumn(name string) int {
	for i, c := range f.Result.Columns {
		if c == name {
			return i
		}
	}
	return -1
}

func (f *builder) resultKind(name string) sqlType {
	if at := f.resultColumn(name); at >= 0 && at < len(f.solution.region.root.query.columns) {
		return f.solution.region.root.query.columns[at].kind
	}
	return ""
}

// carried returns the mention of a lookup's table whose keys the result rows
// carry, nil if they come from elsewhere or from several mentions. extended
// says that they may be null without being so in a row of the table.
func (f *builder) carried(l *Lookup) (mention *item, extended bool) {
	var rows [][]origin
	for i, name := range l.ResultKeys {
		at := f.resultColumn(name)
		if at < 0 || f.resultKind(name) != f.kindOf(l.Table, l.Keys[i]) {
			return nil, false
		}
		from := f.solution.region.origins(f.solution.region.root.query, at)
		if len(from) == 0 || len(rows) > 0 && len(from) != len(rows[0]) {
			return nil, false
		}
		for j, o := range from {
			if o.item == nil {
				extended = true
				if i > 0 && rows[0][j].item != nil {
					return nil, false
				}
				continue
			}
			if i > 0 && rows[0][j].item != o.item || !strings.EqualFold(o.item.table, l.Table) || f.columnOf(o.item, l.Keys[i]) != o.col {
				return nil, false
			}
			if mention != nil && mention != o.item {
				return nil, false
			}
			mention, extended = o.item, extended || o.extended
		}
		rows = append(rows, from)
	}
	return mention, extended
}

// admit makes the inputs of the final stage that a lookup needs there.
func (f *builder) admit(a *answer) error {
	if a.mention == nil {
		return nil
	}
	table := f.table(a.lookup.Table).Name
	if a.part() {
		// The lookup's table is a view over the rest of the input.
		f.named[strings.ToLower(table)] = true
	}
	var err error
	a.table, err = f.input(a.mention, a.at)
	if err != nil || !a.doubled {
		return err
	}
	hashes := f.scan(table, fmt.Sprintf("SELECT %s, %s AS h", bucket([]string{hashOf(a.lookup.Keys)}, f.tasks), hashOf(a.lookup.Keys)), f.tasks)
	id := f.add(Stage{
		Name: "duplicate keys of " + table, Tasks: f.tasks,
		Inputs: []StageInput{{Table: "kallad_hashes", From: &hashes, Spread: SpreadAligned, Streamed: true}},
		Steps:  []Step{{Name: "write1", Kind: StepWrite, SQL: "SELECT h FROM kallad_hashes GROUP BY h HAVING count(*) > 1", Partitions: 1}},
		Why:    []string{fmt.Sprintf("rows of %s that have a key of their own are looked up where they are matched; which keys are doubled is found here", table)},
	})
	a.duplicates = "kallad_doubled_" + strconv.Itoa(a.index+1)
	f.stage.Inputs = append(f.stage.Inputs, StageInput{Table: a.duplicates, From: &Output{Stage: id, Step: "write1"}, Spread: SpreadAll})
	return nil
}

func hashOf(columns []string) string { return "hash(" + strings.Join(quoteAll(columns), ", ") + ")" }

// apartSQL is true for the keys, under the given names, that are looked up
// apart. It is never null.
func (a *answer) apartSQL(columns []string) string {
	var parts []string
	if a.nulls {
		nulls := make([]string, len(columns))
		for i, c := range columns {
			nulls[i] = quote(c) + " IS NULL"
		}
		parts = append(parts, "("+strings.Join(nulls, " AND ")+")")
	}
	if a.doubled {
		parts = append(parts, fmt.Sprintf("%s IN (SELECT h FROM %s)", hashOf(columns), a.duplicates))
	}
	return strings.Join(parts, " OR ")
}

// here adds to the final stage what a lookup does there.
func (f *builder) here(a *answer) {
	l, n := a.lookup, strconv.Itoa(a.index+1)
	table := f.table(l.Table)
	if a.mention == nil || a.part() {
		where := ""
		if a.mention != nil {
			where = " WHERE " + a.apartSQL(l.ResultKeys)
		}
		f.stage.Steps = append(f.stage.Steps, Step{
			Name: "keys" + n, Kind: StepWrite, Partitions: f.tasks,
			SQL: fmt.Sprintf("SELECT DISTINCT %s, %s FROM %s%s", f.keyPlace(l, l.ResultKeys, true), strings.Join(quoteAll(l.resultColumns()), ", "), quote(f.Result.Table), where),
		})
	}
	if a.mention == nil {
		f.stage.Why = append(f.stage.Why, fmt.Sprintf("rows of %s are looked up in a stage of their own, because they are not where the result's rows with their keys are", table.Name))
		return
	}
	if a.part() {
		columns := strings.Join(quoteAll(l.Columns), ", ")
		f.stage.Steps = append(f.stage.Steps,
			Step{
				Name: "rows" + n, Kind: StepWrite, Partitions: f.tasks,
				SQL: fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s", f.keyPlace(l, l.Keys, false), columns, quote(a.table), a.apartSQL(l.Keys)),
			},
			Step{
				Name: "part" + n, Kind: StepRun,
				SQL: fmt.Sprintf("CREATE VIEW %s AS SELECT %s FROM %s WHERE NOT (%s)", quote(table.Name), columns, quote(a.table), a.apartSQL(l.Keys)),
			})
	}
	f.stage.Steps = append(f.stage.Steps, a.steps()...)
	f.want(&f.stage, a)
}

// steps are those that the lookup takes in the final stage. Where keys that
// several rows have are looked up apart, no two of the rows there have one.
func (a *answer) steps() []Step {
	steps := slices.Clone(a.lookup.Steps)
	for i := range steps {
		if d := steps[i].Distinct; a.doubled && d != nil {
			steps[i].SQL, steps[i].Distinct = d.SQL, nil
		}
	}
	return steps
}

// keyPlace says in which partition a key belongs, for rows of the result or of
// the table.
func (f *builder) keyPlace(l *Lookup, names []string, ofResult bool) string {
	values := make([]string, len(names))
	for i := range names {
		kinds := []sqlType{f.kindOf(l.Table, l.Keys[i]), f.resultKind(l.ResultKeys[i])}
		form, _ := canonical(kinds)
		kind := kinds[0]
		if ofResult {
			kind = kinds[1]
		}
		values[i] = form.cast(quote(names[i]), kind)
	}
	return bucket(values, f.tasks)
}

// apart adds the stage in which a lookup is taken that is not, or not all of
// it, taken in the final one, which has the given id.
func (f *builder) apart(a *answer, id int) {
	if a.mention != nil && !a.part() {
		return
	}
	l, n := a.lookup, strconv.Itoa(a.index+1)
	table := f.table(l.Table)
	rows := Output{Stage: id, Step: "rows" + n}
	why := "these rows may have keys that others have as well"
	if a.mention == nil {
		rows = f.scan(table.Name, fmt.Sprintf("SELECT %s, %s", f.keyPlace(l, l.Keys, false), strings.Join(f.scanned(l.Columns), ", ")), f.tasks)
		why = "rows and the result's keys are brought together by key"
	}
	stage := Stage{
		Name: "look up " + table.Name, Tasks: f.tasks,
		Inputs: []StageInput{
			{Table: table.Name, From: &rows, Spread: SpreadAligned},
			{Table: f.Result.Table, From: &Output{Stage: id, Step: "keys" + n}, Spread: SpreadAligned},
		},
		Steps: slices.Clone(l.Steps), Why: []string{why},
	}
	wants := f.want(&stage, a)
	id = f.add(stage)
	if wants {
		a.wanted = append(a.wanted, id)
	}
}
