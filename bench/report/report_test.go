package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/report"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the expected files")

func TestSpreadOf(t *testing.T) {
	t.Parallel()
	assert.Equal(t, report.Spread{Median: 2, Min: 1, Max: 9}, report.SpreadOf([]float64{9, 1, 2}))
	assert.Equal(t, report.Spread{Median: 2.5, Min: 1, Max: 4}, report.SpreadOf([]float64{4, 3, 2, 1}))
	assert.Equal(t, report.Spread{Median: 7, Min: 7, Max: 7}, report.SpreadOf([]float64{7}))
	assert.True(t, math.IsNaN(report.SpreadOf(nil).Median))
}

func TestRatiosPairTheRounds(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []float64{0.5, 3}, report.Ratios([]float64{1, 6, 8}, []float64{2, 2}))
}

func example() report.Report {
	run := func(seconds, cpu float64, peak int64, stages map[string]float64) report.Run {
		return report.Run{Seconds: seconds, CPUSeconds: cpu, PeakBytes: peak, Stages: stages}
	}
	return report.Report{
		StartedAt: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Machine:   report.Machine{CPU: "Some CPU", Cores: 2, MemoryBytes: 24_000_000_000, System: "linux/amd64 6.1"},
		Versions:  report.Versions{Commit: "0123456789ab", Kallad: "kallad 1.0", DuckDB: "v1.5", Go: "go1.26"},
		Scenarios: []report.Result{{
			Name: "small", About: "A small one.", Rows: 19_000, Bytes: 2_100_000, Load: 0.25, Checked: "All counts were as expected.",
			Contestants: []report.Contestant{
				{Name: "kallad", About: "kallad run", Runs: []report.Run{
					run(0.2, 0.3, 90_000_000, map[string]float64{"staging": 0.05, "matching": 0.1}),
					run(0.4, 0.5, 95_000_000, map[string]float64{"staging": 0.07, "matching": 0.3}),
				}},
				{Name: "peer", About: "another way", Runs: []report.Run{run(0.4, 0.3, 1_500_000_000, nil), run(0.5, 1, 1_400_000_000, nil)}},
			},
		}},
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, example().Markdown(&out))
	golden := filepath.Join("testdata", "report.md")
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

func TestJSONHoldsEverything(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, example().JSON(&out))
	var back report.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	assert.Equal(t, example(), back)
}
