package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

// edges are values of each type at which equality and hashes could disagree.
var edges = []struct{ name, values string }{
	{"TINYINT", "0 1 -1 7 127 -128"},
	{"SMALLINT", "0 1 -1 7 32767 -32768"},
	{"INTEGER", "0 1 -1 7 16777216 16777217 16777219 2147483647 -2147483648"},
	{"BIGINT", "0 1 -1 7 16777217 9007199254740992 9007199254740993 9007199254740995 9223372036854775807 -9223372036854775808 4611686018427387905"},
	{"HUGEINT", "0 1 -1 7 9007199254740993 9223372036854775808 18446744073709551615 18446744073709551616 100000000000000000000000000000000000000 170141183460469231731687303715884105727"},
	{"UTINYINT", "0 1 7 255"},
	{"USMALLINT", "0 1 7 65535"},
	{"UINTEGER", "0 1 7 16777217 4294967295"},
	{"UBIGINT", "0 1 7 9007199254740993 9223372036854775808 18446744073709551615"},
	{"DECIMAL(4,2)", "0 1 -1 7 0.10 1.01 99.99"},
	{"DECIMAL(9,2)", "0 1 -1 7 0.10 1.01 1.02 16777.17 9999999.99"},
	{"DECIMAL(18,3)", "0 1 -1 7 0.100 1.010 1.005 1.001 900719925474099.3 999999999999999.999"},
	{"DECIMAL(18,2)", "0 1 -1 7 0.1 1.01 1.00 90071992547409.93 9999999999999999.99"},
	{"DECIMAL(38,0)", "0 1 -1 7 9007199254740993 18446744073709551616 99999999999999999999999999999999999999"},
	{"DECIMAL(38,10)", "0 1 -1 7 0.1 1.01 1.0050000000 9007199254740993 9999999999999999999999999999.9999999999"},
	{"DECIMAL(38,37)", "0 1 -1 7 0.1 0.0000000000000000000000000000000000001"},
	{"FLOAT", "0 -0.0 1 -1 7 0.1 1.01 1.005 16777216 16777218 9007199254740992 9.223372e18 3.4e38 1e-45 nan -nan inf -inf"},
	{"DOUBLE", "0 -0.0 1 -1 7 0.1 1.01 1.005 0.10000000149011612 16777216 16777217 9007199254740992 9007199254740994 9223372036854775807 1e300 5e-324 1.7e308 nan -nan inf -inf"},
	{"VARCHAR", "0 00 -0 1 01 1.0 +1 7 007 1e0 0.1 .1 0.10 1.005 1.01 abc ABC nan NaN inf true t false yes 2024-01-01 2024-1-1 2024-01-01_00:00:00 2024-01-01_12:00:00 2024-01-01_00:00:00+00 2024-01-01_01:00:00+01 00:00:00 0:00 12:00:00 infinity epoch 16777217 9007199254740993 550e8400-e29b-41d4-a716-446655440000 550E8400E29B41D4A716446655440000 {550e8400-e29b-41d4-a716-446655440000} a\\x00 9223372036854775808"},
	{"DATE", "2024-01-01 2024-01-02 1970-01-01 infinity -infinity 5881580-07-10 290309-12-22_(BC) 294247-01-10 1677-09-22 2262-04-11 2262-04-12 epoch"},
	{"TIMESTAMP", "2024-01-01 2024-01-01_00:00:00.000001 2024-01-01_12:00:00 1970-01-01 infinity -infinity 294247-01-10_04:00:54.775806 1677-09-22 2262-04-11 2262-04-12"},
	{"TIMESTAMP_S", "2024-01-01 2024-01-01_12:00:00 1970-01-01 infinity -infinity 290000-01-01 1677-09-22 2262-04-12"},
	{"TIMESTAMP_MS", "2024-01-01 2024-01-01_12:00:00 2024-01-01_00:00:00.001 1970-01-01 infinity -infinity 290000-01-01 2262-04-12"},
	{"TIMESTAMP_NS", "2024-01-01 2024-01-01_12:00:00 2024-01-01_00:00:00.000001 2024-01-01_00:00:00.000000001 1970-01-01 infinity 1677-09-22 2262-04-11"},
	{"TIMESTAMP WITH TIME ZONE", "2024-01-01 2024-01-01_12:00:00 2024-01-01_13:00:00+01 2024-01-01_00:00:00.000001 1970-01-01 infinity 2262-04-12"},
	{"BOOLEAN", "true false"},
	{"TIME", "00:00:00 12:00:00 23:59:59.999999 24:00:00"},
	{"UUID", "550e8400-e29b-41d4-a716-446655440000 00000000-0000-0000-0000-000000000000"},
	{"BLOB", "abc a\\x00 \\x00 0"},
	{"INTERVAL", "1_month 30_days 720_hours"},
	{"JSON", "1 \"a\" 007"},
}

// TestCanonical asks the engine for every pair of values, in all pairs and
// triples of types that have a form: those that it calls equal must have one
// form.
func TestCanonical(t *testing.T) {
	t.Parallel()
	s, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer s.Close()
	for i, e := range edges {
		require.NoError(t, s.Exec(t.Context(), fmt.Sprintf("CREATE TABLE e%d (v %s)", i, e.name)))
		for _, v := range strings.Fields(e.values) {
			v = strings.ReplaceAll(v, "_", " ")
			if v == "-nan" {
				v = "nan"
			}
			// What a type cannot hold is left out: the lists are for many types.
			require.NoError(t, s.Exec(t.Context(), fmt.Sprintf("INSERT INTO e%d SELECT TRY_CAST('%s' AS %s)", i, v, e.name)))
		}
	}
	done, pairs, equal := map[string]bool{}, 0, int64(0)
	check := func(set []int) {
		names := make([]string, len(set))
		for i, at := range set {
			names[i] = edges[at].name
		}
		form, cast, ok := plan.Canonical(names)
		if !ok {
			return
		}
		for _, a := range set {
			for _, b := range set {
				key := fmt.Sprint(form, a, b)
				if done[key] {
					continue
				}
				done[key] = true
				pairs++
				sql := fmt.Sprintf("SELECT count(*), count(*) FILTER (WHERE hash(%s) IS DISTINCT FROM hash(%s)) FROM e%d AS a, e%d AS b WHERE TRY(a.v = b.v)",
					cast("a.v", edges[a].name), cast("b.v", edges[b].name), a, b)
				counts, err := s.Int64(t.Context(), sql)
				require.NoError(t, err, sql)
				equal += counts[0]
				require.Zero(t, counts[1], "of %v as %s: %s", names, form, sql)
			}
		}
	}
	for i := range edges {
		check([]int{i})
		for j := i + 1; j < len(edges); j++ {
			check([]int{i, j})
			for k := j + 1; k < len(edges); k++ {
				check([]int{i, j, k})
			}
		}
	}
	t.Logf("%d pairs of types, %d equal pairs of values", pairs, equal)
	require.Greater(t, pairs, 500)
}
