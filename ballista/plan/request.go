package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

type Binder interface {
	Parse(ctx context.Context, sql string) (json.RawMessage, error)
	Format(ctx context.Context, parsed json.RawMessage) (string, error)
	Describe(ctx context.Context, sql string) (*arrow.Schema, error)
}

type Request struct {
	Query          *Query
	Tables         []Table
	Result         Result
	Steps          []Step
	Lookups        []Lookup
	Places         int
	Partitions     int
	BroadcastBytes int64
}

type Table struct {
	Name          string
	Schema        *arrow.Schema
	Rows, Bytes   int64
	MaxPartitions int
}

type Result struct {
	Table   string
	Columns []string
	// MaxRows is how many rows a task computes at most, 0 for all: one more
	// than the whole result may have, so that a count shows that it has more.
	MaxRows int64
}

// limitSQL ends a statement that makes rows of the result.
func (r Result) limitSQL() string {
	if r.MaxRows == 0 {
		return ""
	}
	return fmt.Sprintf(" LIMIT %d", r.MaxRows)
}

type Lookup struct {
	Table                     string
	Keys, ResultKeys, Columns []string
	Steps                     []Step
}

func Plan(ctx context.Context, b Binder, r Request) (Graph, error) {
	parsed, err := r.Query.Parsed()
	if err != nil {
		return Graph{}, err
	}
	sql, err := b.Format(ctx, parsed)
	if err != nil {
		return Graph{}, err
	}
	st := Stage{Name: "all", Tasks: 1}
	for _, t := range r.Tables {
		in := StageInput{Table: t.Name, Source: t.Name, Spread: SpreadSplit}
		for _, f := range t.Schema.Fields() {
			in.Columns = append(in.Columns, f.Name)
		}
		st.Inputs = append(st.Inputs, in)
	}
	st.Steps = append(st.Steps, Step{Name: "match", Kind: StepRun, SQL: fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM (%s) AS q(%s)%s", r.Result.Table, sql, strings.Join(r.Result.Columns, ", "), r.Result.limitSQL())})
	st.Steps = append(st.Steps, r.Steps...)
	for _, l := range r.Lookups {
		st.Steps = append(st.Steps, l.Steps...)
	}
	return Graph{Stages: []Stage{st}}, nil
}
