package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var metricName = regexp.MustCompile(`\b(?:kalla|process)_[a-z0-9_]+`)

// TestDashboardAndAlertsAskForWhatThereIs holds every metric that is asked for
// to what a daemon shows that has done its work.
func TestDashboardAndAlertsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	s := startScheduler(t, folder(t, joinOnReference))
	c := listen(t)
	require.Equal(t, 202, s.post(t, calling(c, "one", joinOnReference)))
	s.awaitState(t, "one", "succeeded")
	c.final(t)
	shown := metricsOnceTold(t, s)

	text, err := os.ReadFile("../deploy/grafana/kallad.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	rules, err := os.ReadFile("../deploy/prometheus/kallad.rules.yml")
	require.NoError(t, err)
	asked := metricName.FindAllString(string(rules), -1)
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		assert.False(t, ids[p.ID], "%s has an id of its own", p.Title)
		ids[p.ID] = true
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		assert.Equal(t, p.Type == "row", len(p.Targets) == 0, p.Title)
		for _, target := range p.Targets {
			asked = append(asked, metricName.FindAllString(target.Expr, -1)...)
			assert.Contains(t, target.Expr, `job=~"$job"`, p.Title)
		}
	}
	slices.Sort(asked)
	require.Greater(t, len(asked), 50)
	for _, name := range slices.Compact(asked) {
		assert.True(t, strings.Contains(shown, "\n"+name+"{") || strings.Contains(shown, "\n"+name+" "), "%s is not shown", name)
	}
}
