package client

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/worker/recon"
)

// Query is a SELECT over sources.
type Query struct {
	// SQL is one SELECT that names the sources by their aliases, in the
	// dialect of a job's match_sql.
	SQL     string
	Sources []recon.Source
	// Partitions is into how many shares sources are split. Default 0: from
	// their sizes.
	Partitions int
	// ID names the query in logs. Default: a new one.
	ID string
	// Labels go with the query into the logs and traces of every process.
	Labels map[string]string
}

// Engine runs jobs: a scheduler.
type Engine interface {
	Run(ctx context.Context, job plan.Job, observer plan.Observer) error
	// Places is how many tasks can run at once on executors; 0 when there is
	// none.
	Places() int
}

// Binder parses and binds SQL over tables without running it.
type Binder interface {
	plan.Binder
	CreateEmpty(ctx context.Context, table string, schema *arrow.Schema) error
	Close() error
}

// Runner runs queries. Client and Remote are ones.
type Runner interface {
	// Query checks a query and starts it. An error of the query or of a source
	// is told here, if it can be found without running it; it is a
	// recon.InputError. The caller closes the rows; the end of ctx cancels the
	// query.
	Query(ctx context.Context, q Query) (*Rows, error)
}
