package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"kallad/worker/recon"
)

// keepAlive is how often an idle connection shows the network that it lives.
const keepAlive = 30 * time.Second

// closeTimeout bounds the goodbye to a server, cancel request included.
const closeTimeout = 2 * time.Second

// tidRangeVersion is the first server version that scans a range of a table's
// pages without reading the others.
const tidRangeVersion = 14

// session is the moment of the data that all partitions show: a transaction
// that holds a snapshot and a lock against changes of the table's form, from
// the first Describe or Split until Close.
type session struct {
	coordinator *pgx.Conn
	// snapshot is the moment's name for other connections; "" when the server
	// can't share it.
	snapshot string
	// refusal says why snapshot is "".
	refusal string
	// plain is set behind a pooler that knows no transactions: then nothing is
	// held, and what is read is one statement's moment.
	plain bool
	// spare is a second connection under the snapshot, opened to see whether
	// that works, and taken by the first Read. Guarded by Source.mu.
	spare *pgx.Conn

	table *table
}

// beginScript starts a transaction in which the server writes texts in one way
// whatever its own settings are, and which no idle timeout ends. It takes no
// snapshot yet.
func (a *address) beginScript(cfg Config, snapshot string, conn *pgx.Conn) string {
	script := []string{"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"}
	if snapshot != "" {
		script = append(script, "SET TRANSACTION SNAPSHOT "+quoteLiteral(snapshot))
	}
	script = append(script,
		"SET LOCAL idle_in_transaction_session_timeout = 0",
		"SET LOCAL extra_float_digits = 1", "SET LOCAL IntervalStyle = 'postgres'", "SET LOCAL bytea_output = 'hex'",
		"SET LOCAL standard_conforming_strings = on", "SET LOCAL jit = off")
	if holdsAnyBytes(conn) {
		// As UTF-8 the server would refuse such texts without naming the column.
		script = append(script, "SET LOCAL client_encoding = SQL_ASCII")
	}
	if serverVersion(conn) >= 17 {
		script = append(script, "SET LOCAL transaction_timeout = 0")
	}
	// Under a shared snapshot the lock is already held by the coordinator, so
	// who has to wait for it stands behind one who waits for the coordinator:
	// no patience of the address's would ever be rewarded.
	if snapshot != "" || !a.hasOwn("lock_timeout") {
		script = append(script, fmt.Sprintf("SET LOCAL lock_timeout = %d", cfg.LockTimeout.Milliseconds()))
	}
	if cfg.StatementTimeout > 0 && !a.hasOwn("statement_timeout") {
		script = append(script, fmt.Sprintf("SET LOCAL statement_timeout = %d", cfg.StatementTimeout.Milliseconds()))
	}
	return strings.Join(script, "; ")
}

// quoteLiteral writes s as SQL's string constant.
func quoteLiteral(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
}

// connect opens a connection. The caller closes it with hangUp.
func (a *address) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, a.conn.Copy())
	if err != nil {
		return nil, a.explain(ctx, "connect", err)
	}
	return conn, nil
}

// serverVersion returns the server's major version.
func serverVersion(conn *pgx.Conn) int {
	text := conn.PgConn().ParameterStatus("server_version")
	if end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		text = text[:end]
	}
	v, _ := strconv.Atoi(text)
	return v
}

// holdsAnyBytes reports whether the database's texts may be no UTF-8.
func holdsAnyBytes(conn *pgx.Conn) bool {
	return conn.PgConn().ParameterStatus("server_encoding") == "SQL_ASCII"
}

// begin opens a connection in a transaction under the named snapshot, "" for
// one of its own; a plain one in none.
func (a *address) begin(ctx context.Context, cfg Config, snapshot string, plain bool) (*pgx.Conn, error) {
	conn, err := a.connect(ctx)
	if err != nil || plain {
		return conn, err
	}
	if err := a.enter(ctx, cfg, conn, snapshot); err != nil {
		hangUp(ctx, conn)
		return nil, err
	}
	return conn, nil
}

// enter begins the transaction of begin on an open connection.
func (a *address) enter(ctx context.Context, cfg Config, conn *pgx.Conn, snapshot string) error {
	_, err := conn.PgConn().Exec(ctx, a.beginScript(cfg, snapshot, conn)).ReadAll()
	if err != nil && snapshot != "" && isSnapshotRefusal(err) {
		return fmt.Errorf("%w; the connection that held it is gone, or this one leads to another server: %w", errNoSnapshot, a.explain(ctx, "take over the snapshot", err))
	}
	return a.explain(ctx, "begin", err)
}

// errNoSnapshot marks that a server does not know a snapshot: the connection
// that exported it is gone, or this one leads to another server.
var errNoSnapshot = errors.New("the server does not know the moment that this job reads")

func isSnapshotRefusal(err error) bool {
	switch codeOf(err) {
	case codeBadParameter, codeNoObject, "55000", "0A000":
		return true
	}
	return false
}

// hangUp closes a connection and waits until nothing of it is left, for a
// short while. It works when ctx is done, too.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	_ = conn.Close(ctx)
	select {
	case <-conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}

// openSession finds the table, fixes the moment and describes the table at it.
// The second connection is opened beside that, because connecting takes longer
// than all the rest.
func (s *Source) openSession(ctx context.Context) (_ *session, err error) {
	conn, err := s.addr.connect(ctx)
	if err != nil {
		return nil, err
	}
	sess := &session{coordinator: conn}
	defer func() {
		if err != nil {
			sess.close(ctx)
		}
	}()
	var found *relation
	holding, holdCtx := errgroup.WithContext(ctx)
	holding.Go(func() (err error) {
		sess.spare, err = s.addr.connect(holdCtx)
		return err
	})
	holding.Go(func() (err error) {
		if found, err = s.addr.findTable(holdCtx, conn); err != nil {
			return err
		}
		return sess.hold(holdCtx, s, found)
	})
	if err := holding.Wait(); err != nil {
		return nil, err
	}
	describing, describeCtx := errgroup.WithContext(ctx)
	describing.Go(func() error { return sess.tryShare(describeCtx, s, found) })
	describing.Go(func() (err error) {
		sess.table, err = s.describeTable(describeCtx, sess.coordinator, found)
		return err
	})
	if err := describing.Wait(); err != nil {
		return nil, err
	}
	sess.table.settle(sess)
	return sess, nil
}

// hold begins the transaction that holds the snapshot. The lock comes before
// the snapshot: a TRUNCATE or a rewriting ALTER TABLE between them would show
// the snapshot an empty table.
func (sess *session) hold(ctx context.Context, s *Source, found *relation) error {
	script := s.addr.beginScript(s.cfg, "", sess.coordinator)
	if found.lockable {
		script += "; " + found.lock()
	}
	_, err := sess.coordinator.PgConn().Exec(ctx, script).ReadAll()
	if codeOf(err) == codeProtocol && ctx.Err() == nil {
		return sess.holdNothing(ctx, s, found, err)
	}
	if err != nil {
		return s.addr.explain(ctx, fmt.Sprintf("begin to read table %s", found), err)
	}
	err = sess.coordinator.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&sess.snapshot)
	if err == nil {
		return sess.touch(ctx, s, found)
	}
	if ctx.Err() != nil || codeOf(err) == "" {
		return s.addr.explain(ctx, "export a snapshot", err)
	}
	sess.refusal = "the server refuses to export its snapshot: " + recon.Scrub(err.Error(), s.addr.uri)
	if _, err := sess.coordinator.PgConn().Exec(ctx, "ROLLBACK; "+script).ReadAll(); err != nil {
		return s.addr.explain(ctx, fmt.Sprintf("begin to read table %s", found), err)
	}
	return sess.touch(ctx, s, found)
}

// holdNothing goes on without a transaction after a pooler has refused one,
// on a new connection, because poolers close that of an offender.
func (sess *session) holdNothing(ctx context.Context, s *Source, found *relation, refusal error) (err error) {
	sess.plain = true
	sess.refusal = "a pooler refuses transactions: " + recon.Scrub(refusal.Error(), s.addr.uri)
	hangUp(ctx, sess.coordinator)
	if sess.coordinator, err = s.addr.connect(ctx); err != nil {
		return err
	}
	return sess.touch(ctx, s, found)
}

// touch shows that the table may be read, and takes the lock on what LOCK
// TABLE doesn't take.
func (sess *session) touch(ctx context.Context, s *Source, found *relation) error {
	_, err := sess.coordinator.Exec(ctx, "SELECT FROM "+found.sql()+" LIMIT 0")
	return s.addr.explain(ctx, fmt.Sprintf("read table %s", found), err)
}

// tryShare takes the snapshot over on a second connection, because a pooler or
// a balancer may lead each connection to another server. That connection holds
// the table, too: a table of one partition is then read whoever queues for it.
func (sess *session) tryShare(ctx context.Context, s *Source, found *relation) error {
	err := error(nil)
	if sess.snapshot != "" {
		err = s.addr.enter(ctx, s.cfg, sess.spare, sess.snapshot)
		if err == nil && found.lockable {
			_, err = sess.spare.Exec(ctx, found.lock())
			err = s.addr.explain(ctx, fmt.Sprintf("begin to read table %s", found), err)
		}
	}
	if errors.Is(err, errNoSnapshot) {
		sess.snapshot, err = "", nil
		sess.refusal = "a second connection does not find the first one's snapshot; does a pooler or a balancer lead to several servers?"
	}
	if sess.snapshot == "" {
		hangUp(ctx, sess.spare)
		sess.spare = nil
	}
	return err
}

// close lets go of the moment. Transactions are ended in words, so that a
// pooler may keep its connections.
func (sess *session) close(ctx context.Context) {
	for _, conn := range []*pgx.Conn{sess.spare, sess.coordinator} {
		if conn != nil && !conn.IsClosed() && conn.PgConn().TxStatus() == 'T' {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
			_ = conn.PgConn().Exec(ctx, "ROLLBACK").Close()
			cancel()
		}
		hangUp(ctx, conn)
	}
}
