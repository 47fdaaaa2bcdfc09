package engine

// prelude is what every session has beyond DuckDB: the functions that
// kallad promises, and those that queries written for Postgres or DataFusion
// take for granted and DuckDB lacks or types more strictly.
var prelude = []string{
	"SET TimeZone = 'UTC'",
	// Progress is kept only for a bar, which is not printed.
	"SET enable_progress_bar = true",
	"SET enable_progress_bar_print = false",

	// Text to an exact number: at most 28 digits before the point and 10
	// after it (zeros beyond them do no harm), or an error; never rounded,
	// never null.
	`CREATE MACRO kallad_is_exact(x) AS regexp_full_match(x, '\s*[+-]?0*\d{0,28}(\.\d{0,10}0*)?\s*') AND regexp_matches(x, '\d')`,
	`CREATE MACRO kallad_exact(x) AS CASE
		WHEN x IS NULL THEN NULL
		WHEN kallad_is_exact(x) THEN CAST(x AS DECIMAL(38,10))
		ELSE error('the text ''' || x || ''' is no number of at most 28 digits before the point and 10 after it') END`,

	// A bare NUMERIC of Postgres keeps every digit; DuckDB's is (18,3).
	// That of an integer is a decimal too, so that count::numeric / 3 is no
	// division of integers.
	`CREATE MACRO kallad_numeric(x VARCHAR) AS kallad_exact(x),
		(x BIGINT) AS CAST(x AS DECIMAL(19,0)),
		(x HUGEINT) AS CAST(x AS DECIMAL(38,10)),
		(x) AS x`,
	`CREATE MACRO kallad_try_numeric(x VARCHAR) AS CASE WHEN kallad_is_exact(x) THEN CAST(x AS DECIMAL(38,10)) END,
		(x BIGINT) AS CAST(x AS DECIMAL(19,0)),
		(x HUGEINT) AS TRY_CAST(x AS DECIMAL(38,10)),
		(x) AS x`,

	// Integers of every width are subtracted as 128 bits: unsigned ones have
	// no negative difference, and small ones soon overflow. Text for t is
	// exact too: as a literal it would be rounded to the scale of a - b.
	`CREATE MACRO tolerance_match(a VARCHAR, b VARCHAR, t) AS abs(kallad_exact(a) - kallad_exact(b)) <= t,
		(a VARCHAR, b, t) AS abs(kallad_exact(a) - b) <= t,
		(a, b VARCHAR, t) AS abs(a - kallad_exact(b)) <= t,
		(a HUGEINT, b HUGEINT, t) AS abs(a - b) <= t,
		(a, b, t) AS abs(a - b) <= t,
		(a VARCHAR, b VARCHAR, t VARCHAR) AS abs(kallad_exact(a) - kallad_exact(b)) <= kallad_exact(t),
		(a VARCHAR, b, t VARCHAR) AS abs(kallad_exact(a) - b) <= kallad_exact(t),
		(a, b VARCHAR, t VARCHAR) AS abs(a - kallad_exact(b)) <= kallad_exact(t),
		(a HUGEINT, b HUGEINT, t VARCHAR) AS abs(a - b) <= kallad_exact(t),
		(a, b, t VARCHAR) AS abs(a - b) <= kallad_exact(t)`,

	// DataFusion takes dates and numbers where DuckDB wants text.
	`CREATE MACRO substring(x, a) AS system.main.substring(CAST(x AS VARCHAR), a),
		(x, a, b) AS system.main.substring(CAST(x AS VARCHAR), a, b)`,
	`CREATE MACRO substr(x, a) AS system.main.substring(CAST(x AS VARCHAR), a),
		(x, a, b) AS system.main.substring(CAST(x AS VARCHAR), a, b)`,
	`CREATE MACRO "left"(x, n) AS system.main."left"(CAST(x AS VARCHAR), n)`,
	`CREATE MACRO "right"(x, n) AS system.main."right"(CAST(x AS VARCHAR), n)`,
	`CREATE MACRO btrim(x) AS trim(x), (x, y) AS trim(x, y)`,
	`CREATE MACRO regexp_like(x, p) AS regexp_matches(x, p)`,
	`CREATE MACRO to_char(x, f) AS strftime(x, replace(replace(replace(replace(replace(replace(replace(replace(
		f, 'YYYY', '%Y'), 'YY', '%y'), 'Month', '%B'), 'MM', '%m'), 'DD', '%d'), 'HH24', '%H'), 'MI', '%M'), 'SS', '%S'))`,
	`CREATE MACRO to_date(x) AS CAST(x AS DATE)`,

	// No setting changes after this.
	"SET lock_configuration = true",
}
