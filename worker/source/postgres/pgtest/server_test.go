package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source/postgres/pgtest"
)

func TestServer(t *testing.T) {
	t.Parallel()
	server := pgtest.New("max_connections=30")
	t.Run("databases", func(t *testing.T) {
		a, b := server.Database(t), server.Database(t)
		a.Exec(t, "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)")
		b.Exec(t, "CREATE TABLE t (id int)")
		require.Equal(t, 2, count(t, a))
		require.Equal(t, 0, count(t, b))

		standby := server.Standby(t, a)
		require.Equal(t, 2, count(t, standby))
		require.DirExists(t, a.Socket)
	})
	socket := ""
	t.Run("settings", func(t *testing.T) {
		db := server.Database(t)
		socket = db.Socket
		var max string
		require.NoError(t, db.Conn(t).QueryRow(context.Background(), "SHOW max_connections").Scan(&max))
		require.Equal(t, "30", max)
	})
	require.NoError(t, server.Stop())
	_, err := os.Stat(socket)
	require.ErrorIs(t, err, os.ErrNotExist, "the server's folder is gone after Stop")
}

func count(t *testing.T, db *pgtest.Database) int {
	t.Helper()
	n := 0
	require.NoError(t, db.Conn(t).QueryRow(context.Background(), "SELECT count(*) FROM t").Scan(&n))
	return n
}
