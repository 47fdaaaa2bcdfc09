package postgres_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres"
)

// fill makes a table with rows 1 to n, about 25 to a page.
func fill(n int) string {
	return fmt.Sprintf("INSERT INTO t SELECT n, repeat('x', 300) FROM generate_series(1, %d) n", n)
}

// ids returns the texts of 1 to n, sorted as texts.
func ids(n int) []string {
	var want []string
	for i := 1; i <= n; i++ {
		want = append(want, fmt.Sprint(i))
	}
	sort.Strings(want)
	return want
}

var idScan = source.Scan{Columns: []string{"id"}}

func sorted(rows []string) []string {
	sort.Strings(rows)
	return rows
}

// Everything that can be read like a table: those that lie in pages are split,
// the others are read in one piece and say why.
func TestKindsOfTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, ddl string
		parts     int
		note      string
	}{
		{"table", "CREATE TABLE t (id int, pad text); " + fill(1000), 7, ""},
		{"unlogged", "CREATE UNLOGGED TABLE t (id int, pad text); " + fill(1000), 7, ""},
		{"materialised view", "CREATE TABLE base (id int, pad text); INSERT INTO base SELECT n, repeat('x', 300) FROM generate_series(1, 1000) n; CREATE MATERIALIZED VIEW t AS SELECT * FROM base", 7, ""},
		{"partitions", `CREATE TABLE t (id int, pad text) PARTITION BY RANGE (id);
			CREATE TABLE few PARTITION OF t FOR VALUES FROM (1) TO (100);
			CREATE TABLE other (pad text, dropped int, id int); ALTER TABLE other DROP COLUMN dropped;
			ALTER TABLE t ATTACH PARTITION other FOR VALUES FROM (100) TO (500);
			CREATE TABLE nested PARTITION OF t DEFAULT PARTITION BY LIST (id);
			CREATE TABLE leaf PARTITION OF nested DEFAULT; ` + fill(1000), 7, ""},
		{"inheritance", `CREATE TABLE t (id int, pad text); CREATE TABLE child (extra int) INHERITS (t);
			INSERT INTO child SELECT n, repeat('x', 300), 0 FROM generate_series(501, 1000) n; ` + fill(500), 7, ""},
		{"view", "CREATE TABLE base (id int); INSERT INTO base SELECT generate_series(1, 1000); CREATE VIEW t AS SELECT id FROM base", 1, "it is a view"},
		{"empty", "CREATE TABLE t (id int)", 1, ""},
		{"one row", "CREATE TABLE t (id int); INSERT INTO t VALUES (1)", 1, ""},
		{"no partition", "CREATE TABLE t (id int) PARTITION BY LIST (id)", 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := server.Database(t)
			db.Exec(t, c.ddl)
			want := ids(map[string]int{"empty": 0, "no partition": 0, "one row": 1}[c.name])
			if want == nil && c.name != "empty" && c.name != "no partition" {
				want = ids(1000)
			}
			src := open(t, db.URL("table=t"))
			d := describe(t, src)
			if c.parts == 1 {
				require.Equal(t, 1, d.MaxPartitions)
			}
			require.Contains(t, strings.Join(d.Notes, "\n"), c.note)
			require.Equal(t, want, sorted(readSplit(t, src, idScan, min(c.parts, d.MaxPartitions))))
			require.Equal(t, want, sorted(readSplit(t, src, idScan, 1)))
		})
	}
}

// A foreign table among the partitions has no pages here.
func TestForeignTables(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, `CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
		CREATE FOREIGN TABLE far (id int) SERVER files OPTIONS (program 'seq 1 500');
		CREATE TABLE t (id int) PARTITION BY RANGE (id);
		CREATE TABLE near PARTITION OF t FOR VALUES FROM (501) TO (2000);
		ALTER TABLE t ATTACH PARTITION far FOR VALUES FROM (1) TO (501);
		INSERT INTO t SELECT generate_series(501, 1000)`)
	for table, n := range map[string]int{"far": 500, "t": 1000} {
		src := open(t, db.URL("table="+table))
		d := describe(t, src)
		require.Equal(t, 1, d.MaxPartitions)
		require.Contains(t, strings.Join(d.Notes, "\n"), "foreign table")
		require.Equal(t, ids(n), sorted(readSplit(t, src, idScan, 1)))
	}
}

func TestColumnsOfAllSorts(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, `CREATE TABLE t (gone int, "Mixed Case" int, "quo""te" text, "ID" int, id int, twice int GENERATED ALWAYS AS (id * 2) STORED);
		INSERT INTO t VALUES (0, 1, 'q', 2, 3); ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN late int DEFAULT 7`)
	src := open(t, db.URL("table=t"))
	d := describe(t, src)
	require.Equal(t, []string{"Mixed Case int32", `quo"te utf8`, "ID int32", "id_2 int32", "twice int32", "late int32"}, types(d))
	require.Contains(t, strings.Join(d.Notes, "\n"), `"id_2"`)
	require.Equal(t, []string{"1|q|2|3|6|7"}, readAll(t, db.URL("table=t")))
	require.Equal(t, []string{"3|1"}, readSplit(t, src, source.Scan{Columns: []string{"id_2", "Mixed Case"}, Filters: filters("id_2", recon.OpEq, "3")}, 1))
}

func TestTableWithoutColumns(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (); INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES")
	require.Equal(t, []string{"", ""}, readAll(t, db.URL("table=t")))
}

// The name is taken as written, then as SQL would fold it.
func TestTableNames(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, `CREATE SCHEMA "My Schema"; CREATE SCHEMA s;
		CREATE TABLE "My Schema"."T.x" AS SELECT 'quoted' AS v; CREATE TABLE invoices AS SELECT 'lower' AS v;
		CREATE TABLE "Invoices" AS SELECT 'mixed' AS v; CREATE TABLE s.invoices AS SELECT 's' AS v;
		CREATE TABLE s."A""B" AS SELECT 'quote' AS v`)
	for param, want := range map[string]string{
		`"My Schema"."T.x"`:               "quoted",
		`%22My%20Schema%22.%22T.x%22`:     "quoted",
		"invoices":                        "lower",
		"INVOICES":                        "lower",
		"Invoices":                        "mixed",
		`"Invoices"`:                      "mixed",
		"public.invoices":                 "lower",
		"Public.Invoices":                 "lower",
		`"public"."Invoices"`:             "mixed",
		"s.invoices":                      "s",
		`s."A""B"`:                        "quote",
		"invoices&search_path=s%2Cpublic": "s",
	} {
		require.Equal(t, []string{want}, readAll(t, db.URL("table="+param)), param)
	}
	for param, says := range map[string][]string{
		`"INVOICES"`:         {`no table "INVOICES"`, "did you mean", "invoices"},
		"invoice":            {`no table "invoice"`, "did you mean", "invoices"},
		"nothing.like":       {`no table "nothing.like"`},
		"pg_class_oid_index": {"but this: index"},
		"zz.invoices":        {"s.invoices"},
	} {
		_, err := open(t, db.URL("table="+param)).Describe(context.Background())
		requireInput(t, err, append(says, db.Name)...)
	}
}

func TestColumnPrivileges(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	user := "clerk_" + db.Name
	db.Exec(t, `CREATE TABLE t (id int, secret text, amount numeric); INSERT INTO t VALUES (1, 'x', 2.5);
		CREATE TABLE closed (id int); CREATE SCHEMA locked; CREATE TABLE locked.t (id int);
		CREATE ROLE `+user+` LOGIN PASSWORD 'wrong/pass'; GRANT SELECT (id, amount) ON t TO `+user)
	t.Cleanup(func() { db.Exec(t, "DROP OWNED BY "+user+"; DROP ROLE "+user) })
	url := func(table string) string { return db.UserURL(user, "wrong/pass", "table="+table) }

	d := describe(t, open(t, url("t")))
	require.Equal(t, []string{"id int32", "amount decimal(18, 1)"}, types(d))
	require.Contains(t, strings.Join(d.Notes, "\n"), "secret")
	require.Equal(t, []string{"1|2.5"}, readAll(t, url("t")))
	_, err := open(t, url("t")).Split(context.Background(), source.Scan{Columns: []string{"secret"}}, 1)
	requireInput(t, err, `"secret"`, "grant SELECT")

	_, err = open(t, url("closed")).Describe(context.Background())
	requireInput(t, err, "closed", "permission denied", "grant", db.Name)
	_, err = open(t, url("locked.t")).Describe(context.Background())
	requireInput(t, err, "locked", "permission denied", "grant", db.Name)
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); "+fill(10_000)+"; ANALYZE t; CREATE VIEW v AS SELECT * FROM t; CREATE TABLE empty (id int)")
	src := openWith(t, db.URL("table=t"), postgres.Config{})
	d := describe(t, src)
	require.InDelta(t, 10_000, d.Rows, 500)
	require.InDelta(t, 10_000*340, d.Bytes, 10_000*50)
	require.InDelta(t, 3, d.MaxPartitions, 1, "a partition has at least 128 pages")
	parts := split(t, src, idScan, 3)
	for _, p := range parts {
		require.InDelta(t, 3_333, p.Rows, 300)
		require.InDelta(t, d.Bytes/3, p.Bytes, 20_000)
	}
	require.InDelta(t, 10_000, describe(t, open(t, db.URL("table=v"))).Rows, 500)
	require.Zero(t, describe(t, open(t, db.URL("table=empty"))).Rows)
}
