package plan

import (
	"fmt"
	"strings"
)

// String prints the graph for people, the same graph always alike.
func (g Graph) String() string {
	var out strings.Builder
	g.print(&out, "")
	return out.String()
}

func (g Graph) print(out *strings.Builder, indent string) {
	for _, s := range g.Stages {
		s.print(out, indent)
	}
	for _, c := range g.Choices {
		fmt.Fprintf(out, "%sif %s\n", indent, c.If)
		if c.Why != "" {
			fmt.Fprintf(out, "%s  why: %s\n", indent, c.Why)
		}
		fmt.Fprintf(out, "%sthen\n", indent)
		c.Then.print(out, indent+"  ")
		fmt.Fprintf(out, "%selse\n", indent)
		c.Else.print(out, indent+"  ")
	}
}

func (s Stage) print(out *strings.Builder, indent string) {
	tasks := "tasks"
	if s.Tasks == 1 {
		tasks = "task"
	}
	fmt.Fprintf(out, "%sstage %d: %s, %d %s\n", indent, s.ID, s.Name, s.Tasks, tasks)
	for _, why := range s.Why {
		fmt.Fprintf(out, "%s  why: %s\n", indent, why)
	}
	for _, in := range s.Inputs {
		fmt.Fprintf(out, "%s  %s\n", indent, in)
	}
	for _, step := range s.Steps {
		fmt.Fprintf(out, "%s  %s\n", indent, step)
	}
}

// String prints an input on one line.
func (in StageInput) String() string {
	var out strings.Builder
	if in.Streamed {
		out.WriteString("stream ")
	} else {
		out.WriteString("table ")
	}
	out.WriteString(in.Table)
	if in.From != nil {
		fmt.Fprintf(&out, " from stage %d %s", in.From.Stage, in.From.Step)
	} else {
		fmt.Fprintf(&out, " from source %s(%s)", in.Source, strings.Join(in.Columns, ", "))
	}
	if in.Whole != nil {
		fmt.Fprintf(&out, " of whole rows(%s)", strings.Join(in.Whole, ", "))
	}
	fmt.Fprintf(&out, ", %s", in.Spread)
	if in.Again {
		out.WriteString(", again")
	}
	return out.String()
}

// String prints a step on one line.
func (s Step) String() string {
	if s.Kind == StepKeep {
		return fmt.Sprintf("%s (%s): whole rows", s.Name, s.Kind)
	}
	kind := string(s.Kind)
	if s.Kind == StepWrite {
		kind = fmt.Sprintf("write %d partitions", s.Partitions)
		if s.Partitions == 1 {
			kind = "write 1 partition"
		}
	}
	if s.Marked {
		kind += ", unmarked rows"
	}
	if d := s.Distinct; d != nil {
		kind += fmt.Sprintf(", shorter where %s(%s) turns out distinct", d.Table, strings.Join(d.Keys, ", "))
	}
	return fmt.Sprintf("%s (%s): %s", s.Name, kind, s.SQL)
}

// String prints a condition.
func (c Condition) String() string {
	if c.Write != "" {
		return fmt.Sprintf("stage %d %s wrote at most %s", c.Stage, c.Write, size(c.Limit))
	}
	return fmt.Sprintf("stage %d %s counted at most %d", c.Stage, c.Count, c.Limit)
}
