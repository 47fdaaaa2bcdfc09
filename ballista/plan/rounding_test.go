package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
)

func TestRoundings(t *testing.T) {
	t.Parallel()
	s, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	for _, statement := range []string{
		"CREATE TABLE l(id VARCHAR, a DECIMAL(18,2), w DECIMAL(38,2))",
		"CREATE TABLE r(id VARCHAR, b DECIMAL(20,6), n BIGINT, d DOUBLE)",
	} {
		require.NoError(t, s.Exec(t.Context(), statement))
	}
	const cutB = `"b", a DECIMAL(20,6), would be rounded to DECIMAL(38,2)`
	for sql, want := range map[string]string{
		// Both fit into one type, or the engine compares them exactly.
		"SELECT l.id FROM l JOIN r ON l.id = r.id AND tolerance_match(l.a, r.b, 0.02)": "",
		"SELECT l.id FROM l JOIN r ON w = b AND w > b AND w IS DISTINCT FROM b":        "",
		"SELECT coalesce(a, b), CASE WHEN n > 3 THEN a ELSE b END FROM l, r":           "",
		"SELECT a FROM l UNION ALL SELECT b FROM r":                                    "",
		"SELECT id FROM l WHERE w BETWEEN 1.123456789 AND 2":                           "",
		"SELECT w + b, w - b, abs(w - b), round(b, 2), sum(b) FROM l, r GROUP BY ALL":  "",
		"SELECT l.id FROM l, r WHERE w IN (1.5, 2, 3.25)":                              "",
		// Asked for.
		"SELECT CAST(b AS DECIMAL(38,2)), b::DECIMAL(10,1) FROM r":                                "",
		"SELECT coalesce(w, CAST(b AS DECIMAL(38,2))) FROM l, r":                                  "",
		"SELECT CAST(w AS DECIMAL(38,6)) AS x FROM l UNION ALL SELECT b FROM r":                   "",
		"SELECT coalesce(w, 0.0000), coalesce(w, 7) FROM l":                                       "",
		"SELECT sum(w) / 3, sum(a) * 1.19, greatest(w, n), coalesce(w, d) FROM l, r GROUP BY ALL": "",
		// Cut.
		"SELECT coalesce(w, b) FROM l, r":                                                         cutB,
		"SELECT ifnull(w, b) FROM l, r":                                                           cutB,
		"SELECT CASE WHEN n > 3 THEN w ELSE b END FROM l, r":                                      cutB,
		"SELECT greatest(w, b), least(w, b) FROM l, r":                                            cutB,
		"SELECT w FROM l UNION ALL SELECT b FROM r":                                               cutB,
		"SELECT w FROM l EXCEPT SELECT b FROM r":                                                  cutB,
		"SELECT [w, b] FROM l, r":                                                                 cutB,
		"SELECT coalesce(w, 1.123456) FROM l":                                                     "a DECIMAL(7,6) would be rounded to DECIMAL(38,2)",
		"SELECT lag(w, 1, 1.23456) OVER () FROM l":                                                "a DECIMAL(6,5) would be rounded to DECIMAL(38,2)",
		"SELECT id FROM l WHERE w IN (SELECT b FROM r)":                                           "a DECIMAL(20,6) would be rounded to DECIMAL(38,2)",
		"SELECT id FROM l WHERE w = ANY(SELECT b FROM r)":                                         "a DECIMAL(20,6) would be rounded to DECIMAL(38,2)",
		"SELECT id FROM l GROUP BY id HAVING sum(a) IN (SELECT b FROM r)":                         "a DECIMAL(20,6) would be rounded to DECIMAL(38,2)",
		"SELECT l.id FROM l JOIN r ON (l.id, w) = (r.id, b)":                                      "a DECIMAL(20,6) would be rounded to DECIMAL(38,2)",
		"WITH x AS (SELECT coalesce(w, b) AS c FROM l, r) SELECT CAST(c AS DECIMAL(38,1)) FROM x": cutB,
		"SELECT id FROM l WHERE EXISTS (SELECT 1 FROM r WHERE coalesce(l.w, r.b) > 1)":            cutB,
	} {
		parsed, err := s.Parse(t.Context(), sql)
		require.NoError(t, err, sql)
		query, err := plan.New(sql, parsed)
		require.NoError(t, err, sql)
		asked, err := query.Asked().Parsed()
		require.NoError(t, err)
		text, err := s.Format(t.Context(), asked)
		require.NoError(t, err)
		bound, err := s.Bound(t.Context(), text)
		require.NoError(t, err, sql)
		require.Contains(t, string(bound), `"plans"`, sql)
		found, err := plan.Roundings(bound)
		require.NoError(t, err)
		if want == "" {
			require.Empty(t, found, sql)
			continue
		}
		require.Len(t, found, 1, sql)
		require.Equal(t, want, found[0].String(), sql)
	}
}
