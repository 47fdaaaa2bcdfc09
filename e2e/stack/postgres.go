package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// The only user of the stack's Postgres, and its database.
const (
	PostgresUser     = "kallad"
	PostgresPassword = "kallad-e2e-secret"
	PostgresDatabase = "ledger"
)

// Postgres is a server that others on the network find as "postgres".
type Postgres struct {
	*Container
}

// Postgres starts a Postgres. More arguments are settings, such as "fsync=off".
func (s *Stack) Postgres(settings ...string) *Postgres {
	s.t.Helper()
	name, err := postgresImage.name(s.t.Context(), s.cli)
	require.NoError(s.t, err)
	command := []string{"postgres"}
	for _, setting := range append([]string{"fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=128MB"}, settings...) {
		command = append(command, "-c", setting)
	}
	return &Postgres{s.Run("postgres", name,
		testcontainers.WithEnv(map[string]string{
			"POSTGRES_USER": PostgresUser, "POSTGRES_PASSWORD": PostgresPassword, "POSTGRES_DB": PostgresDatabase, "POSTGRES_INITDB_ARGS": "--no-sync",
		}),
		testcontainers.WithCmd(command...),
		testcontainers.WithExposedPorts("5432/tcp"),
		// It listens before it is set up, but on a socket alone.
		testcontainers.WithWaitStrategy(wait.ForListeningPort("5432/tcp").WithStartupTimeout(startTimeout).WithPollInterval(50*time.Millisecond)),
	)}
}

// Open opens a connection, closed at the test's end.
func (p *Postgres) Open() *pgx.Conn {
	p.stack.t.Helper()
	conn, err := p.connect(p.stack.t.Context())
	require.NoError(p.stack.t, err)
	p.stack.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (p *Postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("postgres://%s:%s@%s/%s", PostgresUser, PostgresPassword, p.Address("5432/tcp"), PostgresDatabase))
}

// Start starts a server that has ended, and waits until it has recovered.
func (p *Postgres) Start() {
	p.stack.t.Helper()
	p.Container.Start()
	require.Eventually(p.stack.t, func() bool {
		conn, err := p.connect(p.stack.t.Context())
		if err != nil {
			return false
		}
		return conn.Close(p.stack.t.Context()) == nil
	}, startTimeout, 50*time.Millisecond)
}

// URI is a table as a source of a job.
func (p *Postgres) URI(table string) string {
	return p.URIAs(PostgresUser, PostgresPassword, table)
}

// URIAs is a table as a source of a job that reads it as another user.
func (p *Postgres) URIAs(user, password, table string) string {
	return fmt.Sprintf("postgres://%s:%s@postgres:5432/%s?table=%s", user, password, PostgresDatabase, table)
}
