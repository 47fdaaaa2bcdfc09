package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Binder parses, writes and binds SQL over tables that have the names and
// columns of the request's, without running it.
type Binder interface {
	Parse(ctx context.Context, sql string) (json.RawMessage, error)
	Format(ctx context.Context, parsed json.RawMessage) (string, error)
	// Columns returns the names and the SQL types of a SELECT's result. An
	// error is taken to say that the SELECT can't be bound.
	Columns(ctx context.Context, sql string) (names, types []string, err error)
}

// Request says what is to be computed.
type Request struct {
	// Query is checked and translated, and returns the keys that the lookups
	// need.
	Query *Query
	// Tables are those that the query may name.
	Tables []Table
	// Result is the table that holds the query's result.
	Result Result
	// Steps are taken over the result table, each of them right when it is
	// taken over any share of the rows and its counts are added up. A
	// StepStream without SQL streams the query's own result, in its order and
	// under its own names; where nothing else needs the result as a table, it
	// is not kept as one.
	Steps []Step
	// Lookups are questions about rows of tables.
	Lookups []Lookup
	// Places is how many tasks can run at once; 0 makes a graph of one stage
	// with one task.
	Places int
	// Partitions is into how many shares tables are split. Default 0: from
	// their sizes and Places.
	Partitions int
	// BroadcastBytes is up to which size a table may be copied to every task.
	// Default 32 MiB.
	BroadcastBytes int64
}

// Table is a source under the name that the query has for it.
type Table struct {
	Name string
	// Schema has the columns that are needed.
	Schema *arrow.Schema
	// Rows and Bytes are estimates; -1 when unknown.
	Rows, Bytes int64
	// MaxPartitions is into how many shares the source can be split, 0 when
	// that is not known.
	MaxPartitions int
}

// Result is the session table with the rows of the query. Its columns have
// names of their own, by position, because the query may give two of them one
// name.
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

// Lookup asks something about each row of a table, such as whether a row of
// the result carries its key. Its steps see the table with Columns and a
// result table with at least ResultKeys. They must be right when taken over
// shares of the table, with their counts added up, if each share holds all
// rows of the table that have one key (all Keys alike, nulls too) and, if rows
// of the result have that key in ResultKeys, at least one of those. Rows of the
// result may be seen with several shares.
type Lookup struct {
	Table      string
	Keys       []string
	ResultKeys []string
	Columns    []string
	Steps      []Step
	// Unique says that no two rows of the table have one key.
	Unique bool
	// Late, if set, says how the lookup is taken where its rows would have to
	// travel with columns that nothing else reads.
	Late *Late
}

// Late is a lookup whose rows are looked at without most of their columns.
// Those that are wanted are then brought from where they were read.
type Late struct {
	// Columns are those of the table that the query reads or that are keys.
	Columns []string
	// Steps are taken in place of the lookup's, under the same conditions. They
	// see the table with the lookup's keys and a column TaskFunction, and make
	// a table Wanted, which has that column and the keys of the rows that are
	// wanted: with a row, all rows are that have its key.
	Steps  []Step
	Wanted string
	// Stream is taken over shares of the table with all of its columns, which
	// it must name once, and a table Wanted with the keys, each once or more
	// often, for which rows of the share are wanted.
	Stream Step
}

// Plan makes the graph of stages for a request. What is not proved to come out
// right in shares is computed by one task, and the graph says why.
func Plan(ctx context.Context, b Binder, r Request) (Graph, error) {
	p := &planner{Request: r, ctx: ctx, binder: b}
	p.settle()
	var why string
	if p.tasks == 0 {
		why = p.alone
	} else {
		graph, err := p.parted().distribute()
		var no *unsplittable
		switch {
		case errors.As(err, &no):
			why = "one task does everything: " + no.why
		case err != nil || sortStreams(&graph):
			return graph, err
		default:
			why = "one task does everything: its results are to be sorted"
		}
	}
	graph, err := p.gather(why)
	if err == nil {
		sortStreams(&graph)
	}
	return graph, err
}
