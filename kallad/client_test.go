package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"kallad/ballista/client"
	"kallad/worker/recon"
)

// remote returns a client of the cluster at the other end of a connection.
func (c *testCluster) remote(t *testing.T) client.Runner {
	conn, err := grpc.NewClient(c.listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return client.NewRemote(conn)
}

// all reads rows to their end, as sorted lines.
func all(t *testing.T, rows *client.Rows) []string {
	t.Helper()
	schema, err := rows.Schema(t.Context())
	require.NoError(t, err)
	lines := []string{}
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.True(t, schema.Equal(batch.Schema()))
		for i := range int(batch.NumRows()) {
			cells := make([]string, batch.NumCols())
			for c, col := range batch.Columns() {
				cells[c] = strings.Clone(col.ValueStr(i))
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
		batch.Release()
	}
	require.NoError(t, rows.Close())
	slices.Sort(lines)
	return lines
}

// numbersParquet writes the numbers below rows and their squares.
func numbersParquet(t *testing.T, path string, rows int) {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "square", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range int64(rows) {
		b.Field(0).(*array.Int64Builder).Append(i)
		b.Field(1).(*array.Int64Builder).Append(i * i)
	}
	batch := b.NewRecordBatch()
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := pqarrow.NewFileWriter(schema, f, nil, pqarrow.DefaultWriterProps())
	require.NoError(t, err)
	require.NoError(t, w.Write(batch))
	require.NoError(t, w.Close())
}

func TestClusterClient(t *testing.T) {
	const rows = 20_000
	c := newTestCluster(t, nil)
	csv := c.numbers(t, "nums", rows)
	pq := filepath.Join(c.dir, "squares.parquet")
	numbersParquet(t, pq, rows)
	db := pgServer.Database(t)
	db.Exec(t, fmt.Sprintf("CREATE TABLE names AS SELECT k::bigint, 'name ' || k AS name FROM generate_series(0, 999) k; CREATE TABLE pairs AS SELECT n::bigint, n %% 1000 AS k, n::bigint * n AS square FROM generate_series(0, %d) n", rows-1))
	queries := []string{
		"SELECT names.name, count(*) AS c, sum(s.square) AS total FROM nums JOIN squares s ON nums.n = s.n JOIN names ON names.k = nums.k GROUP BY names.name",
		"SELECT nums.n, s.square FROM nums LEFT JOIN squares s ON s.n = nums.n AND s.square < 1000 WHERE nums.n < 100",
		"SELECT k FROM names WHERE k NOT IN (SELECT k FROM nums WHERE k < 990)",
		"SELECT count(*) FROM nums",
		"SELECT n FROM nums WHERE n < 0",
	}
	pairs := "(SELECT n, k FROM pairs) AS nums"
	squares := "(SELECT n, square FROM pairs) AS s"
	inPostgres := strings.NewReplacer("FROM nums", "FROM "+pairs, "squares s", squares)
	query := client.Query{Sources: []recon.Source{
		{Alias: "nums", URI: recon.URI(csv)}, {Alias: "squares", URI: recon.URI(pq)},
		{Alias: "names", URI: recon.URI(db.URL("table=names"))},
	}}
	check := func(t *testing.T, runner client.Runner) {
		for _, sql := range queries {
			q := query
			q.SQL = sql
			rows, err := runner.Query(t.Context(), q)
			require.NoError(t, err, sql)
			got := all(t, rows)
			text := strings.TrimSuffix(string(db.Psql(t, `\pset format unaligned`, `\pset tuples_only on`, inPostgres.Replace(sql))), "\n")
			want := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool {
				return line == "" || strings.HasPrefix(line, "Output format") || strings.HasPrefix(line, "Tuples only")
			})
			for i, line := range want {
				if strings.HasSuffix(line, "|") {
					want[i] = line + "(null)"
				}
			}
			slices.Sort(want)
			require.Equal(t, want, got, sql)
		}
	}
	check(t, c.engines.client(c.localEngine)) // with no executor
	check(t, c.remote(t))
	c.executor(t)
	c.executor(t)
	check(t, c.engines.client(c.localEngine))
	check(t, c.remote(t))
	q := query
	q.SQL, q.Partitions = queries[0], 4
	r, err := c.remote(t).Query(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, all(t, r), 1000)
	progress := r.Progress()
	require.Equal(t, map[string]int64{"nums": rows, "squares": rows, "names": 1000}, progress.Rows)
	require.Greater(t, len(progress.Stages), 1, "it ran in stages")
}

func TestClusterClientIsToldWhatIsWrong(t *testing.T) {
	c := newTestCluster(t, nil)
	c.executor(t)
	nums := recon.Source{Alias: "nums", URI: recon.URI(c.numbers(t, "nums", 100))}
	db := pgServer.Database(t)
	secret := recon.URI("postgres://somebody:hunter2hunter2@" + strings.SplitN(db.URL(), "@", 2)[1] + "?table=nothing")
	for name, runner := range map[string]client.Runner{"here": c.engines.client(c.localEngine), "remote": c.remote(t)} {
		for _, wrong := range []struct {
			q    client.Query
			text string
		}{
			{client.Query{SQL: "SELECT m FROM nums", Sources: []recon.Source{nums}}, `"m" not found`},
			{client.Query{SQL: "SELECT n FROM", Sources: []recon.Source{nums}}, "syntax error"},
			{client.Query{SQL: "SELECT * FROM read_csv('/etc/passwd')", Sources: []recon.Source{nums}}, "read_csv"},
			{client.Query{SQL: "SELECT 1 FROM nums", Sources: []recon.Source{{Alias: "no table", URI: nums.URI}}}, "sources[0].alias"},
			{client.Query{SQL: "SELECT n FROM nums", Sources: []recon.Source{{Alias: "nums", URI: "missing.csv"}}}, "missing.csv"},
			{client.Query{SQL: "SELECT n FROM nums", Sources: []recon.Source{{Alias: "nums", URI: nums.URI,
				Filters: []recon.FilterCondition{{Column: "x", Op: recon.OpEq, Value: json.RawMessage("1")}}}}}, `"x"`},
			{client.Query{SQL: "SELECT sqrt(-1 - n) FROM nums", Sources: []recon.Source{nums}}, "square root"},
		} {
			rows, err := runner.Query(t.Context(), wrong.q)
			if err == nil {
				_, err = rows.Next(t.Context())
				require.Error(t, rows.Close())
			}
			require.ErrorContains(t, err, wrong.text, name)
			require.True(t, recon.IsInput(err) || strings.Contains(err.Error(), "square root"), "%s: %v", name, err)
		}
		_, err := runner.Query(t.Context(), client.Query{SQL: "SELECT * FROM t", Sources: []recon.Source{{Alias: "t", URI: secret}}})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestClusterClientCancels(t *testing.T) {
	c := newTestCluster(t, nil)
	e := c.executor(t)
	nums := recon.Source{Alias: "nums", URI: recon.URI(c.numbers(t, "nums", 1000))}
	for name, runner := range map[string]client.Runner{"here": c.engines.client(c.localEngine), "remote": c.remote(t)} {
		rows, err := runner.Query(t.Context(), client.Query{
			SQL:     "SELECT nums.n FROM nums, generate_series(1, 1000000000000) AS g(m) WHERE m % 7 = 8",
			Sources: []recon.Source{nums},
		})
		require.NoError(t, err, name)
		e.logs.await(t, "task starts")
		e.logs.forget()
		rows.Cancel()
		_, err = rows.Next(t.Context())
		require.ErrorIs(t, err, context.Canceled, name)
		require.ErrorIs(t, rows.Close(), context.Canceled)
		require.Eventually(t, func() bool { return c.scheduler.Executors()[0].Running == 0 }, patience, time.Millisecond, name)
	}
}
