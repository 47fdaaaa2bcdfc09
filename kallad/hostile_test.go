package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// disguises are the places in a query where a call can hide.
var disguises = []string{
	"SELECT * FROM %s",
	"FROM %s",
	"FROM %s SELECT *",
	"SELECT l.invoice_id, r.payment_id, x.* FROM left_src l, right_src r, %s AS x",
	"SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON EXISTS (SELECT 1 FROM %s)",
	"WITH x AS (SELECT * FROM %s) SELECT l.invoice_id, r.payment_id, x.* FROM left_src l, right_src r, x",
	"WITH a AS (WITH b AS MATERIALIZED (SELECT * FROM %s) SELECT * FROM b) SELECT * FROM a",
	"WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x, %s AS y WHERE n < 3) SELECT * FROM x",
	"WITH left_src AS (SELECT * FROM %s) SELECT * FROM left_src",
	"SELECT l.invoice_id, r.payment_id, (SELECT count(*) FROM %s) AS n FROM left_src l, right_src r",
	"SELECT l.invoice_id, r.payment_id, ARRAY(SELECT x FROM %s AS x) AS xs FROM left_src l, right_src r",
	"SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r WHERE l.invoice_id IN (FROM %s)",
	"SELECT l.invoice_id, r.payment_id, x.* FROM left_src l, right_src r, LATERAL (SELECT * FROM %s) AS x",
	"SELECT l.invoice_id FROM left_src l UNION ALL BY NAME SELECT * FROM %s",
	"SELECT l.invoice_id FROM left_src l EXCEPT (SELECT * FROM %s)",
	"SELECT l.invoice_id FROM left_src l ORDER BY (SELECT count(*) FROM %s)",
	"SELECT l.invoice_id FROM left_src l LIMIT (SELECT count(*) FROM %s)",
	"SELECT count(*) AS n FROM left_src l GROUP BY ALL HAVING (SELECT true FROM %s)",
	"SELECT sum(1) OVER (ORDER BY (SELECT count(*) FROM %s)) AS n FROM left_src l",
	"SELECT sum(1) FILTER (WHERE EXISTS (FROM %s)) AS n FROM left_src l",
	"SELECT CASE WHEN false THEN (SELECT count(*) FROM %s) END AS n FROM left_src l",
	"SELECT list_transform([1], z -> (SELECT count(*) + z FROM %s)) AS n FROM left_src l",
	"SELECT COLUMNS(c -> c <> '') FROM %s",
	"SELECT * EXCLUDE (nothing) FROM %s",
	"SELECT * FROM (VALUES ((SELECT count(*) FROM %s))) AS v(n)",
	"SELECT * FROM ((SELECT * FROM %s)) TABLESAMPLE 10%%",
	"PIVOT (FROM %s) ON x IN (1) USING count(*)",
	"FROM (UNPIVOT (FROM %s) ON COLUMNS(*))",
	"SELECT (SELECT (SELECT (SELECT (SELECT count(*) FROM %s)))) AS n FROM left_src l",
	"/* nothing */ SELECT/**/*/**/FROM/**/%s -- nothing",
	"EXPLAIN ANALYZE SELECT * FROM %s",
	"DESCRIBE SELECT * FROM %s",
	"SUMMARIZE SELECT * FROM %s",
	"SELECT 1 AS x; SELECT * FROM %s",
}

// spellings are the ways to write a call.
var spellings = []func(call string) string{
	func(call string) string { return call },
	func(call string) string { return `"` + strings.ToUpper(name(call)) + `"` + rest(call) },
	func(call string) string { return name(call) + " /* ( */ " + rest(call) },
	func(call string) string { return name(call) + " -- (\n" + rest(call) },
	func(call string) string { return "main." + name(call) + rest(call) },
	func(call string) string { return "system.main." + name(call) + rest(call) },
	func(call string) string { return "pg_catalog." + name(call) + rest(call) },
	func(call string) string { return call + ` AS "left_src"` },
	func(call string) string { return call + " WITH ORDINALITY" },
	func(call string) string { return "\u00a0" + call + "\u3000" },
}

// name and rest are the two parts of a quoted call.
func name(call string) string { return call[1:strings.Index(call, `"(`)] }
func rest(call string) string { return call[strings.Index(call, `"(`)+1:] }

// reaching are the functions that have read files, environments and settings
// in DuckDB for long: they are tried in every disguise.
var reaching = []string{"read_csv", "read_text", "read_blob", "read_parquet", "read_json", "glob", "query", "query_table", "duckdb_settings", "sniff_csv", "duckdb_secrets", "seq_scan", "parquet_metadata"}

// TestNoFunctionReachesOut calls every function of DuckDB's catalogue that can
// stand in a FROM clause, and each in some disguise.
func TestNoFunctionReachesOut(t *testing.T) {
	t.Parallel()
	s := besiege(t)
	var attacks []attack
	turn := 0
	add := func(disguise, call string) {
		turn++
		call = spellings[turn%len(spellings)](call)
		attacks = append(attacks, attack{name: "a function", sql: fmt.Sprintf(disguise, call), says: refusedBy})
	}
	harmless := map[string]bool{} // as a test of the list itself has decided
	for _, f := range []string{"generate_series", "range", "unnest", "generate_subscripts", "json_each", "json_tree", "regexp_split_to_table"} {
		harmless[f] = true
	}
	tables := 0
	for _, f := range catalogue(t) {
		switch {
		case f.kind != "table" && f.kind != "table_macro" && f.kind != "pragma" || harmless[f.name]:
			continue
		case f.kind == "pragma":
			attacks = append(attacks,
				attack{"a pragma", "PRAGMA " + f.name, refusedBy}, attack{"a pragma", "PRAGMA " + name(f.call("secret.csv")) + rest(f.call("secret.csv")), refusedBy},
				attack{"a pragma", "CALL " + f.call("secret.csv"), refusedBy}, attack{"a pragma", "SELECT * FROM pragma_" + f.name + "()", refusedBy})
			continue
		}
		tables++
		for _, path := range []string{"secret.csv", s.web.URL + "/secret.parquet"} {
			add(disguises[turn%len(disguises)], f.call(path))
		}
		attacks = append(attacks, attack{"a call", "CALL " + f.call("secret.csv"), refusedBy})
		if slices.Contains(reaching, f.name) {
			first := turn
			for i, disguise := range disguises {
				if i%3 == first%3 {
					add(disguise, f.call("secret.csv"))
				}
			}
		}
	}
	require.Greater(t, tables, 60, "the catalogue has been read")
	t.Log(len(attacks), "attacks")
	s.storm(t, attacks)
	s.holds(t)
}

// TestNoScalarReachesOut calls every other function with a path wherever it
// takes text. What the catalogue's list does not allow is named by the error.
// The rest is run: nothing may come of it.
func TestNoScalarReachesOut(t *testing.T) {
	t.Parallel()
	s := besiege(t)
	calls := map[string]string{}
	var names []string
	for _, f := range catalogue(t) {
		named := regexp.MustCompile(`^[a-z_][a-z0-9_]*$`).MatchString(f.name)
		if named && (f.kind == "scalar" || f.kind == "macro" || f.kind == "aggregate") && (len(f.parameters) == 0 || strings.Contains(f.call("?"), "?")) {
			names = append(names, f.name)
			calls[f.name] = f.call("secret.csv")
		}
	}
	names = slices.Compact(names)
	require.Greater(t, len(names), 200)
	// What no list has is no function of DuckDB's without its extensions, either.
	for _, f := range []string{"getenv", "read_text", "load_extension", "http_get", "url_open", "pg_read_file", "lo_import", "xp_cmdshell"} {
		names = append(names, f)
		calls[f] = f + "('CANARY')"
	}
	select1 := func(names []string) string {
		columns := make([]string, len(names))
		for i, n := range names {
			columns[i] = fmt.Sprintf("%s AS c%d", calls[n], i)
		}
		return "SELECT " + strings.Join(columns, ", ") + " FROM left_src l, right_src r"
	}
	refused := regexp.MustCompile(`function "([^"]+)" is not one that a query may call`)
	var allowed []string
	told := map[string]bool{}
	const batch = 60
	var attacks []attack
	for part := range slices.Chunk(names, batch) {
		attacks = append(attacks, attack{name: "scalars", sql: select1(part)})
	}
	for _, end := range s.storm(t, attacks) {
		for _, m := range refused.FindAllStringSubmatch(fmt.Sprint(end["error"]), -1) {
			told[m[1]] = true
		}
	}
	for _, n := range names {
		if !told[n] {
			allowed = append(allowed, n)
		}
	}
	for _, n := range []string{"getenv", "current_setting", "read_text", "write_log", "getvariable", "json_execute_serialized_sql"} {
		assert.NotContains(t, allowed, n)
	}
	t.Log(len(told), "functions refused,", len(allowed), "allowed")
	attacks = nil
	for _, n := range allowed {
		attacks = append(attacks, attack{name: n, sql: select1([]string{n})})
	}
	s.storm(t, attacks)
	s.holds(t)
}

// statements are all that DuckDB's parser knows beside a SELECT.
var statements = []string{
	"COPY left_src TO 'written.csv'", "COPY (SELECT * FROM left_src) TO 'written.parquet' (FORMAT parquet)", "COPY left_src FROM 'secret.csv'", "COPY FROM DATABASE memory TO x",
	"COPY (SELECT 1) TO '/dev/stderr'", "EXPORT DATABASE 'written'", "IMPORT DATABASE 'deep'",
	"ATTACH 'written.db'", "ATTACH 'written.db' AS x (TYPE sqlite)", "ATTACH ':memory:' AS x", "ATTACH 'postgres://x@127.0.0.1/y' AS x (TYPE postgres)", "DETACH memory", "USE memory",
	"INSTALL httpfs", "INSTALL 'secret.csv'", "FORCE INSTALL httpfs FROM community", "LOAD httpfs", "LOAD './written.duckdb_extension'", "UPDATE EXTENSIONS",
	"SET enable_external_access = true", "SET GLOBAL memory_limit = '100GB'", "SET VARIABLE x = 1", "SET lock_configuration = false", "SET threads = 64", "RESET memory_limit", "RESET VARIABLE x",
	"SET file_search_path = '/'", "SET home_directory = '/'", "SET log_query_path = 'written.log'", "SET temp_directory = 'written'", "SET extension_directory = 'written'", "SET custom_extension_repository = 'x'",
	"PRAGMA database_list", "PRAGMA show_tables", "PRAGMA version", "PRAGMA enable_profiling", "PRAGMA profiling_output = 'written.json'", "PRAGMA memory_limit = '1TB'", "PRAGMA platform",
	"CREATE SECRET (TYPE s3, KEY_ID 'x', SECRET 'y')", "CREATE PERSISTENT SECRET x (TYPE http)", "DROP SECRET x",
	"CREATE TABLE x AS SELECT * FROM left_src", "CREATE TEMP TABLE x (i INT)", "CREATE OR REPLACE TABLE left_src AS SELECT 1", "CREATE VIEW x AS SELECT 1", "CREATE MACRO x() AS 1", "CREATE MACRO x() AS TABLE SELECT 1",
	"CREATE OR REPLACE MACRO tolerance_match(a, b, t) AS true", "CREATE SCHEMA x", "CREATE SEQUENCE x", "CREATE TYPE x AS INT", "CREATE INDEX x ON left_src (invoice_id)", "CREATE FUNCTION x() AS 1",
	"INSERT INTO left_src VALUES (1)", "INSERT INTO left_src SELECT * FROM left_src", "UPDATE left_src SET invoice_id = '1'", "DELETE FROM left_src", "TRUNCATE left_src", "MERGE INTO left_src USING right_src ON true WHEN MATCHED THEN DELETE",
	"DROP TABLE left_src", "DROP SCHEMA main CASCADE", "ALTER TABLE left_src RENAME TO x", "COMMENT ON TABLE left_src IS 'x'", "ANALYZE", "VACUUM", "CHECKPOINT", "FORCE CHECKPOINT",
	"BEGIN", "COMMIT", "ROLLBACK", "PREPARE x AS SELECT 1", "EXECUTE x", "DEALLOCATE x", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT * FROM left_src", "DESCRIBE left_src", "SHOW TABLES", "SHOW ALL TABLES", "SHOW DATABASES", "SUMMARIZE left_src",
	"CALL duckdb_settings()", "CALL force_checkpoint()", "CALL enable_logging()", "CALL pragma_version()", "CALL start_ui()",
	"SELECT $1 AS x", "SELECT ? AS x", "SELECT getvariable('x') AS x", "SELECT 1 INTO x",
	"", ";", "--", "/*", "SELECT", "(((((", "'", `"`, "$$", "SELECT 'x", "\x00", "SELECT 1\x00", "SELECT 1 AS x;;; DROP TABLE left_src", "select\u2003*\u2003from\u2003\u201csecret.csv\u201d",
}

// wraps are the ways to bring a statement along with a SELECT.
var wraps = []string{
	"%s",
	"SELECT 1 AS x; %s",
	"%s; SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r",
	"WITH x AS (%s) SELECT * FROM x",
	"WITH x AS (%s RETURNING *) SELECT * FROM x",
	"SELECT * FROM (%s) AS x",
	"SELECT (%s) AS x FROM left_src",
	"PREPARE y AS %s",
	"EXPLAIN ANALYZE %s",
	"(%s)",
}

// named are files, servers and the system's own tables, in the place of a table.
func named(web string) []string {
	tables := []string{
		`'secret.csv'`, `"secret.csv"`, `'secret.json'`, `'loot/matched.parquet'`, `"loot/matched.parquet"`, `'deep/*.csv'`, `'*.csv'`, `'./secret.csv'`, `'secret.txt'`, `'/etc/passwd'`, `'file:secret.csv'`, `'file://localhost/etc/passwd'`,
		`main.'secret.csv'`, `main."secret.csv"`, `"secret.csv".x`, `memory.main."secret.csv"`, `'secret.csv' AS left_src`, `"secret.csv" AS "invoices.csv"`, `e'\x73ecret.csv'`, `$$secret.csv$$`, `'sec' 'ret.csv'`,
		`'s3://bucket/secret.csv'`, `'gs://bucket/secret.csv'`, `'hf://datasets/x/y.csv'`, `'` + web + `/secret.csv'`, `"` + web + `/secret.parquet"`, `'\u0073ecret.csv'`, "'secret\u200b.csv'", "'\uff53ecret.csv'", `'secret.csv '`, `' secret.csv'`,
		"information_schema.tables", "duckdb_settings", "duckdb_tables", "duckdb_secrets", "sqlite_master", "pg_catalog.pg_settings", "pg_tables", "main.duckdb_columns", "system.information_schema.columns", "temp.main.left_src", "kallad_result", "memory.main.left_src", "other", "invoices", "df", "stdin", `'/dev/stdin'`, `'/proc/self/environ'`, `'/proc/1/environ'`,
	}
	return tables
}

// TestNoStatementGetsThrough posts every kind of statement, alone and together
// with a SELECT, and every kind of name in the place of a table.
func TestNoStatementGetsThrough(t *testing.T) {
	t.Parallel()
	s := besiege(t)
	var attacks []attack
	for i, statement := range statements {
		for w, wrap := range wraps {
			if w > 1 && (i+w)%4 != 0 {
				continue // each of the odd ones with a part of the statements
			}
			a := attack{name: "a statement", sql: fmt.Sprintf(wrap, statement), says: "."}
			if empty := regexp.MustCompile(`^(SELECT 1 AS x;? (;|--)?|(;|--)?; SELECT l.*)$`); empty.MatchString(a.sql) {
				a.says = ""
			}
			attacks = append(attacks, a)
		}
	}
	for i, table := range named(s.web.URL) {
		for d := range 4 {
			attacks = append(attacks, attack{"a name", fmt.Sprintf(disguises[(i*4+d)%len(disguises)], table), refusedBy})
		}
	}
	t.Log(len(attacks), "attacks")
	s.storm(t, attacks)
	s.holds(t)
}
