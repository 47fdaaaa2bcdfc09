package engine_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

// loadDistinct loads a query's rows into a table t, in several partitions, and
// reports whether they turned out distinct by the columns.
func loadDistinct(t *testing.T, s *engine.Session, sql string, columns ...string) bool {
	t.Helper()
	rows, err := s.Query(t.Context(), sql)
	require.NoError(t, err, sql)
	var batches []arrow.RecordBatch
	for {
		b, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, sql)
		middle := b.NumRows() / 3
		batches = append(batches, b.NewSlice(0, middle), b.NewSlice(middle, b.NumRows()))
		b.Release()
	}
	require.NoError(t, rows.Close())
	in := input(t, batches...)
	in.Distinct = engine.NewDistinct(columns...)
	_, err = s.CreateTable(t.Context(), "t", in)
	require.NoError(t, err)
	require.NoError(t, s.Exec(t.Context(), "DROP TABLE t"))
	return in.Distinct.Proven()
}

// Of every type whose equal values are the same bytes it is found out whether
// they are distinct; of the others it never is.
func TestDistinctKnowsEachType(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 2})
	for _, c := range []struct {
		key  string
		rows int
		no   bool
	}{
		{key: "i = 1", rows: 2}, {key: "CAST(i AS TINYINT)", rows: 128}, {key: "CAST(i AS UTINYINT)", rows: 256},
		{key: "CAST(i AS SMALLINT)", rows: 5000}, {key: "CAST(i AS USMALLINT)", rows: 5000},
		{key: "CAST(-i AS INTEGER)", rows: 5000}, {key: "CAST(i AS UINTEGER)", rows: 5000},
		{key: "-i", rows: 5000}, {key: "CAST(i AS UBIGINT)", rows: 5000},
		{key: "CAST(i AS DECIMAL(4,0))", rows: 5000}, {key: "CAST(i AS DECIMAL(9,2))", rows: 5000},
		{key: "CAST(-i AS DECIMAL(18,2))", rows: 5000}, {key: "CAST(i AS DECIMAL(38,3))", rows: 5000}, {key: "i * 10000000000000000000::HUGEINT", rows: 5000},
		{key: "CAST(i AS VARCHAR)", rows: 5000}, {key: "'an invoice, ' || i", rows: 5000}, {key: "repeat('x', i)", rows: 300},
		{key: "encode(CAST(i AS VARCHAR))", rows: 5000}, {key: "CAST(lpad(CAST(i AS VARCHAR), 32, '0') AS UUID)", rows: 5000},
		{key: "DATE '2024-01-01' + CAST(i AS INTEGER)", rows: 5000}, {key: "TIME '00:00:00' + to_seconds(i)", rows: 5000},
		{key: "TIMESTAMP '2024-01-01' + to_microseconds(i)", rows: 5000}, {key: "CAST(TIMESTAMP '2024-01-01' + to_seconds(i) AS TIMESTAMP_S)", rows: 5000},
		{key: "CAST(TIMESTAMP '2024-01-01' + to_seconds(i) AS TIMESTAMP_MS)", rows: 5000}, {key: "CAST(TIMESTAMP '2024-01-01' + to_seconds(i) AS TIMESTAMP_NS)", rows: 5000},
		{key: "CAST(TIMESTAMP '2024-01-01' + to_seconds(i) AS TIMESTAMPTZ)", rows: 5000},
		{key: "CAST(i AS FLOAT)", rows: 5000, no: true}, {key: "CAST(i AS DOUBLE)", rows: 5000, no: true},
		{key: "to_days(CAST(i AS INTEGER))", rows: 5000, no: true}, {key: "[i]", rows: 5000, no: true}, {key: "{'a': i}", rows: 5000, no: true},
	} {
		all := fmt.Sprintf("SELECT i, %s AS k FROM range(%d) r(i)", c.key, c.rows)
		require.Equal(t, !c.no, loadDistinct(t, s, all, "k"), c.key)
		require.Equal(t, !c.no, loadDistinct(t, s, "SELECT i, CASE WHEN i % 3 = 2 THEN NULL ELSE k END AS k FROM ("+all+")", "k"), "nulls are left out: %s", c.key)
		require.Equal(t, !c.no, loadDistinct(t, s, "SELECT k, i % 7 AS j FROM ("+all+")", "j", "k"), c.key)
		again := fmt.Sprintf("%s UNION ALL SELECT i, k FROM (%s) WHERE i = 1", all, all)
		require.False(t, loadDistinct(t, s, again, "k"), c.key)
		require.Equal(t, !c.no, loadDistinct(t, s, "SELECT row_number() OVER () AS j, k FROM ("+again+")", "j", "k"), c.key)
	}
}

// Columns are told apart together, and rows with a null in one of them are left
// out.
func TestDistinctBySeveralColumns(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 2})
	const sides = "SELECT i // 70 AS a, i % 70 AS b, CAST(i % 70 AS VARCHAR) AS c FROM range(4900) r(i)"
	require.True(t, loadDistinct(t, s, sides, "a", "b"))
	require.True(t, loadDistinct(t, s, sides, "c", "a"))
	require.False(t, loadDistinct(t, s, sides, "a"))
	require.False(t, loadDistinct(t, s, sides, "b", "c"))
	require.True(t, loadDistinct(t, s, "VALUES ('a', 'bc'), ('ab', 'c'), ('abc', ''), ('', 'abc')", "col0", "col1"))
	require.False(t, loadDistinct(t, s, "VALUES ('a', 'bc'), ('a', 'bc')", "col0", "col1"))
	require.True(t, loadDistinct(t, s, "VALUES ('a', NULL), ('a', NULL), (NULL, 'a'), (NULL, 'a')", "col0", "col1"))
	require.False(t, loadDistinct(t, s, "SELECT 1 AS a", "b"), "a column that the table does not have")
}

// What is found out is what SQL finds, whatever the values and the nulls.
func TestDistinctIsWhatSQLFinds(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 2})
	random := rand.New(rand.NewPCG(3, 4))
	proven := 0
	for range 100 {
		rows, values, nulls := 1+random.IntN(40), 1+random.IntN(1500), random.IntN(3)
		sql := "SELECT NULL::VARCHAR AS a, NULL::BIGINT AS b WHERE false"
		for range rows {
			a, b := fmt.Sprintf("'key %d'", random.IntN(values)), fmt.Sprint(random.IntN(2))
			if random.IntN(4) < nulls {
				a = "NULL"
			}
			sql += fmt.Sprintf(" UNION ALL SELECT %s, %s", a, b)
		}
		for _, key := range []string{"a", "a, b"} {
			columns := []string{"a", "b"}[:1+len(key)/3]
			want := texts(t, s, fmt.Sprintf("SELECT count(*) = 0 FROM (SELECT %[1]s FROM (%[2]s) WHERE a IS NOT NULL GROUP BY %[1]s HAVING count(*) > 1)", key, sql))[0][0] == "true"
			require.Equal(t, want, loadDistinct(t, s, "SELECT * FROM ("+sql+") ORDER BY hash(b)", columns...), "%s of %s", key, sql)
			if want {
				proven++
			}
		}
	}
	require.Greater(t, proven, 30)
	require.Less(t, proven, 170)
}

// More rows than there is memory for leave it unknown; one that is there twice
// is found however far apart.
func TestDistinctIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 2, MemoryLimit: engine.MinMemoryLimit})
	const fits = engine.MinMemoryLimit / 16 / 8
	rows := func(n int) string { return fmt.Sprintf("SELECT 'key ' || i AS k FROM range(%d) r(i)", n) }
	require.True(t, loadDistinct(t, s, rows(fits), "k"))
	require.False(t, loadDistinct(t, s, rows(fits+1), "k"))
	require.False(t, loadDistinct(t, s, rows(fits-1)+" UNION ALL SELECT 'key 12345'", "k"))
}
