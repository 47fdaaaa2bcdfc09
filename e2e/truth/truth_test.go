package truth_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"kallad/e2e/ledger"
	"kallad/e2e/stack"
	"kallad/e2e/verdict"
	"kallad/worker/recon"
)

// invoices is the size of the suite's data; many-to-many makes about three times
// as many matches.
const invoices = 20_000

// world has the data, in Postgres and on S3, and nobody yet who reconciles it.
type world struct {
	stack    *stack.Stack
	postgres *stack.Postgres
	conn     *pgx.Conn
	judge    verdict.Judge
	// sources are the two sides, by where they are.
	sources map[string][2]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := stack.New(t)
	w := &world{stack: s, postgres: s.Postgres(), judge: verdict.Judge{S3: s.S3(), Listener: s.Listener()}}
	w.conn = w.postgres.Open()
	require.NoError(t, ledger.Make(t.Context(), w.conn, invoices))
	csv := func(table string) string {
		content, err := ledger.CSV(t.Context(), w.conn, table)
		require.NoError(t, err)
		return w.judge.S3.Put("in/"+table+".csv", content)
	}
	w.sources = map[string][2]string{
		"postgres": {w.postgres.URI("invoices"), w.postgres.URI("payments")},
		"csv":      {csv("invoices"), csv("payments")},
	}
	return w
}

// A scheduler that does the work itself.
func TestLocal(t *testing.T) {
	w := newWorld(t)
	w.judge.Scheduler = w.stack.Scheduler(nil)
	w.compare(t, "local")
}

// Two executors, which share the work.
func TestCluster(t *testing.T) {
	w := newWorld(t)
	w.judge.Scheduler = w.stack.Scheduler(nil)
	w.stack.Executor("executor-1", nil)
	w.stack.Executor("executor-2", nil)
	w.judge.Scheduler.Executors(2, time.Minute)
	w.compare(t, "cluster")
}

// compare runs every pattern over every kind of source.
func (w *world) compare(t *testing.T, mode string) {
	for _, p := range ledger.Patterns() {
		truth, err := ledger.Truth(t.Context(), w.conn, p)
		require.NoError(t, err)
		require.NotEmpty(t, truth.Matched, p.Name)
		require.NotEmpty(t, truth.Left, p.Name)
		require.NotEmpty(t, truth.Right, p.Name)
		for kind := range w.sources {
			t.Run(p.Name+" "+kind, func(t *testing.T) {
				job := w.job(p, kind)
				w.judge.Scheduler.Post(job)
				w.judge.Right(t, job, p, truth)
				w.judge.Once(t, job)
				_, doc := w.judge.Scheduler.Ask(http.MethodGet, "/api/jobs/"+job.RunID, nil)
				require.Equal(t, mode, doc["engine_mode"])
			})
		}
	}
	t.Run("filtered", w.filtered)
}

// filtered compares a job over a part of each side: the filters are part of what
// is matched, and of what can be left over.
func (w *world) filtered(t *testing.T) {
	const views = `
CREATE OR REPLACE VIEW left_src AS SELECT * FROM invoices WHERE amount >= 1000.10 AND currency IN ('EUR', 'GBP');
CREATE OR REPLACE VIEW right_src AS SELECT * FROM payments WHERE paid_on BETWEEN '2026-02-01' AND '2026-09-30' AND payer LIKE 'payer of %'`
	_, err := w.conn.Exec(t.Context(), views)
	require.NoError(t, err)
	p := ledger.Named("cascade")
	truth, err := ledger.Truth(t.Context(), w.conn, p)
	require.NoError(t, err)
	require.NotEmpty(t, truth.Matched)
	for kind := range w.sources {
		t.Run(kind, func(t *testing.T) {
			job := w.job(p, kind)
			job.Sources[0].Filters = []recon.FilterCondition{
				{Column: "amount", Op: recon.OpGte, Value: json.RawMessage(`1000.10`)},
				{Column: "currency", Op: recon.OpIn, Value: json.RawMessage(`["EUR", "GBP"]`)},
			}
			job.Sources[1].Filters = []recon.FilterCondition{
				{Column: "paid_on", Op: recon.OpBetween, Value: json.RawMessage(`["2026-02-01", "2026-09-30"]`)},
				{Column: "payer", Op: recon.OpLike, Value: json.RawMessage(`"payer of %"`)},
			}
			w.judge.Scheduler.Post(job)
			w.judge.Right(t, job, p, truth)
		})
	}
}

func (w *world) job(p ledger.Pattern, kind string) recon.Job {
	id := p.Name + "-" + uuid.NewString()
	return recon.Job{
		RunID: id, CallbackURL: w.judge.Listener.URL(), MatchSQL: p.SQL, OutputPath: "s3://" + stack.Bucket + "/runs/" + id,
		Sources: []recon.Source{
			{Alias: "left_src", URI: recon.URI(w.sources[kind][0])}, {Alias: "right_src", URI: recon.URI(w.sources[kind][1])},
		},
		PrimaryKeys: map[string][]string{"left_src": {"invoice_id"}, "right_src": {"payment_id"}},
	}
}
