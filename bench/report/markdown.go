package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Markdown writes the report for people.
func (r Report) Markdown(out io.Writer) error {
	var b strings.Builder
	b.WriteString("# Benchmark results\n\n")
	fmt.Fprintf(&b, "Measured %s on %s, %d cores, %s of memory, %s; commit %s, %s, DuckDB %s, %s.\n\n",
		r.StartedAt.UTC().Format("2006-01-02 15:04 MST"), r.Machine.CPU, r.Machine.Cores, size(float64(r.Machine.MemoryBytes)), r.Machine.System,
		r.Versions.Commit, r.Versions.Kallad, r.Versions.DuckDB, r.Versions.Go)
	b.WriteString("Each contestant is a process of its own, from its start to its end; they take turns, after one run each that does not count. " +
		"Times are medians with the least and the greatest. A ratio is kallad's time through the peer's in the same round: below 1, kallad is faster. " +
		"CPU time is that of all cores; memory is the largest resident set of any run; both are left out where a server does the work, and never hold a server's share. Files are in the page cache.\n")
	for _, s := range r.Scenarios {
		s.markdown(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (s Result) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s %s rows, %s. Load before: %.1f. %s\n\n", s.Name, s.About, group(s.Rows), size(float64(s.Bytes)), s.Load, s.Checked)
	b.WriteString("| contestant | time | ratio | CPU time | ratio of CPU time | peak memory | rows/s |\n|---|---|---|---|---|---|---|\n")
	for i, c := range s.Contestants {
		wall, cpu := SpreadOf(c.Seconds()), SpreadOf(c.CPUSeconds())
		ratio, cpuRatio := "", ""
		if i > 0 {
			first := s.Contestants[0]
			ratio = ratioText(SpreadOf(Ratios(first.Seconds(), c.Seconds())))
			if cpu.Max > 0 {
				cpuRatio = ratioText(SpreadOf(Ratios(first.CPUSeconds(), c.CPUSeconds())))
			}
		}
		cpuTime, peak := "", ""
		if cpu.Max > 0 {
			cpuTime, peak = timeText(cpu), size(SpreadOf(c.PeakBytes()).Max)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", c.Name, timeText(wall), ratio, cpuTime, cpuRatio, peak,
			group(int64(float64(s.Rows)/wall.Median)))
	}
	b.WriteString("\n")
	for _, c := range s.Contestants {
		fmt.Fprintf(b, "- %s: %s.\n", c.Name, c.About)
		c.stages(b)
	}
}

// stages writes the median of each stage, the longest first.
func (c Contestant) stages(b *strings.Builder) {
	times := map[string][]float64{}
	for _, r := range c.Runs {
		for stage, seconds := range r.Stages {
			times[stage] = append(times[stage], seconds)
		}
	}
	if len(times) == 0 {
		return
	}
	medians := map[string]float64{}
	for stage, seconds := range times {
		medians[stage] = SpreadOf(seconds).Median
	}
	names := slices.SortedFunc(maps.Keys(medians), func(x, y string) int {
		if c := cmp.Compare(medians[y], medians[x]); c != 0 {
			return c
		}
		return strings.Compare(x, y)
	})
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = n + " " + duration(medians[n])
	}
	fmt.Fprintf(b, "  Stages: %s.\n", strings.Join(parts, ", "))
}
