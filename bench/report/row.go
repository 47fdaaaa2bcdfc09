package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// title says what was measured where.
func (r Report) title() string {
	return fmt.Sprintf("Measured %s on %s, %d cores, %s of memory, %s; commit %s, %s, DuckDB %s, %s.",
		r.StartedAt.UTC().Format("2006-01-02 15:04 MST"), r.Machine.CPU, r.Machine.Cores, size(float64(r.Machine.MemoryBytes)), r.Machine.System,
		r.Versions.Commit, r.Versions.Kallad, r.Versions.DuckDB, r.Versions.Go)
}

// how says how the figures came about.
const how = "Each contestant is a process of its own, from its start to its end, or a daemon with its executors, from a job's POST to its final callback; " +
	"they take turns, after one run each that does not count. " +
	"Times are medians with the least and the greatest. A ratio is the time of kallad in one process through that of the contestant in the same round: below 1, kallad is faster. " +
	"CPU time is that of all cores; memory is the largest resident set of any run, for several processes the largest sum; both are left out where a server does the work, and never hold a server's share; of memory stands what kallad had, of what it may have where that is bounded. " +
	"Read is what kallad read of the sources, in the size that it has there, shuffled what its tasks handed to each other; others do not count it. " +
	"Files are in the page cache. Stages of a plan overlap."

// facts say what a scenario is.
func (s Result) facts() string {
	return fmt.Sprintf("%s %s rows, %s. Load before: %.1f. %s", s.About, group(s.Rows), size(float64(s.Bytes)), s.Load, s.Checked)
}

// row writes the figures of a contestant.
func (s Result) row(i int) rowView {
	c := s.Contestants[i]
	wall, cpu := SpreadOf(c.Seconds()), SpreadOf(c.CPUSeconds())
	v := rowView{Name: c.Name, About: c.About, Time: timeText(wall), Rate: group(int64(float64(s.Rows) / wall.Median)), Stages: c.stages()}
	v.Read = c.volume(func(r Run) int64 { return r.ReadBytes })
	v.Shuffled = c.volume(func(r Run) int64 { return r.ShuffledBytes })
	if cpu.Max > 0 {
		v.CPU, v.Peak = timeText(cpu), size(SpreadOf(c.PeakBytes()).Max)
	}
	if i == 0 {
		if s.MaxPeakBytes > 0 {
			v.Peak += " of " + size(float64(s.MaxPeakBytes))
		}
		return v
	}
	first := s.Contestants[0]
	v.Ratio = ratioText(SpreadOf(Ratios(first.Seconds(), c.Seconds())))
	if cpu.Max > 0 {
		v.CPURatio = ratioText(SpreadOf(Ratios(first.CPUSeconds(), c.CPUSeconds())))
	}
	return v
}

// volume is the median size of what moved, "" where nobody counted it.
func (c Contestant) volume(of func(Run) int64) string {
	bytes := SpreadOf(c.each(func(r Run) float64 { return float64(of(r)) })).Median
	if !(bytes > 0) {
		return ""
	}
	return size(bytes)
}

// stageTime is the median time of a stage.
type stageTime struct {
	name    string
	seconds float64
}

// stageMedians are the medians of the stages, the longest first.
func (c Contestant) stageMedians() []stageTime {
	times := map[string][]float64{}
	for _, r := range c.Runs {
		for stage, seconds := range r.Stages {
			times[stage] = append(times[stage], seconds)
		}
	}
	var out []stageTime
	for _, name := range slices.Sorted(maps.Keys(times)) {
		out = append(out, stageTime{name, SpreadOf(times[name]).Median})
	}
	slices.SortStableFunc(out, func(x, y stageTime) int { return cmp.Compare(y.seconds, x.seconds) })
	return out
}

func (c Contestant) stages() string {
	medians := c.stageMedians()
	if len(medians) == 0 {
		return ""
	}
	parts := make([]string, len(medians))
	for i, m := range medians {
		parts[i] = m.name + " " + duration(m.seconds)
	}
	return "Stages: " + strings.Join(parts, ", ") + "."
}
