//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"kallad/ballista/client"
	"kallad/ballista/plan"
	"kallad/ballista/plan/plantest"
	"kallad/ballista/proto/query"
	"kallad/ballista/runner/jobtest"
	"kallad/worker/recon"
	"kallad/worker/source"
)

var (
	randomRuns = flag.Int("random.runs", 100, "how many random queries are run on executors and in one session")
	randomSeed = flag.Uint64("random.seed", 1, "the first random query")
	randomJobs = flag.Int("random.jobs", 20, "how many random reconciliations are run on executors")
	randomTime = flag.Duration("random.time", 0, "no further random query is begun after that; 0: no limit")
)

// TestClusterRandomQueries runs random queries over random tables, which are
// Parquet and CSV files and tables of Postgres, in 1 to 8 partitions on 1 to 3
// executors that come and go, and compares the rows with those of one session
// that has the tables. Queries whose rows are looked up, as a reconciliation's
// are, are given to the scheduler; others go through the client.
func TestClusterRandomQueries(t *testing.T) {
	t.Parallel()
	r := newRandomCluster(t)
	started := time.Now()
	for i := range uint64(*randomRuns) {
		if *randomTime > 0 && time.Since(started) > *randomTime {
			break
		}
		r.check(t, plantest.Generate(*randomSeed+i))
		if i%1000 == 999 {
			t.Log(&r.tally)
		}
	}
	t.Logf("%s\n%d more of one partition", &r.tally, r.alone)
	require.NoError(t, r.tally.Check())
	r.fleet.check(t)
}

// TestClusterRandomJobs holds the evidence of random reconciliations on
// executors that come and go against what a match is by definition.
func TestClusterRandomJobs(t *testing.T) {
	t.Parallel()
	c := newTestCluster(t, nil)
	f := newFleet(t, c)
	for i := range uint64(*randomJobs) {
		random := jobtest.Generate(*randomSeed + i)
		g := rand.New(rand.NewPCG(random.Seed, 13))
		f.change(t, g)
		c.engines.cfg.Partitions = 1 + g.IntN(8)
		r := c.engines.runner(f, slog.New(slog.DiscardHandler))
		random.Check(t, c.dir, func(job *recon.Job) (*recon.Result, error) {
			return r.Run(t.Context(), job, time.Now(), func(recon.Progress) {})
		})
		f.forget()
	}
	f.check(t)
}

// randomCluster is what random queries run on.
type randomCluster struct {
	fleet  *fleet
	store  *randomStore
	oracle *plantest.Interpreter
	// believed are the sizes that the planner is told of sources. Their files
	// are small, and a plan for small files is one plan of many.
	believed     sync.Map
	here, remote client.Runner
	tally        plantest.Tally
	// alone counts the queries of one partition.
	alone int
}

func newRandomCluster(t *testing.T) *randomCluster {
	c := newTestCluster(t, nil)
	r := &randomCluster{fleet: newFleet(t, c), store: newRandomStore(t, c.engines.stores.sources)}
	r.oracle = &plantest.Interpreter{Sources: r.store.session, Session: newSession(t)}
	registry := source.NewRegistry()
	for _, format := range []string{"csv", "parquet"} {
		registry.AddFormat(format, believing{r})
	}
	registry.AddScheme("postgres", believing{r})
	here := client.New(registry, func() (client.Binder, error) { return c.engines.binder() }, r.fleet)
	r.here, r.remote = here, served(t, here)
	return r
}

// served is a client that reaches another one over a connection.
func served(t *testing.T, runner client.Runner) client.Runner {
	server := grpc.NewServer()
	query.RegisterQueryServer(server, client.NewServer(runner, time.Second))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		require.NoError(t, <-done)
	})
	return client.NewRemote(conn)
}

// believing opens sources that are said to be of another size.
type believing struct{ *randomCluster }

func (b believing) Open(ctx context.Context, uri recon.URI) (source.Source, error) {
	src, err := b.store.sources.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	bytes, _ := b.believed.Load(uri)
	return sized{src, bytes.(int64)}, nil
}

type sized struct {
	source.Source
	bytes int64
}

func (s sized) Describe(ctx context.Context) (*source.Description, error) {
	about, err := s.Source.Describe(ctx)
	if err != nil {
		return nil, err
	}
	out := *about
	out.Bytes = s.bytes
	return &out, nil
}

// check runs a case, on executors and in one session.
func (r *randomCluster) check(t *testing.T, c plantest.Case) {
	t.Helper()
	g := rand.New(rand.NewPCG(c.Seed, 13))
	c.Partitions = 1 + g.IntN(8)
	c.Unique = false // the sources hold rows as they were made, doubled keys and all
	r.fleet.graph.Store(nil)
	r.fleet.large.Store(g.IntN(2) == 0)
	r.fleet.change(t, g)
	tables := r.store.put(t, c, g)
	defer r.store.drop(t, tables)
	want, ok := r.expected(t, c)
	if !ok {
		return
	}
	var got *plantest.Result
	var err error
	if len(c.Keys) > 0 {
		got, err = r.runLookups(t, c, tables)
	} else {
		got, err = r.runQuery(t, c, tables, g)
	}
	graph := r.fleet.graph.Load()
	why := fmt.Sprintf("%s\n%v\n%v", c, addresses(tables), graph)
	require.NoError(t, err, why)
	if c.Partitions == 1 {
		r.alone++
	} else {
		r.tally.Note(*graph)
	}
	r.tally.Compared(got)
	if d := c.Difference(want, got); d != "" {
		t.Fatalf("%s\n%s", why, d)
	}
	r.fleet.forget()
}

func addresses(tables []stored) []string {
	var out []string
	for _, table := range tables {
		out = append(out, table.uri.String())
	}
	return out
}

// expected is what one session says. ok is false if it says that the query is
// none, or fails.
func (r *randomCluster) expected(t *testing.T, c plantest.Case) (want *plantest.Result, ok bool) {
	t.Helper()
	request, err := c.Request(t.Context(), r.store.session, 0)
	if errors.Is(err, plantest.ErrUnusable) {
		r.tally.Unusable++
		return nil, false
	}
	require.NoError(t, err, "%s", c)
	whole, err := plan.Plan(t.Context(), r.store.session, request)
	require.NoError(t, err, "%s", c)
	ctx, end := context.WithTimeout(t.Context(), plantest.Patience)
	defer end()
	want, err = r.oracle.Run(ctx, whole)
	if err != nil {
		r.tally.Failed++
		return nil, false
	}
	return want, true
}

// runQuery runs a case through a client.
func (r *randomCluster) runQuery(t *testing.T, c plantest.Case, tables []stored, g *rand.Rand) (*plantest.Result, error) {
	t.Helper()
	q := client.Query{SQL: c.SQL, Partitions: c.Partitions}
	for _, table := range tables {
		q.Sources = append(q.Sources, recon.Source{Alias: table.Name, URI: table.uri})
		r.believed.Store(table.uri, table.Bytes)
	}
	runner := r.here
	if g.IntN(2) == 0 {
		runner = r.remote
	}
	rows, err := runner.Query(t.Context(), q)
	if err != nil {
		return nil, err
	}
	out := plantest.NewResult()
	schema, err := rows.Schema(t.Context())
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	if err := out.Describe("result", schema); err != nil {
		return nil, err
	}
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out, rows.Close()
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		out.Add("result", batch)
		batch.Release()
	}
}

// runLookups runs a case as a job.
func (r *randomCluster) runLookups(t *testing.T, c plantest.Case, tables []stored) (*plantest.Result, error) {
	t.Helper()
	request, err := c.Request(t.Context(), r.store.session, r.fleet.Places())
	require.NoError(t, err)
	for i, table := range tables {
		request.Tables[i].MaxPartitions = table.splits
	}
	graph, err := plan.Plan(t.Context(), r.store.session, request)
	if err != nil {
		return nil, err
	}
	job := plan.Job{ID: fmt.Sprint("random", c.Seed), Graph: graph, Scans: map[string]plan.Scan{}, Locations: map[string]plan.Secret{}}
	open := map[string]source.Source{}
	for _, table := range tables {
		src, err := r.store.sources.Open(t.Context(), table.uri)
		require.NoError(t, err)
		defer func() { require.NoError(t, src.Close()) }()
		open[table.Name], job.Locations[table.Name] = src, plan.Secret(table.uri.Reveal())
	}
	for _, st := range graph.AllStages() {
		for _, in := range st.Inputs {
			if in.Source == "" {
				continue
			}
			if job.Scans[in.ScanKey()], err = splitInput(t.Context(), open[in.Source], in, c.Partitions); err != nil {
				return nil, err
			}
		}
	}
	rec := &recorder{result: plantest.NewResult()}
	err = r.fleet.Run(t.Context(), job, rec)
	return rec.result, err
}

// recorder is an observer that keeps what a job returns.
type recorder struct {
	mu     sync.Mutex
	result *plantest.Result
}

func (r *recorder) Rows(string, int)          {}
func (r *recorder) Loaded(string, int64)      {}
func (r *recorder) Begin(string)              {}
func (r *recorder) Advance(string, float64)   {}
func (r *recorder) Stages([]plan.StageStatus) {}

func (r *recorder) Counts(step string, values []int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Count(step, values)
	return nil
}

func (r *recorder) Stream(ctx context.Context, step string, rows plan.Stream) error {
	r.mu.Lock()
	err := r.result.Describe(step, rows.Schema())
	r.mu.Unlock()
	if err != nil {
		return err
	}
	for {
		batch, err := rows.Next(ctx)
		r.mu.Lock()
		switch {
		case errors.Is(err, io.EOF):
			r.result.Dropped[step] += rows.Dropped()
		case err == nil:
			r.result.Add(step, batch)
			batch.Release()
		}
		r.mu.Unlock()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
