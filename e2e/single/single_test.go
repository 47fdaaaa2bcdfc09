package single_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"

	"kallad/e2e/ledger"
	"kallad/e2e/stack"
	"kallad/e2e/verdict"
	"kallad/worker/recon"
)

// invoices is the size of the suite's data.
const invoices = 4000

// world is everything that the tests of this suite share.
type world struct {
	verdict.Judge
	postgres *stack.Postgres
	conn     *pgx.Conn
	// Where the ledger's tables are, by the kind of source.
	left, right map[string]string
}

func TestSingle(t *testing.T) {
	s := stack.New(t)
	w := &world{postgres: s.Postgres(), Judge: verdict.Judge{S3: s.S3(), Listener: s.Listener()}}
	w.conn = w.postgres.Open()
	require.NoError(t, ledger.Make(t.Context(), w.conn, invoices))
	left, right := w.files(t, "invoices"), w.files(t, "payments")
	w.Scheduler = s.Scheduler(nil, testcontainers.WithFiles(
		stack.File("/data/invoices.csv", left.csv), stack.File("/data/payments.csv", right.csv),
		stack.File("/data/invoices.parquet", left.parquet), stack.File("/data/payments.parquet", right.parquet)))
	w.left = map[string]string{
		"postgres": w.postgres.URI("invoices"), "csv": "/data/invoices.csv", "parquet": "file:///data/invoices.parquet",
		"s3 csv": w.S3.Put("in/invoices.csv", left.csv), "s3 parquet": w.S3.Put("in/invoices.parquet", left.parquet),
	}
	w.right = map[string]string{
		"postgres": w.postgres.URI("public.payments"), "csv": "/data/payments.csv", "parquet": "/data/payments.parquet",
		"s3 csv": w.S3.Put("in/payments.csv", right.csv), "s3 parquet": w.S3.Put("in/payments.parquet", right.parquet),
	}
	t.Run("sources of every kind", w.sourcesOfEveryKind)
	t.Run("refused callbacks come again", w.refusedCallbacksComeAgain)
	t.Run("faults are told and secrets are not", w.faultsAreToldAndSecretsAreNot)
}

// job is one over the ledger's tables, wherever they are.
func (w *world) job(p ledger.Pattern, left, right string) recon.Job {
	id := uuid.NewString()
	return recon.Job{
		RunID: id, CallbackURL: w.Listener.URL(), MatchSQL: p.SQL, OutputPath: "runs/" + id,
		Sources:     []recon.Source{{Alias: "left_src", URI: recon.URI(left)}, {Alias: "right_src", URI: recon.URI(right)}},
		PrimaryKeys: map[string][]string{"left_src": {"invoice_id"}, "right_src": {"payment_id"}},
	}
}

// files are a table in all forms of files.
type files struct{ csv, parquet []byte }

func (w *world) files(t *testing.T, table string) files {
	t.Helper()
	csv, err := ledger.CSV(t.Context(), w.conn, table)
	require.NoError(t, err)
	parquet, err := ledger.Parquet(t.Context(), csv)
	require.NoError(t, err)
	return files{csv, parquet}
}

// Every kind of source, on either side, gives Postgres's answer, and evidence
// goes where it is told to.
func (w *world) sourcesOfEveryKind(t *testing.T) {
	p := ledger.Named("cascade")
	truth, err := ledger.Truth(t.Context(), w.conn, p)
	require.NoError(t, err)
	require.Greater(t, len(truth.Matched), invoices/2)
	var jobs []recon.Job
	for _, pair := range [][2]string{
		{"postgres", "postgres"}, {"postgres", "s3 csv"}, {"s3 csv", "s3 parquet"}, {"csv", "csv"}, {"parquet", "parquet"},
		{"csv", "postgres"}, {"s3 parquet", "csv"}, {"parquet", "s3 csv"},
	} {
		job := w.job(p, w.left[pair[0]], w.right[pair[1]])
		if len(jobs)%2 == 1 {
			job.OutputPath = "s3://" + stack.Bucket + "/" + job.OutputPath
		}
		w.Scheduler.Post(job)
		jobs = append(jobs, job)
		t.Run(pair[0]+" with "+pair[1], func(t *testing.T) { w.Right(t, job, p, truth) })
	}
	w.Once(t, jobs...)
}

// A final callback that is refused comes again, as the same delivery, and no
// progress comes after it: the API would take the run for running again.
func (w *world) refusedCallbacksComeAgain(t *testing.T) {
	p := ledger.Named("one-to-one")
	truth, err := ledger.Truth(t.Context(), w.conn, p)
	require.NoError(t, err)
	w.Listener.Refuse("complete", http.StatusServiceUnavailable, 2)
	job := w.job(p, w.left["postgres"], w.right["postgres"])
	w.Scheduler.Post(job)
	w.Right(t, job, p, truth)
	refused := 0
	for _, e := range w.Listener.All(job.RunID) {
		if e.Final() && e.Status == http.StatusServiceUnavailable {
			refused++
		}
	}
	assert.Equal(t, 2, refused)
	w.Once(t, job)
}

// What is wrong with a job is told where it is found: at once, or by the error
// callback; credentials are told nowhere.
func (w *world) faultsAreToldAndSecretsAreNot(t *testing.T) {
	p := ledger.Named("one-to-one")
	wrong := w.job(p, w.left["postgres"], w.right["postgres"])
	wrong.MatchSQL, wrong.CallbackURL = "", "nowhere"
	status, doc := w.Scheduler.Ask(http.MethodPost, "/api/jobs", wrong)
	assert.Equal(t, http.StatusBadRequest, status)
	told := fmt.Sprint(doc)
	assert.Contains(t, told, "match_sql")
	assert.Contains(t, told, "callback_url")

	missing := w.job(p, w.postgres.URI("no_such_table"), w.right["postgres"])
	w.Scheduler.Post(missing)
	failed := w.Failed(t, missing)
	assert.Contains(t, failed.Body.Error, "no_such_table")

	_, all := w.Scheduler.Ask(http.MethodGet, "/api/jobs", nil)
	_, metrics := w.Scheduler.Ask(http.MethodGet, "/metrics", nil)
	for what, text := range map[string]string{
		"a problem document": told, "an error callback": failed.Body.Error, "the list of jobs": fmt.Sprint(all),
		"a metric": fmt.Sprint(metrics), "the log": w.Scheduler.Log(),
	} {
		assert.NotContains(t, text, stack.PostgresPassword, what)
	}
}
