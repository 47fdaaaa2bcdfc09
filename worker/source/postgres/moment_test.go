package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"kallad/worker/source"
	"kallad/worker/source/postgres"
	"kallad/worker/source/postgres/pgtest"
)

// churn rewrites the table in every way that is open to others while a source
// holds its moment, then lets vacuum take away what nobody sees any more.
func churn(t *testing.T, db *pgtest.Database) {
	t.Helper()
	for _, sql := range []string{
		"UPDATE t SET pad = repeat('y', 300) WHERE id % 2 = 0",
		"DELETE FROM t WHERE id % 3 = 0",
		"INSERT INTO t SELECT n, repeat('z', 300) FROM generate_series(100001, 103000) n",
		"UPDATE t SET id = -id",
		"VACUUM t",
	} {
		db.Exec(t, sql)
	}
}

func TestOneMoment(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(3000))
	src := open(t, db.URL("table=t"))
	parts := split(t, src, idScan, 5)

	// The first partition is open while the table changes; the others are read
	// afterwards, the last by another process' source.
	first, err := src.Read(context.Background(), source.Scan{Columns: []string{"id"}, BatchRows: 1}, parts[0])
	require.NoError(t, err)
	churn(t, db)
	require.NoError(t, first.Close())
	var rows []string
	for i, p := range parts {
		reader := src
		if i == len(parts)-1 {
			reader = open(t, db.URL("table=t"))
		}
		got, err := readPart(reader, idScan, p)
		require.NoError(t, err)
		rows = append(rows, got...)
	}
	require.Equal(t, ids(3000), sorted(rows))
	require.Equal(t, ids(3000), sorted(readSplit(t, src, idScan, 3)), "a second Split shows the same moment")

	later := readSplit(t, open(t, db.URL("table=t")), idScan, 5)
	require.Len(t, later, 5000, "a new source shows the present")
}

// While many write, every partition shows the same sum.
func TestOneMomentUnderLoad(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, balance int); INSERT INTO t SELECT n, 100 FROM generate_series(1, 5000) n")
	ctx, stop := context.WithCancel(context.Background())
	var writers errgroup.Group
	for w := range 3 {
		conn := db.Conn(t)
		writers.Go(func() error {
			for i := w; ctx.Err() == nil; i++ {
				_, err := conn.Exec(context.Background(), `UPDATE t SET balance = balance + CASE WHEN id % 2 = 0 THEN 1 ELSE -1 END
					WHERE id IN (2 * ($1::int % 2500) + 1, 2 * ($2::int % 2500) + 2)`, i*7, i*13)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 5 {
		sum, n := 0, 0
		for _, row := range readSplit(t, open(t, db.URL("table=t")), source.Scan{Columns: []string{"balance"}}, 4) {
			var balance int
			_, err := fmt.Sscan(row, &balance)
			require.NoError(t, err)
			sum, n = sum+balance, n+1
		}
		require.Equal(t, 5000, n)
		require.Equal(t, 500_000, sum)
	}
	stop()
	require.NoError(t, writers.Wait())
}

// What would empty the table under the snapshot has to wait.
func TestFormIsHeld(t *testing.T) {
	t.Parallel()
	for name, ddl := range map[string]string{
		"table": "CREATE TABLE t (id int, pad text)",
		"partitioned": `CREATE TABLE t (id int, pad text) PARTITION BY HASH (id);
			CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := server.Database(t)
			db.Exec(t, ddl+"; "+fill(500))
			src := open(t, db.URL("table=t"))
			describe(t, src)
			for _, sql := range []string{"TRUNCATE t", "ALTER TABLE t ALTER COLUMN id TYPE bigint", "DROP TABLE t"} {
				_, err := db.Conn(t).Exec(context.Background(), "SET lock_timeout = 50; "+sql)
				require.ErrorContains(t, err, "lock timeout", sql)
			}
			require.Equal(t, ids(500), sorted(readSplit(t, src, idScan, 2)))
			require.NoError(t, src.Close())
			db.Exec(t, "TRUNCATE t")
		})
	}
}

// Who changes the table's form waits for the source; what the source reads
// after that would wait for them. That ends with an error, and a table of one
// partition is read all the same.
func TestFormIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, partitions := range []int{1, 3} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) {
			t.Parallel()
			db := server.Database(t)
			db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(3000))
			src := openWith(t, db.URL("table=t"), postgres.Config{PartitionPages: 1, LockTimeout: 300 * time.Millisecond})
			parts := split(t, src, idScan, partitions)
			require.Len(t, parts, partitions)
			waiter := db.Conn(t)
			var altering errgroup.Group
			altering.Go(func() error {
				_, err := waiter.Exec(context.Background(), "ALTER TABLE t ADD COLUMN more int")
				return err
			})
			require.Eventually(t, func() bool {
				return string(db.Psql(t, "SELECT count(*) FROM pg_locks WHERE relation = to_regclass('t') AND NOT granted")) == "1\n"
			}, 20*time.Second, 10*time.Millisecond)

			rows, err := readPart(src, idScan, parts[0])
			require.NoError(t, err)
			for _, p := range parts[1:] {
				_, err := readPart(src, idScan, p)
				requireInput(t, err, `"public.t"`, "lock timeout", "try again when it is done")
			}
			if partitions == 1 {
				require.Equal(t, ids(3000), sorted(rows))
			}
			require.NoError(t, src.Close())
			require.NoError(t, altering.Wait())
		})
	}
}

// A table that is locked already is waited for as long as the address says.
func TestLockedTable(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(10))
	locker := db.Conn(t)
	_, err := locker.Exec(context.Background(), "BEGIN; LOCK TABLE t")
	require.NoError(t, err)
	for _, src := range []source.Source{
		openWith(t, db.URL("table=t"), postgres.Config{LockTimeout: 100 * time.Millisecond}),
		open(t, db.URL("table=t", "lock_timeout=100")),
	} {
		_, err := src.Describe(context.Background())
		requireInput(t, err, `"public.t"`, "lock timeout", "lock_timeout=5min")
	}
	_, err = locker.Exec(context.Background(), "ROLLBACK")
	require.NoError(t, err)
	require.Equal(t, ids(10), sorted(readSplit(t, open(t, db.URL("table=t")), idScan, 1)))
}

func TestHotStandby(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(2000))
	standby := server.Standby(t, db)
	src := open(t, standby.URL("table=t"))
	require.Equal(t, ids(2000), sorted(readSplit(t, src, idScan, 4)))
	require.Empty(t, describe(t, src).Notes)
}

// A server that refuses to share its snapshot is read in one piece.
func TestRefusedSnapshot(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text, free numeric DEFAULT 1.5); "+fill(1000))
	user := "reader_" + db.Name
	db.Exec(t, "REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC; CREATE ROLE "+user+" LOGIN PASSWORD 'wrong/pass'; GRANT SELECT ON t TO "+user)
	t.Cleanup(func() { db.Exec(t, "DROP OWNED BY "+user+"; DROP ROLE "+user) })
	src := open(t, db.UserURL(user, "wrong/pass", "table=t"))
	d := describe(t, src)
	require.Equal(t, 1, d.MaxPartitions)
	require.Contains(t, strings.Join(d.Notes, "\n"), "in one piece")
	require.Contains(t, strings.Join(d.Notes, "\n"), "pg_export_snapshot")
	require.Contains(t, types(d), "free decimal(38, 1)", "the data may change until it is read")
	parts, err := src.Split(context.Background(), idScan, 4)
	require.NoError(t, err)
	require.Len(t, parts, 1)
	rows, err := readPart(src, idScan, parts[0])
	require.NoError(t, err)
	require.Equal(t, ids(1000), sorted(rows))
}

// A balancer leads each connection to another server, as some poolers do.
func TestBalancer(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(1000))
	standby := server.Standby(t, db)
	through := *db
	through.Port = proxy(t, passAll, db.Port, standby.Port)
	src := open(t, through.URL("table=t"))
	d := describe(t, src)
	require.Equal(t, 1, d.MaxPartitions)
	require.Contains(t, strings.Join(d.Notes, "\n"), "several servers")
	require.Equal(t, ids(1000), sorted(readSplit(t, src, idScan, 1)))
}

// refuseTransactions is a pooler that pools statements: it ends the connection
// of whoever begins a transaction. This is PgBouncer's answer.
func refuseTransactions(t *testing.T) (veto func([]byte) []byte) {
	t.Helper()
	answer, err := (&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "transaction blocks not allowed in statement pooling mode"}).Encode(nil)
	require.NoError(t, err)
	return func(sent []byte) []byte {
		if bytes.Contains(sent, []byte("BEGIN")) || bytes.Contains(sent, []byte("COMMIT")) {
			return answer
		}
		return nil
	}
}

func TestPoolerWithoutTransactions(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(1000))
	through := *db
	through.Port = proxy(t, refuseTransactions(t), db.Port)
	src := open(t, through.URL("table=t"))
	d := describe(t, src)
	require.Equal(t, 1, d.MaxPartitions)
	require.Contains(t, strings.Join(d.Notes, "\n"), "refuses transactions")
	require.Equal(t, ids(1000), sorted(readSplit(t, src, idScan, 1)))
}

// proxy listens on a port and passes connections on to the given ports, one
// after the other. Once veto has an answer to what a client sends, the client
// gets that and the connection ends.
func proxy(t *testing.T, veto func(sent []byte) (answer []byte), ports ...int) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var group errgroup.Group
	var next atomic.Int64
	group.Go(func() error {
		for {
			client, err := listener.Accept()
			if err != nil {
				return nil
			}
			backend, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ports[int(next.Add(1))%len(ports)]))
			if err != nil {
				return err
			}
			group.Go(func() error {
				pass(client, backend, veto)
				return nil
			})
			group.Go(func() error {
				_, _ = io.Copy(client, backend)
				_ = client.Close()
				return nil
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		require.NoError(t, group.Wait())
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// pass sends on what a client sends, until either side ends or veto says so.
func pass(client, backend net.Conn, veto func([]byte) []byte) {
	defer func() { _ = backend.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if answer := veto(buf[:n]); answer != nil {
			_, _ = client.Write(answer)
			return
		}
		if _, err := backend.Write(buf[:n]); err != nil {
			return
		}
	}
}

func passAll([]byte) []byte { return nil }

// A partition outlives its moment only as an error.
func TestLostMoment(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(500))
	src := open(t, db.URL("table=t"))
	parts := split(t, src, idScan, 2)
	require.NoError(t, src.Close())
	_, err := readPart(open(t, db.URL("table=t")), idScan, parts[1])
	require.ErrorContains(t, err, "does not know the moment")
	_, err = src.Describe(context.Background())
	require.ErrorContains(t, err, "closed")
}

// Close lets go of everything on the server, also with streams open.
func TestCloseLetsGo(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(20_000))
	src := openWith(t, db.URL("table=t", "application_name=letgo"), postgres.Config{PartitionPages: 1})
	scan := source.Scan{Columns: []string{"id", "pad"}}
	batches, err := src.Read(context.Background(), scan, split(t, src, scan, 2)[0])
	require.NoError(t, err)
	require.Positive(t, connections(t, db, "letgo"))
	require.NoError(t, src.Close())
	require.NoError(t, batches.Close())
	require.Eventually(t, func() bool { return connections(t, db, "letgo") == 0 }, 20*time.Second, 10*time.Millisecond)
}

// What the server says of an error travels with it.
func TestServerErrorIsKept(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE VIEW t AS SELECT 1 / (n - 5) AS v FROM generate_series(1, 10) n")
	_, err := readErr(t, open(t, db.URL("table=t")))
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "22012", pg.Code)
}
