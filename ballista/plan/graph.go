package plan

import (
	"slices"
	"strconv"
	"strings"
)

// Graph is a query as stages of tasks: plain data that prints itself, holds no
// credentials, and can be run by anything that runs tasks. A stage may start
// when every stage that it reads has finished. A graph of one stage with one
// task is what a single session does all by itself.
type Graph struct {
	// Stages are in an order in which each comes after those that it reads.
	Stages []Stage `json:"stages"`
	// Choices are what is decided while the graph runs.
	Choices []Choice `json:"choices,omitempty"`
}

// StepMatch is the name of the step that computes the query itself; a stage
// that streams the query's result without keeping it has none.
const StepMatch = "match"

// Stage is a number of like tasks, each over its own share of the inputs.
type Stage struct {
	// ID is the stage's number, unique in the whole graph, both branches of
	// every choice included.
	ID int `json:"id"`
	// Name is for people, such as "scan invoices" or "join".
	Name string `json:"name"`
	// Tasks is how many there are, at least 1.
	Tasks  int          `json:"tasks"`
	Inputs []StageInput `json:"inputs"`
	// Steps are taken by every task, each over its own inputs.
	Steps []Step `json:"steps"`
	// Why says why the stage is as it is, a reason each.
	Why []string `json:"why,omitempty"`
}

// StageInput is a table of every task's session: rows of a source, or rows
// that another stage wrote. One of Source and From is set.
type StageInput struct {
	// Table is the name in the session.
	Table string `json:"table"`
	// Source names the source whose rows are read.
	Source string `json:"source,omitempty"`
	// Columns are those of the source that the table has, in its order. The
	// source's filters hold for the rows.
	Columns []string `json:"columns,omitempty"`
	// Whole, if set, are the columns that are read in place of those alone, all
	// of Columns among them: a StepKeep keeps rows with all of these.
	Whole []string `json:"whole,omitempty"`
	// Again says that another stage reads the source as well, and that its
	// rows are counted there.
	Again bool `json:"again,omitempty"`
	// From names the output that is read.
	From *Output `json:"from,omitempty"`
	// Spread says which partitions each task reads.
	Spread Spread `json:"spread"`
	// Streamed says that the steps mention the table once in all, so that its
	// rows can pass through without being kept.
	Streamed bool `json:"streamed,omitempty"`
}

// Output is what a StepWrite of a stage wrote.
type Output struct {
	Stage int    `json:"stage"`
	Step  string `json:"step"`
}

// Spread says which partitions of an input a task reads.
type Spread string

const (
	// SpreadSplit: every partition is read by exactly one task, no matter by
	// which. It is for sources, and for outputs whose rows may lie anywhere.
	SpreadSplit Spread = "split"
	// SpreadAligned: task i reads the partitions p with p mod Tasks = i, of
	// every aligned input alike.
	SpreadAligned Spread = "aligned"
	// SpreadAll: every task reads all partitions.
	SpreadAll Spread = "all"
	// SpreadOwn: task i reads what task i of the other stage wrote, and runs
	// where that lies, if it can. Both stages have as many tasks.
	SpreadOwn Spread = "own"
)

// Choice is decided once, when the stage that its condition asks about has
// finished: the stages of one branch then join the graph.
type Choice struct {
	If Condition `json:"if"`
	// Then and Else may read stages of the graph that holds the choice.
	Then Graph `json:"then"`
	Else Graph `json:"else"`
	// Why says what the choice is about.
	Why string `json:"why,omitempty"`
}

// Condition asks what a finished stage turned out to be. One of Write and
// Count is set.
type Condition struct {
	Stage int `json:"stage"`
	// Write names a StepWrite: the condition holds if all that its tasks
	// wrote is at most Limit bytes.
	Write string `json:"write,omitempty"`
	// Count names a StepCount: the condition holds if the first value, summed
	// over the tasks, is at most Limit.
	Count string `json:"count,omitempty"`
	Limit int64  `json:"limit"`
}

// Reads are the columns that a source's input reads.
func (in StageInput) Reads() []string {
	if in.Whole != nil {
		return in.Whole
	}
	return in.Columns
}

// ScanKey names what a source's input reads: inputs with one key read the same
// columns of the same source.
func (in StageInput) ScanKey() string {
	parts := make([]string, 0, len(in.Reads())+1)
	for _, name := range append([]string{in.Source}, in.Reads()...) {
		parts = append(parts, strconv.Quote(name))
	}
	return strings.Join(parts, ",")
}

// AllStages returns every stage, also those of branches that may never run.
func (g Graph) AllStages() []Stage {
	stages := slices.Clone(g.Stages)
	for _, c := range g.Choices {
		stages = append(stages, c.Then.AllStages()...)
		stages = append(stages, c.Else.AllStages()...)
	}
	return stages
}
