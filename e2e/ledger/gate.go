package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Reader is a user to whom the gate applies; the tables' owner passes always.
const (
	Reader         = "reader"
	ReaderPassword = "reader-e2e-secret"
)

// gate is one row-level policy: some of the rows can be read only while nobody
// holds a lock. Readers poll, because waiting for a lock is what a client may
// have forbidden.
const gate = `
CREATE ROLE ` + Reader + ` LOGIN PASSWORD '` + ReaderPassword + `';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ` + Reader + `;
CREATE FUNCTION pass() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  WHILE NOT pg_try_advisory_xact_lock_shared(7) LOOP PERFORM pg_sleep(0.02); END LOOP;
  RETURN true;
END $$;
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY gate ON invoices TO ` + Reader + ` USING (invoice_id NOT LIKE '%50' OR pass());
CREATE POLICY gate ON payments TO ` + Reader + ` USING (payment_id NOT LIKE '%50' OR pass());`

// Gate holds up whoever reads the tables as Reader, in the middle of them, so
// that a test can be sure of where a job is. It is open at first. One goroutine
// may use it.
type Gate struct {
	conn *pgx.Conn
}

// NewGate puts a gate into the tables that Make has made. The connection is the
// gate's own from now on.
func NewGate(ctx context.Context, conn *pgx.Conn) (*Gate, error) {
	if _, err := conn.Exec(ctx, gate); err != nil {
		return nil, fmt.Errorf("make a gate: %w", err)
	}
	return &Gate{conn: conn}, nil
}

// Close lets nobody pass any more. It waits for those that have passed.
func (g *Gate) Close(ctx context.Context) error {
	_, err := g.conn.Exec(ctx, "SELECT pg_advisory_lock(7)")
	return err
}

// Open lets everybody pass.
func (g *Gate) Open(ctx context.Context) error {
	_, err := g.conn.Exec(ctx, "SELECT pg_advisory_unlock(7)")
	return err
}

// Waiting waits until somebody stands at the gate for whom is says yes, and
// returns the addresses of all who do then.
func (g *Gate) Waiting(ctx context.Context, is func(addresses []string) bool) ([]string, error) {
	for {
		rows, err := g.conn.Query(ctx, "SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE usename = $1 AND wait_event = 'PgSleep' ORDER BY 1", Reader)
		if err != nil {
			return nil, err
		}
		addresses, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		if is(addresses) {
			return addresses, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody of those that should wait at the gate does, but %v: %w", addresses, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
