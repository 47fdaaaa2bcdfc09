package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// uniqueOf describes a table and lets go of it.
func uniqueOf(t *testing.T, uri string) [][]string {
	t.Helper()
	src := open(t, uri)
	defer src.Close()
	return describe(t, src).Unique
}

// Only what the server keeps unique for the rows that are read is told of.
func TestUnique(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	for name, c := range map[string]struct {
		ddl  string
		want [][]string
	}{
		"primary key":      {"CREATE TABLE t (id int PRIMARY KEY, v int)", [][]string{{"id"}}},
		"several columns":  {"CREATE TABLE t (a int, b int, v int, PRIMARY KEY (b, a))", [][]string{{"b", "a"}}},
		"further columns":  {"CREATE TABLE t (a int, b int, v int); CREATE UNIQUE INDEX ON t (a, b) INCLUDE (v)", [][]string{{"a", "b"}}},
		"several indexes":  {"CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE)", [][]string{{"a"}, {"b"}}},
		"nullable":         {"CREATE TABLE t (a int UNIQUE); INSERT INTO t VALUES (NULL), (NULL), (1)", [][]string{{"a"}}},
		"one null":         {"CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT)", [][]string{{"a"}}},
		"other name":       {`CREATE TABLE t ("ID" int, id int UNIQUE)`, [][]string{{"id_2"}}},
		"unlogged":         {"CREATE UNLOGGED TABLE t (id int PRIMARY KEY)", [][]string{{"id"}}},
		"a partition":      {"CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE t PARTITION OF p DEFAULT", [][]string{{"id"}}},
		"a child":          {"CREATE TABLE p (id int); CREATE TABLE t (PRIMARY KEY (id)) INHERITS (p)", [][]string{{"id"}}},
		"late column":      {"CREATE TABLE t (gone int, a int UNIQUE); ALTER TABLE t DROP COLUMN gone; ALTER TABLE t ADD COLUMN b int UNIQUE", [][]string{{"a"}, {"b"}}},
		"no index":         {"CREATE TABLE t (id int)", nil},
		"plain index":      {"CREATE TABLE t (id int); CREATE INDEX ON t (id)", nil},
		"some rows":        {"CREATE TABLE t (id int); CREATE UNIQUE INDEX ON t (id) WHERE id > 0; INSERT INTO t VALUES (0), (0)", nil},
		"expression":       {"CREATE TABLE t (id int); CREATE UNIQUE INDEX ON t (abs(id))", nil},
		"part expression":  {"CREATE TABLE t (id int, v int); CREATE UNIQUE INDEX ON t (id, abs(v)); INSERT INTO t VALUES (1, 1), (1, 2)", nil},
		"deferred":         {"CREATE TABLE t (id int UNIQUE DEFERRABLE)", nil},
		"exclusion":        {"CREATE TABLE t (id int, EXCLUDE (id WITH =))", nil},
		"view":             {"CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1); CREATE VIEW t AS SELECT id FROM b UNION ALL SELECT id FROM b", nil},
		"materialised":     {"CREATE MATERIALIZED VIEW t AS SELECT 1 AS id; CREATE UNIQUE INDEX ON t (id)", nil},
		"partitions":       {"CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT", nil},
		"a key each":       {"CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT; ALTER TABLE p ADD PRIMARY KEY (id)", nil},
		"children":         {"CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE c () INHERITS (t); INSERT INTO c VALUES (1)", nil},
		"a child far away": {"CREATE TABLE t (id int PRIMARY KEY); CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE far () INHERITS (t) SERVER files OPTIONS (program 'seq 1 5')", nil},
	} {
		schema := fmt.Sprintf("%q", name)
		db.Exec(t, fmt.Sprintf("CREATE SCHEMA %s; SET search_path = %[1]s; %s", schema, c.ddl))
		require.Equal(t, c.want, uniqueOf(t, db.URL("table="+url.PathEscape(schema)+".t")), name)
	}
}

// A type counts if what is carried alike is equal to the server, too.
func TestUniqueTypes(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TYPE pair AS (a int, b int);
		CREATE DOMAIN money_id AS numeric(12,2); CREATE DOMAIN int_list AS int[];
		CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE COLLATION en (provider = icu, locale = 'en-US')`)
	told, silent, tables := [][]string{{"id"}}, [][]string(nil), 0
	for typ, want := range map[string][][]string{
		"boolean": told, "smallint": told, "integer": told, "bigint": told, "oid": told, "real": told, "double precision": told,
		"numeric(12,2)": told, "numeric": told, "numeric(60,20)": told, "date": told, "time": told, "timestamp": told, "timestamptz": told,
		"uuid": told, "bytea": told, "text": told, "varchar(9)": told, "char(9)": told, "name": told, "mood": told, "money_id": told,
		`text COLLATE "C"`: told, "text COLLATE ci": told, "text COLLATE en": told,
		// Seldom a key, and left out.
		"int[]": silent, "int_list": silent, "interval": silent,
		// Any other type may write two values alike: two functions are called abs.
		"regproc": silent, "citext": silent, "timetz": silent, "inet": silent, "jsonb": silent, "pair": silent,
	} {
		tables++
		table := fmt.Sprint("table=t", tables)
		db.Exec(t, fmt.Sprintf("CREATE TABLE t%d (id %s PRIMARY KEY)", tables, typ))
		require.Equal(t, want, uniqueOf(t, db.URL(table)), typ)
		require.Equal(t, want, uniqueOf(t, db.URL(table, "types=id:text")), "%s as text", typ)
	}
}

// An operator class of somebody's own may tell 1.0 from 1.00.
func TestUniqueBySomebodysOperators(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, `CREATE FUNCTION as_written(numeric, numeric) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
			SELECT CASE WHEN $1::text < $2::text COLLATE "C" THEN -1 WHEN $1::text = $2::text THEN 0 ELSE 1 END $$;
		CREATE FUNCTION lt(numeric, numeric) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT as_written($1, $2) < 0';
		CREATE FUNCTION le(numeric, numeric) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT as_written($1, $2) <= 0';
		CREATE FUNCTION eq(numeric, numeric) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT as_written($1, $2) = 0';
		CREATE FUNCTION ge(numeric, numeric) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT as_written($1, $2) >= 0';
		CREATE FUNCTION gt(numeric, numeric) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT as_written($1, $2) > 0';
		CREATE OPERATOR <<< (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = lt);
		CREATE OPERATOR <<= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = le);
		CREATE OPERATOR === (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = eq);
		CREATE OPERATOR >>= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = ge);
		CREATE OPERATOR >>> (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = gt);
		CREATE OPERATOR CLASS written FOR TYPE numeric USING btree AS OPERATOR 1 <<<, OPERATOR 2 <<=, OPERATOR 3 ===,
			OPERATOR 4 >>=, OPERATOR 5 >>>, FUNCTION 1 as_written(numeric, numeric);
		CREATE TABLE t (id numeric); CREATE UNIQUE INDEX ON t (id written); INSERT INTO t VALUES (1.0), (1.00)`)
	src := open(t, db.URL("table=t"))
	require.Nil(t, describe(t, src).Unique)
	require.Equal(t, []string{"1.00", "1.00"}, readSplit(t, src, idScan, 1))
}

// EUC_TW has two codes for characters of its first plane.
func TestUniqueInOtherEncodings(t *testing.T) {
	t.Parallel()
	for encoding, want := range map[string][][]string{
		"UTF8": {{"id"}, {"n"}}, "SQL_ASCII": {{"id"}, {"n"}}, "EUC_TW": {{"n"}}, "LATIN1": {{"n"}},
	} {
		db := server.Database(t, "ENCODING '"+encoding+"' LOCALE 'C' TEMPLATE template0")
		db.Exec(t, "CREATE TABLE t (id text PRIMARY KEY, n int UNIQUE)")
		require.Equal(t, want, uniqueOf(t, db.URL("table=t")), encoding)
	}
}

// An index that could not be made stays, and keeps nothing unique.
func TestUniqueIndexThatIsNotValid(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)")
	_, err := db.Conn(t).Exec(context.Background(), "CREATE UNIQUE INDEX CONCURRENTLY ON t (id)")
	require.ErrorContains(t, err, "could not create unique index")
	require.Nil(t, uniqueOf(t, db.URL("table=t")))
}

// Who may read some columns only has no lock on the table before the snapshot.
func TestUniqueForWhoMayNotLock(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	user := "clerk_" + db.Name
	db.Exec(t, "CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE); CREATE ROLE "+user+" LOGIN PASSWORD 'wrong/pass'; GRANT SELECT (id) ON t TO "+user)
	t.Cleanup(func() { db.Exec(t, "DROP OWNED BY "+user+"; DROP ROLE "+user) })
	require.Nil(t, uniqueOf(t, db.UserURL(user, "wrong/pass", "table=t")))
	db.Exec(t, "REVOKE SELECT (id) ON t FROM "+user+"; GRANT SELECT ON t TO "+user)
	require.Equal(t, [][]string{{"id"}, {"v"}}, uniqueOf(t, db.UserURL(user, "wrong/pass", "table=t")))
}

// Where the rows may be read at another moment than the index was seen at,
// nothing is told of it.
func TestUniqueNeedsTheMoment(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int PRIMARY KEY)")
	standby := server.Standby(t, db)
	require.Equal(t, [][]string{{"id"}}, uniqueOf(t, standby.URL("table=t")))
	through := *db
	through.Port = proxy(t, passAll, db.Port, standby.Port)
	require.Nil(t, uniqueOf(t, through.URL("table=t")), "several servers")
	through.Port = proxy(t, refuseTransactions(t), db.Port)
	require.Nil(t, uniqueOf(t, through.URL("table=t")), "no transactions")
}

// The index may be on its way out while the moment is held, and the rows that
// it would have kept out may come: the moment does not have them. And what
// becomes a child of the table then is not read, though its rows are old.
func TestUniqueWhateverHappensThen(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, pad text); CREATE UNIQUE INDEX one ON t (id); "+fill(1000)+"; CREATE TABLE c (id int, pad text); INSERT INTO c SELECT * FROM t")
	src := open(t, db.URL("table=t"))
	require.Equal(t, [][]string{{"id"}}, describe(t, src).Unique)
	dropping := db.Conn(t)
	_, err := dropping.Exec(context.Background(), "SET statement_timeout = 200")
	require.NoError(t, err)
	_, err = dropping.Exec(context.Background(), "DROP INDEX one")
	require.ErrorContains(t, err, "statement timeout", "it needs the table for itself")
	_, err = dropping.Exec(context.Background(), "DROP INDEX CONCURRENTLY one")
	require.ErrorContains(t, err, "statement timeout", "it waits for who may use the index")
	require.Nil(t, uniqueOf(t, db.URL("table=t")), "who comes now does not trust it")
	db.Exec(t, "ALTER TABLE c INHERIT t")
	require.Equal(t, ids(1000), sorted(readSplit(t, src, idScan, 3)))

	later := open(t, db.URL("table=t"))
	require.Nil(t, describe(t, later).Unique)
	require.Len(t, readSplit(t, later, source.Scan{Columns: []string{"id"}}, 3), 2000)
}
