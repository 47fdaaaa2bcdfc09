package postgres_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres"
	"kallad/worker/source/postgres/pgtest"
)

// busy counts the application's statements that are running.
func busy(t testing.TB, db *pgtest.Database, app string) int {
	return connections(t, db, app, "state = 'active'")
}

// connections counts an application's connections on the server. It asks
// through psql, which leaves nothing behind for a leak check.
func connections(t testing.TB, db *pgtest.Database, app string, conditions ...string) (n int) {
	t.Helper()
	conditions = append(conditions, "application_name = '"+app+"'")
	out := db.Psql(t, "SELECT count(*) FROM pg_stat_activity WHERE "+strings.Join(conditions, " AND "))
	_, err := fmt.Sscan(string(out), &n)
	require.NoError(t, err)
	return n
}

// A read that is cancelled in mid-stream, or while the server has nothing to
// send yet, ends within a second, on the server too. The test must not be
// parallel: it looks for leaked goroutines.
func TestCancelInMidRead(t *testing.T) {
	db := server.Database(t)
	before := goleak.IgnoreCurrent()
	db.Exec(t, `CREATE TABLE many (id int); INSERT INTO many SELECT generate_series(1, 1000000);
		CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS pad`)
	for _, table := range []string{"many", "slow"} {
		src := open(t, db.URL("table="+table, "application_name="+table))
		scan := source.Scan{Columns: []string{"id"}, Filters: filters("id", recon.OpGt, "0")}
		part := split(t, src, scan, 1)[0]
		ctx, cancel := context.WithCancel(context.Background())
		batches, err := src.Read(ctx, scan, part)
		require.NoError(t, err)
		if table == "many" {
			batch, err := batches.Next(ctx)
			require.NoError(t, err)
			batch.Release()
		}
		time.AfterFunc(100*time.Millisecond, cancel)
		for err == nil {
			time.Sleep(time.Millisecond)
			var batch interface{ Release() }
			if batch, err = batches.Next(ctx); err == nil {
				batch.Release()
			}
		}
		began := time.Now()
		require.ErrorIs(t, err, context.Canceled)
		_, again := batches.Next(context.Background())
		require.Error(t, again)
		require.NotErrorIs(t, again, io.EOF)
		require.NoError(t, batches.Close())
		require.Less(t, time.Since(began), 20*time.Second)
		require.Eventually(t, func() bool { return busy(t, db, table) == 0 }, 20*time.Second, 10*time.Millisecond)
		require.NoError(t, src.Close())
	}
	goleak.VerifyNone(t, before)
}

// Describe is cancelled as quickly, while it waits for a lock.
func TestCancelDescribe(t *testing.T) {
	db := server.Database(t)
	before := goleak.IgnoreCurrent()
	db.Exec(t, "CREATE TABLE t (id int)")
	conn := db.Conn(t)
	_, err := conn.Exec(context.Background(), "BEGIN; LOCK TABLE t")
	require.NoError(t, err)
	src := open(t, db.URL("table=t", "application_name=waits"))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = src.Describe(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), 20*time.Second)
	require.Eventually(t, func() bool { return connections(t, db, "waits") == 0 }, 20*time.Second, 10*time.Millisecond)
	_, err = conn.Exec(context.Background(), "ROLLBACK")
	require.NoError(t, err)
	require.Equal(t, []string{"id int32"}, types(describe(t, src)), "it can be asked again")
	require.NoError(t, src.Close())
	goleak.VerifyNone(t, before)
}

// A consumer that takes its time holds up the server, and no memory here.
func TestSlowConsumer(t *testing.T) {
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (v text); INSERT INTO t SELECT repeat(md5(n::text), 30) FROM generate_series(1, 200000) n")
	src := openWith(t, db.URL("table=t", "application_name=slow"), postgres.Config{})
	scan := source.Scan{Columns: []string{"v"}, BatchRows: 1000}
	batches, err := src.Read(context.Background(), scan, split(t, src, scan, 1)[0])
	require.NoError(t, err)
	baseline := heap()
	for range 5 {
		batch, err := batches.Next(context.Background())
		require.NoError(t, err)
		batch.Release()
		time.Sleep(50 * time.Millisecond)
		require.Less(t, heap(), baseline+16<<20, "of 190 MB in the table")
	}
	require.Equal(t, 1, busy(t, db, "slow"), "the server waits")
	require.NoError(t, batches.Close())
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
