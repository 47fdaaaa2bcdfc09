package plan

import (
	"fmt"
	"slices"
	"strings"
)

// sortStreams gives the streams that are to be sorted their order. In a stage
// of one task the statement itself does; what several tasks stream is written,
// and one task more sorts it. It returns false for a graph in which a stream
// hangs on two choices at once.
func sortStreams(g *Graph) bool {
	var names []string
	for _, st := range g.AllStages() {
		for _, step := range st.Steps {
			if step.Kind == StepStream && step.Sorted != nil && !slices.Contains(names, step.Name) {
				names = append(names, step.Name)
			}
		}
	}
	if len(g.Stages) == 1 && len(g.Choices) == 0 && g.Stages[0].Tasks == 1 {
		for i, step := range g.Stages[0].Steps {
			if slices.Contains(names, step.Name) {
				g.Stages[0].Steps[i].SQL = step.SQL + " ORDER BY ALL"
			}
		}
		return true
	}
	s := &sorter{next: len(g.AllStages())}
	for _, st := range g.AllStages() {
		s.next = max(s.next, st.ID+1)
	}
	for _, name := range names {
		if !s.sort(g, name, nil) {
			return false
		}
	}
	return true
}

type sorter struct{ next int }

// sort turns the streams of one name in a graph into writes, and adds the
// stage that streams them sorted. above are the writes of the graphs that hold
// this one as a branch.
func (s *sorter) sort(g *Graph, name string, above []written) bool {
	found := slices.Clone(above)
	for i := range g.Stages {
		steps := g.Stages[i].Steps
		for k := range steps {
			if steps[k].Name == name && steps[k].Kind == StepStream {
				found = append(found, written{Output{Stage: g.Stages[i].ID, Step: name}, steps[k]})
				steps[k] = writeOf(steps[k])
			}
		}
	}
	var holding []*Choice
	for i := range g.Choices {
		if streams(g.Choices[i].Then, name) || streams(g.Choices[i].Else, name) {
			holding = append(holding, &g.Choices[i])
		}
	}
	switch len(holding) {
	case 0:
		g.Stages = append(g.Stages, s.stage(found))
		return true
	case 1:
		return s.sort(&holding[0].Then, name, found) && s.sort(&holding[0].Else, name, found)
	}
	return false
}

// written is a stream that became a write.
type written struct {
	Output
	step Step
}

func streams(g Graph, name string) bool {
	return slices.ContainsFunc(g.AllStages(), func(st Stage) bool {
		return slices.ContainsFunc(st.Steps, func(step Step) bool { return step.Name == name && step.Kind == StepStream })
	})
}

// writeOf keeps a stream's rows, marks included, under names by position: two
// of its columns may have one name.
func writeOf(stream Step) Step {
	columns := make([]string, len(stream.Sorted))
	for i := range columns {
		columns[i] = sortColumn(i)
	}
	return Step{
		Name: stream.Name, Kind: StepWrite, Partitions: 1,
		SQL: fmt.Sprintf("SELECT * FROM (%s) AS q(%s)", stream.SQL, strings.Join(columns, ", ")),
	}
}

func sortColumn(i int) string { return fmt.Sprintf("s%d", i) }

func (s *sorter) stage(found []written) Stage {
	step := found[0].step
	st := Stage{ID: s.next, Name: "sort " + step.Name, Tasks: 1, Why: []string{"the rows of all tasks come in one order"}}
	s.next++
	var parts []string
	for i, w := range found {
		table := fmt.Sprintf("kallad_sort_%d", i)
		st.Inputs = append(st.Inputs, StageInput{Table: table, From: &Output{Stage: w.Stage, Step: w.Step}, Spread: SpreadAll, Streamed: true})
		parts = append(parts, "SELECT * FROM "+table)
	}
	items := make([]string, len(step.Sorted))
	for i, name := range step.Sorted {
		items[i] = sortColumn(i) + ` AS "` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	step.SQL = fmt.Sprintf("SELECT %s FROM (%s) ORDER BY ALL", strings.Join(items, ", "), strings.Join(parts, " UNION ALL "))
	st.Steps = []Step{step}
	return st
}
