package sourcetest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

func condition(column string, op recon.Operator, value string) recon.FilterCondition {
	return recon.FilterCondition{Column: column, Op: op, Value: json.RawMessage(value)}
}

// noteIs lifts a test of a note to a test of a row: a null is never true.
func noteIs(test func(string) bool) func(row) bool {
	return func(r row) bool { return r.note != nil && test(*r.note) }
}

// cents lifts a test of an amount.
func cents(test func(int64) bool) func(row) bool {
	return func(r row) bool { return r.amount != nil && test(*r.amount) }
}

// days lifts a test of a day; 2022-07-01 is day 19174.
func days(test func(int32) bool) func(row) bool {
	return func(r row) bool { return r.day != nil && test(*r.day) }
}

// filterCases are the filters that every source must answer, and what they
// mean in plain Go.
var filterCases = []struct {
	name  string
	conds []recon.FilterCondition
	keep  func(row) bool
}{
	{"eq integer", conds("id", recon.OpEq, `17`), func(r row) bool { return r.id == 17 }},
	{"eq none", conds("id", recon.OpEq, `-1`), func(row) bool { return false }},
	{"eq text", conds("code", recon.OpEq, `"0000037"`), func(r row) bool { return r.code == "0000037" }},
	{"eq hostile text", conds("note", recon.OpEq, `"it's"`), noteIs(func(s string) bool { return s == "it's" })},
	{"eq empty text", conds("note", recon.OpEq, `""`), noteIs(func(s string) bool { return s == "" })},
	{"eq boolean", conds("ok", recon.OpEq, `true`), func(r row) bool { return r.ok != nil && *r.ok }},
	{"neq drops nulls", conds("note", recon.OpNeq, `"plain"`), noteIs(func(s string) bool { return s != "plain" })},
	{"gt decimal", conds("amount", recon.OpGt, `123.45`), cents(func(c int64) bool { return c > 12345 })},
	{"gte decimal", conds("amount", recon.OpGte, `123.45`), cents(func(c int64) bool { return c >= 12345 })},
	{"gte integer on decimal", conds("amount", recon.OpGte, `1000`), cents(func(c int64) bool { return c >= 100000 })},
	{"lt negative", conds("amount", recon.OpLt, `-1000.5`), cents(func(c int64) bool { return c < -100050 })},
	{"lte date", conds("day", recon.OpLte, `"2022-07-01"`), days(func(d int32) bool { return d <= 19174 })},
	{"between integers", conds("id", recon.OpBetween, `[10, 20]`), func(r row) bool { return r.id >= 10 && r.id <= 20 }},
	{"between dates", conds("day", recon.OpBetween, `["2022-07-01","2022-07-02"]`), days(func(d int32) bool { return d == 19174 || d == 19175 })},
	{"gt timestamp", conds("at", recon.OpGt, `"2023-11-15 12:00:00"`), func(r row) bool { return r.at != nil && *r.at > 1_700_049_600_000_000 }},
	{"in integers", conds("id", recon.OpIn, `[1, 500, 999, 5000]`), func(r row) bool { return r.id == 1 || r.id == 500 || r.id == 999 }},
	{"in texts", conds("note", recon.OpIn, `["plain","日本語"]`), noteIs(func(s string) bool { return s == "plain" || s == "日本語" })},
	{"like prefix", conds("note", recon.OpLike, `"pl%"`), noteIs(func(s string) bool { return strings.HasPrefix(s, "pl") })},
	{"like one", conds("code", recon.OpLike, `"000000_"`), func(r row) bool { return strings.HasPrefix(r.code, "000000") }},
	{"like across lines", conds("note", recon.OpLike, `"line%break"`), noteIs(func(s string) bool { return s == "line\nbreak" })},
	{"all have to hold",
		append(conds("id", recon.OpGte, `100`), condition("amount", recon.OpLt, `0`), condition("ok", recon.OpEq, `false`)),
		func(r row) bool { return r.id >= 100 && r.amount != nil && *r.amount < 0 && r.ok != nil && !*r.ok }},
}

func conds(column string, op recon.Operator, value string) []recon.FilterCondition {
	return []recon.FilterCondition{condition(column, op, value)}
}

func testFilters(t *testing.T, f *fixture) {
	for _, c := range filterCases {
		t.Run(c.name, func(t *testing.T) {
			src := f.open(t)
			for _, columns := range [][]string{{"id"}, {"note", "amount"}, {}} {
				scan := source.Scan{Columns: columns, Filters: c.conds}
				got, n := readAll(t, src, scan, split(t, src, scan, 3))
				want := expected(f.rows, columns, c.keep)
				require.Equal(t, int64(len(want)), n, "rows with columns %v", columns)
				requireSameRows(t, want, got)
			}
		})
	}
}

func testBadFilters(t *testing.T, f *fixture) {
	for _, c := range []recon.FilterCondition{
		condition("id", recon.OpEq, `"seventeen"`),
		condition("day", recon.OpGt, `"someday"`),
		condition("amount", recon.OpEq, `true`),
		condition("id", recon.OpBetween, `[1]`),
		condition("id", recon.OpIn, `5`),
		condition("id", "near", `5`),
	} {
		err := firstError(f.open(t), source.Scan{Columns: []string{"id"}, Filters: []recon.FilterCondition{c}})
		require.Error(t, err, "filter %s %s %s", c.Column, c.Op, c.Value)
		require.True(t, recon.IsInput(err), "want an input error, got %v", err)
	}
}
