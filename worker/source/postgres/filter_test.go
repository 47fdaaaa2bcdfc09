package postgres_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

func filters(column string, op recon.Operator, value string) []recon.FilterCondition {
	return []recon.FilterCondition{{Column: column, Op: op, Value: json.RawMessage(value)}}
}

const filterTable = `
	CREATE TYPE mood AS ENUM ('sad', 'happy');
	CREATE COLLATION en (provider = icu, locale = 'en-US');
	CREATE TABLE t (id int, big bigint, amount numeric(12,2), free numeric, ratio real, name text COLLATE en, code char(5),
		mood mood, at timestamptz, local timestamp, clock time, doc jsonb, addr inet, key uuid, ok boolean, o oid);
	INSERT INTO t VALUES
	(1, 9007199254740993, 10.10, 'NaN', 0.1, 'apple', 'ab', 'sad', '2024-01-31 23:30:00Z', '2024-01-31 23:30', '10:00', '{"a":1}', '10.0.0.1', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', true, 3000000000),
	(2, 9007199254740992, 10.1, 0.125, 0.5, 'Zebra', 'abc', 'happy', '2024-02-01 00:30:00Z', '2024-02-01 00:30', '11:00', '{"a": 2}', '10.0.0.2', NULL, false, 1),
	(3, NULL, NULL, NULL, NULL, E'it''s; DROP TABLE t', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`

// What the server does by itself is held by package filter's own tests; these
// are the points in which SQL, left alone, would answer otherwise.
func TestFilters(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, filterTable)
	src := open(t, db.URL("table=t", "types=at:text"))
	for _, c := range []struct {
		column string
		op     recon.Operator
		value  string
		want   []string
	}{
		{"big", recon.OpEq, "9007199254740993", []string{"1"}},
		{"big", recon.OpEq, `"9007199254740993"`, []string{"1"}},
		{"big", recon.OpGt, "9007199254740992.5", []string{"1"}},
		{"big", recon.OpLt, "1e400", []string{"1", "2"}},
		{"amount", recon.OpEq, "10.1", []string{"1", "2"}},
		{"amount", recon.OpGt, "10.0999999999999999999999", []string{"1", "2"}},
		{"free", recon.OpEq, "0.125", []string{"2"}},
		{"free", recon.OpGt, "1", []string{"1"}},
		{"ratio", recon.OpEq, "0.1", nil},
		{"ratio", recon.OpEq, "0.5", []string{"2"}},
		{"name", recon.OpLt, `"a"`, []string{"2"}},
		{"name", recon.OpEq, `"it's; DROP TABLE t"`, []string{"3"}},
		{"name", recon.OpIn, `["it's; DROP TABLE t", "\"", "\\", "{,}", ""]`, []string{"3"}},
		{"name", recon.OpIn, `[]`, nil},
		{"name", recon.OpLike, `"%\\%%"`, nil},
		{"name", recon.OpNeq, `"apple"`, []string{"2", "3"}},
		{"code", recon.OpEq, `"ab"`, []string{"1"}},
		{"code", recon.OpEq, `"ab   "`, []string{"1"}},
		{"code", recon.OpLike, `"ab_"`, []string{"2"}},
		{"mood", recon.OpLt, `"i"`, []string{"2"}},
		{"mood", recon.OpEq, `"unknown"`, nil},
		{"at", recon.OpGte, `"2024-02-01"`, []string{"2"}},
		{"at", recon.OpEq, `"2024-02-01T01:30:00+01:00"`, []string{"2"}},
		{"local", recon.OpBetween, `["2024-01-31T23:30", "2024-01-31T23:30:00.000000Z"]`, []string{"1"}},
		{"clock", recon.OpGt, `"10:00:00"`, []string{"2"}},
		{"doc", recon.OpEq, `"{\"a\": 2}"`, []string{"2"}},
		{"addr", recon.OpEq, `"10.0.0.2/32"`, []string{"2"}},
		{"key", recon.OpEq, `"F47AC10B-58CC-4372-A567-0E02B2C3D479"`, []string{"1"}},
		{"ok", recon.OpLt, "true", []string{"2"}},
		{"o", recon.OpGt, "2147483648", []string{"1"}},
	} {
		scan := source.Scan{Columns: []string{"id"}, Filters: filters(c.column, c.op, c.value)}
		require.Equal(t, c.want, readSplit(t, src, scan, 1), "%s %s %s", c.column, c.op, c.value)
	}
}

func TestFiltersThatCannotBe(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, filterTable)
	src := open(t, db.URL("table=t"))
	for _, c := range []struct {
		column string
		op     recon.Operator
		value  string
		says   string
	}{
		{"amuont", recon.OpEq, "1", "amount"},
		{"name", recon.OpEq, "1", "quotes"},
		{"amount", recon.OpEq, `"ten"`, "number"},
		{"amount", recon.OpEq, "null", "null"},
		{"amount", recon.OpLike, `"1%"`, "like"},
		{"name", recon.OpLike, `"a\\"`, "backslash"},
		{"name", recon.OpEq, `"a\u0000"`, "NUL"},
		{"local", recon.OpEq, `"2024-02-30"`, "no such day"},
		{"local", recon.OpEq, `"now"`, "2024-01-31T13:45:00"},
		{"local", recon.OpEq, `"2024-01-31T13:45:00+02:00"`, "offset"},
		{"local", recon.OpGt, `"2024-01-31T13:45:00.0000001"`, "microseconds"},
		{"key", recon.OpEq, `"x"`, "UUID"},
	} {
		scan := source.Scan{Columns: []string{"id"}, Filters: filters(c.column, c.op, c.value)}
		_, err := src.Split(context.Background(), scan, 1)
		requireInput(t, err, "filters[0]", c.says)
	}
}
