package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source/postgres"
)

// Values that no Arrow type of their column's can hold are errors that name
// the column, the value and the way out; as text they are read.
func TestValuesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, decl, value, says, text string
	}{
		{"NaN", "numeric(10,2)", "'NaN'", "NaN", "NaN"},
		{"infinite interval part", "interval", "'9223372036854775807 microseconds'", "9223372036854775807", "2562047788:00:54.775807"},
		{"late timestamp", "timestamp", "'294247-01-10 04:00:54.775807'", "too late", "294247-01-10 04:00:54.775807"},
		{"latest timestamp", "timestamptz", "'294276-12-31 23:59:59.999999Z'", "too late", "294276-12-31 23:59:59.999999+00"},
		{"matrix", "int[]", "'{{1,2},{3,4}}'", "2 dimensions", "{{1,2},{3,4}}"},
		{"other lower bound", "int[]", "'[0:1]={1,2}'", "counts from 0", "[0:1]={1,2}"},
		{"NaN in a list", "numeric(10,2)[]", "'{1,NaN}'", "NaN", "{1.00,NaN}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := server.Database(t)
			db.Exec(t, "CREATE TABLE t (v "+c.decl+"); INSERT INTO t VALUES ("+c.value+")")
			_, err := readErr(t, open(t, db.URL("table=t")))
			requireInput(t, err, `column "v"`, `"public.t"`, c.says, "types=v:text")
			require.Equal(t, []string{c.text}, readAll(t, db.URL("table=t", "types=v:text")))
		})
	}
}

func TestAnyBytesInText(t *testing.T) {
	t.Parallel()
	db := server.Database(t, "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
	db.Exec(t, `CREATE TABLE t (v text); INSERT INTO t VALUES ('good'), (convert_from('\xff41', 'SQL_ASCII'))`)
	rows, err := readErr(t, openWith(t, db.URL("table=t"), postgres.Config{}))
	requireInput(t, err, `column "v"`, `\xffA`, "UTF-8")
	require.Empty(t, rows)
}

func TestOtherEncodings(t *testing.T) {
	t.Parallel()
	db := server.Database(t, "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	db.Exec(t, "CREATE TABLE t (v text); INSERT INTO t VALUES ('Bäcker')")
	require.Equal(t, []string{"Bäcker"}, readAll(t, db.URL("table=t")))
}

func TestLongValues(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, v text); INSERT INTO t SELECT n, repeat('x', n) FROM unnest(ARRAY[10, 300000, 20, 2000000]) n")
	cfg := postgres.Config{MaxFieldBytes: 2_000_000}
	rows, err := readErr(t, openWith(t, db.URL("table=t"), cfg))
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.Len(t, rows[3], len("2000000|")+2_000_000)

	for _, limit := range []int{1_999_999, 100_000} {
		cfg.MaxFieldBytes = limit
		_, err = readErr(t, openWith(t, db.URL("table=t"), cfg))
		requireInput(t, err, `column "v"`, "longer than")
	}
}

// A batch ends by its bytes as well as by its rows, so that neither memory nor
// 32-bit offsets run over.
func TestBatchBytes(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (v text); INSERT INTO t SELECT repeat('x', 100000) FROM generate_series(1, 50)")
	src := openWith(t, db.URL("table=t"), postgres.Config{BatchBytes: 1_000_000})
	sizes := batchSizes(t, src, "v")
	require.Equal(t, []int64{10, 10, 10, 10, 10}, sizes)
}
