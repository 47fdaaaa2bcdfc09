package scenario_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/scenario"
)

func TestEveryScenarioIsValid(t *testing.T) {
	t.Parallel()
	all, err := scenario.All()
	require.NoError(t, err)
	assert.Contains(t, scenario.Names(all), "csv-1to1-5m")
}

func TestParseNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := scenario.Parse("x", []byte(`{"data": {"format": "csv", "left_rows": 0}, "peers": ["excel"]}`))
	require.Error(t, err)
	for _, want := range []string{"scenario x", "left_rows 0", "about is missing", "match_sql is missing", "runs is missing", `peer "excel"`} {
		assert.ErrorContains(t, err, want)
	}
	_, err = scenario.Parse("x", []byte(`{"ruins": 3}`))
	require.ErrorContains(t, err, "ruins")
}

func TestSelect(t *testing.T) {
	t.Parallel()
	all := []scenario.Scenario{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	chosen, err := scenario.Select(all, []string{"c", "a"})
	require.NoError(t, err)
	assert.Equal(t, []string{"c", "a"}, scenario.Names(chosen))
	_, err = scenario.Select(all, []string{"d"})
	require.ErrorContains(t, err, "a, b, c")
}
