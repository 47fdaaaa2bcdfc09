package main

import (
	"fmt"
	"strings"
	"testing"
)

// stopped is how an attack on time, memory or disk ends.
const stopped = `longer than it may|were lost one after|memory|spill|more than the|too |plan was not found|broke down|not one that a query|does not support|Out of Range|maximum|limit|nested|invalid|Invalid|exceed|large|Overflow|overflow`

// each makes a query of an expression, over all pairs of the sources' rows.
func each(expression string) string {
	return "SELECT l.invoice_id, r.payment_id, " + expression + " AS x FROM left_src l, right_src r"
}

// once makes a query of one that has no keys: it is asked once for all rows.
func once(query string) string {
	with, query := "", query
	if strings.HasPrefix(query, "WITH ") {
		at := strings.LastIndex(query, ") SELECT ") + 2
		with, query = query[:at], query[at:]
	}
	return with + "SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r WHERE (SELECT count(n) FROM (" + query + ") AS q(n)) < 0"
}

// nested repeats what opens and closes around a core.
func nested(n int, open, core, closing string) string {
	return strings.Repeat(open, n) + core + strings.Repeat(closing, n)
}

// doubling are CTEs of which each reads the one before twice.
func doubling(n int, step string) string {
	var b strings.Builder
	b.WriteString("WITH c0 AS (SELECT invoice_id AS n FROM left_src)")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, ", c%d AS (%s)", i, strings.ReplaceAll(step, "$", fmt.Sprintf("c%d", i-1)))
	}
	fmt.Fprintf(&b, " SELECT count(n) AS n FROM c%d", n)
	return b.String()
}

func listed(n int, format, between string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(format, "$", fmt.Sprint(i))
	}
	return strings.Join(items, between)
}

// endlessOnes take time without end, or all memory, or all disk.
var endlessOnes = []string{
	"WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r, x",
	once("WITH RECURSIVE x AS (SELECT 1::HUGEINT AS n UNION SELECT n + 1 FROM x) SELECT max(n) AS n FROM x"),
	once("WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x, range(10)) SELECT count(*) AS n FROM x"),
	once("WITH RECURSIVE x AS (SELECT 'ab' AS t UNION ALL SELECT t || t FROM x) SELECT count(*) AS n FROM x"),
	once("WITH RECURSIVE x AS (SELECT [1] AS t UNION ALL SELECT list_concat(t, t) FROM x) SELECT count(*) AS n FROM x"),
	once("WITH RECURSIVE x(k, n) USING KEY (k) AS (SELECT 1, 1 UNION ALL SELECT k, n + 1 FROM x) SELECT * FROM x"),
	once("SELECT count(*) AS n FROM range(10000000000) a, range(10000000000) b WHERE a.range * b.range % 7 = 8"),
	"SELECT l.invoice_id, r.payment_id FROM left_src l, right_src r, range(100000000000) a, range(100000000000) b",
	once("SELECT count(*) AS n FROM " + listed(40, "left_src t$", ", ")),
	once("SELECT count(DISTINCT md5(a.range::VARCHAR)) AS n FROM range(100000000000) a"),
	once("SELECT a.range AS n FROM range(100000000000) a ORDER BY md5(a.range::VARCHAR)"),
	once("SELECT sum(a.range) OVER (PARTITION BY a.range % 1000 ORDER BY a.range) AS n FROM range(100000000000) a"),
	once("SELECT count(*) AS n FROM range(1000000) a JOIN range(1000000) b ON a.range < b.range AND md5((a.range * b.range)::VARCHAR) < '0'"),
	once("SELECT string_agg(md5(a.range::VARCHAR)) AS n FROM range(100000000000) a"),
	once("SELECT list(a.range) AS n FROM range(100000000000) a"),
	once("SELECT histogram(a.range) AS n FROM range(100000000000) a"),
	once("SELECT unnest(range(100000000000)) AS n FROM left_src"),
	once("SELECT count(*) AS n FROM generate_series(TIMESTAMP '0001-01-01', TIMESTAMP '9999-01-01', INTERVAL 1 microsecond)"),
	each("repeat('x', 4000000000)"), each("repeat('x', 2000000000 + length(invoice_id))"), each("len(repeat(invoice_id, 300000000) || repeat(reference_number, 300000000))"),
	each("range(4000000000 + length(invoice_id))"), each("list_resize([1], 4000000000)"), each("list_resize([invoice_id], 1000000000, invoice_id)"), each("repeat([invoice_id], 1000000000)"),
	each("lpad(invoice_id, 2000000000, 'y')"), each("rpad(invoice_id, 2000000000, 'y')"), each("bitstring('1', 2000000000)"), each("bar(length(invoice_id), 0, 1, 1000000000)"), each("printf('%2000000000d', length(invoice_id))"),
	each("format('{:2000000000}', length(invoice_id))"), each("replace(repeat(invoice_id, 100000), '0', repeat('b', 1000000))"), each("array_to_string(range(100000000 + length(invoice_id)), repeat(',', 1000))"),
	each("levenshtein(repeat(invoice_id, 600000), repeat(reference_number, 600000))"), each("damerau_levenshtein(repeat(invoice_id, 60000), repeat(reference_number, 60000))"), each("list_sum(list_transform(range(4000000000), z -> z * length(invoice_id)))"),
	each("equi_width_bins(0, 1000000000, 1000000000 + length(invoice_id), true)"), each("list_sort(list_transform(range(100000000), z -> md5(z::VARCHAR || invoice_id)))"), each("len(list_zip(range(1000000000), range(1000000000)))"),
	once("SELECT approx_top_k(a.range, 900000) AS n FROM range(100000000000) a"), once("SELECT reservoir_quantile(a.range, 0.5, 2000000000) AS n FROM range(100000000000) a"), once("SELECT quantile_cont(a.range, 0.5) AS n FROM range(100000000000) a"),
}

// intricate are queries and texts that are deep, long, or many times larger
// than they look. Some are answered, most refused.
var intricate = []string{
	each(nested(20000, "(", "1", ")")), each(nested(5000, "abs(", "1", ")")), each(nested(3000, "CASE WHEN true THEN ", "1", " END")), each(strings.Repeat("NOT ", 20001) + "true"), each(strings.Repeat("- ", 20000) + "1"),
	each(listed(60000, "1", "+")), each(nested(10000, "[", "1", "]")), each(nested(3000, "{'a': ", "1", "}")), each("CAST(NULL AS INT" + strings.Repeat("[]", 5000) + ")"), each("CAST(NULL AS " + nested(2000, "STRUCT(a ", "INT", ")") + ")"),
	each(nested(500, "(SELECT ", "1", ")")), "SELECT * FROM " + nested(1000, "(SELECT * FROM ", "left_src", ")"), each("5 IN (" + listed(60000, "$", ",") + ")"), each(listed(3000, "md5('$')", " || ")),
	"SELECT " + listed(2000, "*", ", ") + " FROM left_src, right_src", "SELECT count(*) AS n FROM " + listed(500, "left_src t$", " NATURAL JOIN "), listed(3000, "SELECT invoice_id FROM left_src", " UNION ALL "),
	once("SELECT count(*) AS n FROM left_src GROUP BY CUBE (" + listed(14, "length(invoice_id) + $", ", ") + ")"), once("SELECT invoice_id FROM left_src GROUP BY GROUPING SETS (" + listed(5000, "(invoice_id)", ", ") + ")"), "SELECT " + listed(1000, "sum($) OVER (PARTITION BY length(invoice_id) + $) AS c$", ", ") + " FROM left_src, right_src",
	once(doubling(40, "SELECT a.n FROM $ a, $ b")), once(doubling(40, "SELECT n FROM $ UNION ALL SELECT n FROM $")), once(doubling(40, "SELECT n FROM $ WHERE n IN (SELECT n FROM $)")), once(doubling(12, "SELECT a.n || b.n AS n FROM $ a, $ b")),
	"WITH c0 AS (SELECT invoice_id AS n FROM left_src)" + listed(1000, ", d$ AS (SELECT n FROM c0)", "") + " SELECT * FROM d1",
	"SELECT " + strings.Repeat("a", 500_000) + " FROM left_src", each("'" + strings.Repeat("a", 500_000) + "'"), each(`1 AS "` + strings.Repeat("a", 100_000) + `", 2`), "SELECT " + strings.Repeat("left_src.", 5000) + "invoice_id FROM left_src",
	"SELECT " + strings.Repeat("9", 100_000) + " AS x FROM left_src", "SELECT 1e999999999 AS x FROM left_src", "SELECT 1 AS x " + strings.Repeat("/*", 20_000) + strings.Repeat("*/", 20_000) + " FROM left_src",
	each("regexp_matches(repeat(invoice_id, 100000), '(([A-Z0-9-]+)+)+$')"), each("regexp_matches(repeat('a', 5000), '" + nested(5, "(", "a{1,30}", "){1,30}") + "')"), each("regexp_matches(repeat('a', 1000), '" + strings.Repeat("(a?)", 2000) + strings.Repeat("a", 2000) + "')"),
	each("regexp_extract_all(repeat(invoice_id, 30000000), '.')"), each("regexp_replace(repeat(invoice_id, 10000000), '', 'xxxxxxxxxxxxxxxxxxxx', 'g')"), each("regexp_matches(invoice_id, '" + nested(5000, "(", "a", ")") + "')"), each("regexp_matches(invoice_id, repeat('(a|b)', 300000))"),
	each("repeat('a', 5000) LIKE repeat('%a', 500) || 'b'"), each("repeat('a', 500000) GLOB repeat('*a', 500) || 'b'"), each("repeat('a', 5000) SIMILAR TO '" + strings.Repeat("(a*)*", 100) + "b'"), each("string_split_regex(repeat(invoice_id, 10000000), '')"),
	each("json_valid(repeat('[', 10000000))"), each("repeat('[', 100000)::JSON"), each("json_extract(repeat('[', 100000) || repeat(']', 100000), '$" + strings.Repeat("[0]", 5000) + "')"), each("json_keys(repeat('{\"a\":', 100000) || '1' || repeat('}', 100000))"),
	each("CAST(repeat('[', 3000) || repeat(']', 3000) AS INT[][][][])"), each("strptime(repeat(invoice_id, 1000000), repeat('%Y', 1000000))"), each("strftime(DATE '2000-01-01', repeat('%A', 100000000))"), each("factorial(2147483647)"), each("CAST(repeat('1', 1000000) AS DECIMAL(38, 0))"),
	"SELECT * FROM left_src TABLESAMPLE reservoir(2000000000 ROWS)", each("1") + " LIMIT 9223372036854775807 OFFSET 9223372036854775807", once("SELECT * FROM range(0, 9223372036854775807, 0)"), "PIVOT left_src ON invoice_id IN (" + listed(20000, "'v$'", ", ") + ") USING count(*)",
}

// TestNoQueryTakesTheDaemonDown runs queries that are after the machine's time,
// memory and disk, and queries that are after the parser and the planner.
func TestNoQueryTakesTheDaemonDown(t *testing.T) {
	t.Parallel()
	s := besiege(t)
	var attacks []attack
	for _, sql := range endlessOnes {
		attacks = append(attacks, attack{"endless", sql, stopped})
	}
	for _, sql := range intricate {
		attacks = append(attacks, attack{name: "intricate", sql: sql})
	}
	for i, end := range s.storm(t, attacks) {
		t.Logf("%-9s %6s  %.90q: %.160q", end["state"], took(t, end).Round(1e6), attacks[i].sql, end["error"])
	}
	s.holds(t)
}
