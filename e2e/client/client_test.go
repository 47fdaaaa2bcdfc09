package client_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"kallad/e2e/ledger"
	"kallad/e2e/stack"
)

const (
	invoices = 3000
	token    = "client-e2e-token-0123456789abcdef"
)

// world is the product and what it talks to, as the clients are told of it.
type world struct {
	*stack.Stack
	postgres *stack.Postgres
	conn     *pgx.Conn
	s3       *stack.S3
	root     string
	// expect are the counts of the one-to-one pattern.
	expect map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := stack.Checkout()
	require.NoError(t, err)
	s := stack.New(t)
	w := &world{Stack: s, postgres: s.Postgres(), s3: s.S3(), root: root}
	w.conn = w.postgres.Open()
	require.NoError(t, ledger.Make(t.Context(), w.conn, invoices))
	truth, err := ledger.Truth(t.Context(), w.conn, ledger.Named("one-to-one"))
	require.NoError(t, err)
	w.expect = map[string]string{
		"MATCHED": fmt.Sprint(len(truth.Matched)), "UNMATCHED_LEFT": fmt.Sprint(len(truth.Left)), "UNMATCHED_RIGHT": fmt.Sprint(len(truth.Right)),
	}
	// The application stores a run after our answer; with twenty at once that
	// may take it longer than usual on a small machine.
	s.Scheduler(map[string]string{"KALLAD_TOKEN": token, "CALLBACK_GRACE": "2s"})
	return w
}

// file is one of the checkout's, for a container.
func (w *world) file(t *testing.T, path, as string) testcontainers.ContainerFile {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(w.root, path))
	require.NoError(t, err)
	return stack.File(as, content)
}

// run runs a client in its container and fails with what it says.
func run(t *testing.T, in *stack.Container, argv ...string) {
	t.Helper()
	began := time.Now()
	t.Log(in.Do(argv...))
	t.Log(time.Since(began))
}

// database is Postgres as others on the network reach it.
var database = fmt.Sprintf("postgres://%s:%s@postgres:5432/%s", stack.PostgresUser, stack.PostgresPassword, stack.PostgresDatabase)

func TestClients(t *testing.T) {
	w := newWorld(t)
	t.Run("node", w.node)
	t.Run("python", w.python)
	t.Run("shell", w.shell)
}

// An application in Node dispatches runs and keeps what it is told in Postgres.
func (w *world) node(t *testing.T) {
	app := w.Client("app",
		testcontainers.WithFiles(w.file(t, "deploy/app/app.js", "/app/app.js"), w.file(t, "deploy/app/schema.sql", "/app/schema.sql"),
			w.file(t, "e2e/client/node/check.js", "/app/check.js")),
		testcontainers.WithEnv(map[string]string{
			"DATABASE_URL": database, "WORKER_URL": "http://scheduler:8080", "PUBLIC_URL": "http://app:3000", "KALLAD_TOKEN": token,
			"OUTPUT_PREFIX": "s3://" + stack.Bucket + "/app", "APP_URL": "http://localhost:3000",
			"LEFT_URI": w.postgres.URI("invoices"), "RIGHT_URI": w.postgres.URI("payments"), "MATCH_SQL": ledger.Named("one-to-one").SQL,
		}),
		testcontainers.WithEnv(w.expect),
		testcontainers.WithCmd("node", "/app/app.js"),
		testcontainers.WithWaitStrategy(wait.ForLog("listening on 3000")))
	run(t, app, "node", "/app/check.js")
}

// A program in Python finds out for itself what the answer has to be.
func (w *world) python(t *testing.T) {
	w.s3.Publish()
	csv := func(table string) []byte {
		content, err := ledger.CSV(t.Context(), w.conn, table)
		require.NoError(t, err)
		return content
	}
	left, right := csv("invoices"), csv("payments")
	client := w.Client("python", w.Dump("/dump"),
		testcontainers.WithFiles(w.file(t, "e2e/client/python/check.py", "/check.py"), stack.File("/invoices.csv", left), stack.File("/payments.csv", right)),
		testcontainers.WithEnv(map[string]string{
			"KALLAD_URL": "http://scheduler:8080", "KALLAD_TOKEN": token, "LISTEN_URL": "http://python:4000/worker",
			"INVOICES": "/invoices.csv", "PAYMENTS": "/payments.csv",
			"INVOICES_URI": w.s3.Put("in/invoices.csv", left), "PAYMENTS_URI": w.s3.Put("in/payments.csv", right),
			"EVIDENCE_URI": "s3://" + stack.Bucket + "/python", "EVIDENCE_URL": stack.S3Endpoint + "/" + stack.Bucket + "/python",
			"DUMP": "/dump", "DATABASE_URL": database, "CASCADE_SQL": ledger.Named("cascade").SQL,
		}))
	run(t, client, "python3", "/check.py")
}

// A shell script gets by with curl.
func (w *world) shell(t *testing.T) {
	gate, err := ledger.NewGate(t.Context(), w.postgres.Open())
	require.NoError(t, err)
	require.NoError(t, gate.Close(t.Context()))
	listener := w.Listener()
	client := w.Client("shell",
		testcontainers.WithFiles(w.file(t, "e2e/client/shell/check.sh", "/check.sh")),
		testcontainers.WithEnv(map[string]string{
			"KALLAD_URL": "http://scheduler:8080", "KALLAD_TOKEN": token, "LISTEN_URL": listener.URL(),
			"INVOICES_URI": w.postgres.URI("invoices"), "PAYMENTS_URI": w.postgres.URI("payments"),
			"SLOW_URI":     w.postgres.URIAs(ledger.Reader, ledger.ReaderPassword, "invoices"),
			"EVIDENCE_URI": "s3://" + stack.Bucket + "/shell", "EVIDENCE_URL": stack.S3Endpoint + "/" + stack.Bucket + "/shell",
			"S3_USER": stack.S3User + ":" + stack.S3Password,
		}),
		testcontainers.WithEnv(w.expect))
	run(t, client, "sh", "/check.sh")
}
