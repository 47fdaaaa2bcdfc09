package fault_test

import (
	"context"
	"fmt"
	"slices"
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

// invoices is the size of the suite's data.
const invoices = 10_000

// reach is how long a job may take to reach the gate.
const reach = time.Minute

// world is a cluster with its data, and a gate in the data that holds jobs up in
// the middle of reading.
type world struct {
	stack *stack.Stack
	verdict.Judge
	postgres  *stack.Postgres
	conn      *pgx.Conn
	gate      *ledger.Gate
	executors []*stack.Executor
}

// settings make the loss of an executor known within seconds.
var settings = map[string]string{"EXECUTOR_HEARTBEAT": "300ms", "EXECUTOR_TIMEOUT": "3s", "EXECUTOR_RECONNECT": "2s", "LOCAL_GRACE": "2s"}

// newWorld is a scheduler with so many executors and their data.
func newWorld(t *testing.T, executors int) *world {
	t.Helper()
	w := newData(t)
	w.Scheduler = w.stack.Scheduler(settings)
	for i := range executors {
		w.executors = append(w.executors, w.stack.Executor(fmt.Sprintf("executor-%d", i+1), map[string]string{"DRAIN_TIMEOUT": "20s"}))
	}
	w.Scheduler.Executors(executors, time.Minute)
	return w
}

// newData is the data, and nobody yet who reconciles it.
func newData(t *testing.T) *world {
	t.Helper()
	s := stack.New(t)
	w := &world{stack: s, postgres: s.Postgres(), Judge: verdict.Judge{S3: s.S3(), Listener: s.Listener()}}
	w.conn = w.postgres.Open()
	require.NoError(t, ledger.Make(t.Context(), w.conn, invoices))
	gate, err := ledger.NewGate(t.Context(), w.postgres.Open())
	require.NoError(t, err)
	w.gate = gate
	return w
}

// job reads both tables through the gate and leaves its evidence on S3, where
// it can be read whatever has become of the scheduler's container.
func (w *world) job(p ledger.Pattern) recon.Job {
	id := p.Name + "-" + uuid.NewString()
	return recon.Job{
		RunID: id, CallbackURL: w.Listener.URL(), MatchSQL: p.SQL, OutputPath: "s3://" + stack.Bucket + "/runs/" + id,
		Sources: []recon.Source{
			{Alias: "left_src", URI: recon.URI(w.postgres.URIAs(ledger.Reader, ledger.ReaderPassword, "invoices"))},
			{Alias: "right_src", URI: recon.URI(w.postgres.URIAs(ledger.Reader, ledger.ReaderPassword, "payments"))},
		},
		PrimaryKeys: map[string][]string{"left_src": {"invoice_id"}, "right_src": {"payment_id"}},
	}
}

func (w *world) truth(t *testing.T, p ledger.Pattern) ledger.Answer {
	t.Helper()
	truth, err := ledger.Truth(t.Context(), w.conn, p)
	require.NoError(t, err)
	return truth
}

// held posts a job with the gate closed, waits until it stands there, and
// returns the executors that do the reading.
func (w *world) held(t *testing.T, job recon.Job) []*stack.Executor {
	t.Helper()
	require.NoError(t, w.gate.Close(t.Context()))
	w.Scheduler.Post(job)
	ctx, cancel := context.WithTimeout(t.Context(), reach)
	defer cancel()
	var reading []*stack.Executor
	_, err := w.gate.Waiting(ctx, func(addresses []string) bool {
		reading = nil
		for _, e := range w.executors {
			if slices.Contains(addresses, e.IP()) {
				reading = append(reading, e)
			}
		}
		return len(reading) > 0 || len(w.executors) == 0 && len(addresses) > 0
	})
	require.NoError(t, err)
	return reading
}

func (w *world) open(t *testing.T) {
	t.Helper()
	require.NoError(t, w.gate.Open(t.Context()))
}
