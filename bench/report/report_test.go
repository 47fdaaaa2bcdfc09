package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
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
	ours := []report.Run{
		run(0.2, 0.3, 90_000_000, map[string]float64{"staging": 0.05, "matching": 0.1}),
		run(0.4, 0.5, 95_000_000, map[string]float64{"staging": 0.07, "matching": 0.3}),
	}
	for i := range ours {
		ours[i].ReadBytes, ours[i].ShuffledBytes = 1_500_000, 900_000
	}
	return report.Report{
		StartedAt: time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Machine:   report.Machine{CPU: "Some CPU", Cores: 2, MemoryBytes: 24_000_000_000, System: "linux/amd64 6.1"},
		Versions:  report.Versions{Commit: "0123456789ab", Kallad: "kallad 1.0", DuckDB: "v1.5", Go: "go1.26"},
		Scenarios: []report.Result{{
			Name: "small", About: "A small one.", Rows: 19_000, Bytes: 2_100_000, MaxPeakBytes: 540_000_000, Load: 0.25, Checked: "All counts were as expected.",
			Contestants: []report.Contestant{
				{Name: "kallad", About: "kallad run", Runs: ours},
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

// grown is the example with a series of two, of which the second has five times
// the rows.
func grown() report.Report {
	r := example()
	small := r.Scenarios[0]
	small.Series = "more & more rows"
	large := small
	large.Name, large.Rows = "large", 5*small.Rows
	r.Scenarios = []report.Result{small, large}
	r.Scenarios[0].Contestants[0].Runs[0].ReadBytes = 5_000_000
	r.Scenarios[0].Contestants[0].Runs[1].ReadBytes = 5_000_000
	return r
}

func TestHTMLIsAPageWithDrawings(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, grown().HTML(&out))
	page := out.String()
	assert.Equal(t, 1+2*3, strings.Count(page, "<svg"), "growth, and time, CPU time and stages of each scenario")
	for _, want := range []string{"Some CPU", "0123456789ab", "another way", "0.65 (0.50 to 0.80)", "<td>5 MB</td>", "more &amp; more rows"} {
		assert.Contains(t, page, want)
	}
	for at := strings.Index(page, "<svg"); at >= 0; {
		end := strings.Index(page[at:], "</svg>")
		require.Positive(t, end)
		dec := xml.NewDecoder(strings.NewReader(page[at : at+end+len("</svg>")]))
		var err error
		for err == nil {
			_, err = dec.Token()
		}
		require.ErrorIs(t, err, io.EOF, "each drawing is whole")
		next := strings.Index(page[at+end:], "<svg")
		if next < 0 {
			break
		}
		at += end + next
	}
}

func TestHTMLOfNothingMeasured(t *testing.T) {
	t.Parallel()
	r := example()
	r.Scenarios = nil
	var out bytes.Buffer
	require.NoError(t, r.HTML(&out))
	assert.NotContains(t, out.String(), "<svg")
}

func TestCompareFindsWhatBecameWorse(t *testing.T) {
	t.Parallel()
	before, after := example(), example()
	for i, s := range []float64{0.5, 0.55} {
		after.Scenarios[0].Contestants[0].Runs[i].CPUSeconds = s + 0.4
		after.Scenarios[0].Contestants[0].Runs[i].PeakBytes = 50_000_000
	}
	after.Scenarios = append(after.Scenarios, report.Result{Name: "new"})
	changes := report.Compare(before, after)
	figures := map[string]report.Change{}
	for _, c := range changes {
		assert.Equal(t, "small", c.Scenario)
		assert.Equal(t, "kallad", c.Contestant)
		figures[c.Figure] = c
	}
	require.Len(t, figures, 5)
	assert.False(t, figures["time"].Clear)
	assert.True(t, figures["CPU time"].Clear)
	assert.InDelta(t, 0.925/0.4, figures["CPU time"].Factor(), 1e-9)
	assert.InDelta(t, 1, figures["time through that of peer"].Factor(), 1e-9)
	worse := report.Worse(changes, 1.1)
	require.NotEmpty(t, worse)
	assert.Equal(t, "CPU time", worse[0].Figure)
	for _, c := range worse {
		assert.NotEqual(t, "peak memory", c.Figure, "it became smaller")
	}
	assert.Empty(t, report.Worse(report.Compare(before, before), 1.0))

	var out bytes.Buffer
	require.NoError(t, report.WriteChanges(&out, changes))
	assert.Contains(t, out.String(), "| small | kallad | CPU time | 400 ms (300 ms to 500 ms) | 925 ms (900 ms to 950 ms) | 2.31 | worse |")
	assert.Contains(t, out.String(), "| peak memory | 92 MB | 50 MB | 0.54 | better |")
	assert.Empty(t, report.Compare(before, report.Report{}))
}
