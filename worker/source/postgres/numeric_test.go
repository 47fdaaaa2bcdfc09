package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source/postgres"
)

// A numeric without a scale, or with too many digits, is carried by what its
// data needs, and never rounded.
func TestNumericWithoutScale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, decl, values, arrow string
		rows                      []string
		note                      string
	}{
		{"money", "numeric", "(1.5), (-12345.678), (NULL)", "decimal(18, 3)", []string{"1.500", "-12345.678", "(null)"}, "decimal(18,3)"},
		{"trailing zeros", "numeric", "(1.50), (2)", "decimal(18, 2)", []string{"1.50", "2.00"}, ""},
		{"quotients", "numeric", "(9999::numeric / 100), (1e12::numeric / 8)", "decimal(18, 2)", []string{"99.99", "125000000000.00"}, ""},
		{"long quotients", "numeric", "(1::numeric / 3), (100000)", "decimal(38, 20)", []string{"0.33333333333333333333", "100000.00000000000000000000"}, ""},
		{"trailing zeros beyond 38 digits", "numeric", "(1.50::numeric(60,45))", "decimal(18, 1)", []string{"1.5"}, ""},
		{"whole", "numeric", "(1), (1e17)", "decimal(18, 0)", []string{"1", "100000000000000000"}, "decimal(18,0)"},
		{"just 18 digits", "numeric", "(999999999999999.999)", "decimal(18, 3)", []string{"999999999999999.999"}, ""},
		{"19 digits", "numeric", "(999999999999999.9999)", "decimal(38, 4)", []string{"999999999999999.9999"}, ""},
		{"digits of two values", "numeric", "(1e20), (0.00000000000000001)", "decimal(38, 17)", []string{"100000000000000000000.00000000000000000", "0.00000000000000001"}, ""},
		{"38 digits", "numeric", "(" + nines(38) + ")", "decimal(38, 0)", []string{nines(38)}, ""},
		{"38 digits behind the point", "numeric", "(0." + nines(38) + ")", "decimal(38, 38)", []string{"0." + nines(38)}, ""},
		{"39 digits", "numeric", "(" + nines(39) + "), (1)", "utf8", []string{nines(39), "1"}, "39 digits"},
		{"NaN", "numeric", "('NaN'), (1.50)", "utf8", []string{"NaN", "1.50"}, "NaN"},
		{"infinity", "numeric", "('-Infinity'), (1)", "utf8", []string{"-Infinity", "1"}, "Infinity"},
		{"empty", "numeric", "", "decimal(18, 0)", nil, "decimal(18,0)"},
		{"wide declared", "numeric(50,2)", "(12.5)", "decimal(18, 2)", []string{"12.50"}, "numeric(50,2)"},
		{"wide declared, wide used", "numeric(50,2)", "(" + nines(48) + ".25)", "utf8", []string{nines(48) + ".25"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := server.Database(t)
			db.Exec(t, "CREATE TABLE t (v "+c.decl+")")
			if c.values != "" {
				db.Exec(t, "INSERT INTO t VALUES "+c.values)
			}
			d := describe(t, open(t, db.URL("table=t")))
			require.Equal(t, []string{"v " + c.arrow}, types(d))
			require.Contains(t, d.Notes[0], `column "v"`)
			require.Contains(t, d.Notes[0], c.note)
			require.Equal(t, c.rows, readAll(t, db.URL("table=t")))
		})
	}
}

// The digits are those of the moment that is read, whatever comes later.
func TestNumericKeepsItsMoment(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (v numeric); INSERT INTO t VALUES (1.5)")
	src := open(t, db.URL("table=t"))
	require.Equal(t, []string{"v decimal(18, 1)"}, types(describe(t, src)))
	db.Exec(t, "INSERT INTO t VALUES (0.123), ('NaN')")
	rows, err := readErr(t, src)
	require.NoError(t, err)
	require.Equal(t, []string{"1.5"}, rows)
}

// A table above the limit is not looked through; the address can say what its
// column holds.
func TestNumericInLargeTable(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (v numeric); INSERT INTO t SELECT n * 0.25 FROM generate_series(1, 1000) n; ANALYZE t")
	cfg := postgres.Config{ProbeRows: 999}
	d := describe(t, openWith(t, db.URL("table=t"), cfg))
	require.Equal(t, []string{"v utf8"}, types(d))
	require.Contains(t, d.Notes[0], "decimal(p,s)")

	uri := db.URL("table=t", "types=v:decimal(10,2)")
	rows, err := readErr(t, openWith(t, uri, cfg))
	require.NoError(t, err)
	require.Len(t, rows, 1000)
	require.Equal(t, "0.25", rows[0])

	_, err = readErr(t, openWith(t, db.URL("table=t", "types=v:decimal(10,1)"), cfg))
	requireInput(t, err, `column "v"`, "0.25", "decimal(10,1)")
	_, err = readErr(t, openWith(t, db.URL("table=t", "types=v:decimal(4,2)"), cfg))
	requireInput(t, err, `column "v"`, "100.00", "decimal(4,2)")
}
