package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Change is how a figure of kallad's differs between two reports.
type Change struct {
	Scenario, Contestant string
	// Figure is what was measured: time, CPU time, peak memory, or one of the
	// first two as a ratio to a peer's in the same round, which other programs
	// on the machine disturb less.
	Figure string
	// Old and New are what the reports say.
	Old, New Spread
	// Clear says that the two spreads do not touch: the difference is more than
	// what runs differ by.
	Clear bool
}

// Factor is the new median through the old one: above 1 is worse.
func (c Change) Factor() float64 { return c.New.Median / c.Old.Median }

// Compare finds the figures that both reports have.
func Compare(before, after Report) []Change {
	var out []Change
	for _, n := range after.Scenarios {
		at := slices.IndexFunc(before.Scenarios, func(o Result) bool { return o.Name == n.Name })
		if at < 0 {
			continue
		}
		o := before.Scenarios[at]
		for _, c := range n.Contestants {
			if was := o.contestant(c.Name); c.ours() && was != nil {
				out = append(out, compare(o, n, *was, c)...)
			}
		}
	}
	return out
}

func (s Result) contestant(name string) *Contestant {
	at := slices.IndexFunc(s.Contestants, func(c Contestant) bool { return c.Name == name })
	if at < 0 {
		return nil
	}
	return &s.Contestants[at]
}

// compare holds one contestant's figures against each other.
func compare(o, n Result, was, is Contestant) []Change {
	var out []Change
	add := func(figure string, before, after []float64) {
		c := Change{Scenario: n.Name, Contestant: is.Name, Figure: figure, Old: SpreadOf(before), New: SpreadOf(after)}
		if len(before) == 0 || len(after) == 0 || c.Old.Median <= 0 || c.New.Median <= 0 {
			return
		}
		c.Clear = c.New.Min > c.Old.Max || c.New.Max < c.Old.Min
		out = append(out, c)
	}
	add("time", was.Seconds(), is.Seconds())
	add("CPU time", was.CPUSeconds(), is.CPUSeconds())
	add("peak memory", was.PeakBytes(), is.PeakBytes())
	for _, peer := range n.Contestants {
		then := o.contestant(peer.Name)
		if peer.ours() || then == nil {
			continue
		}
		add("time through that of "+peer.Name, Ratios(was.Seconds(), then.Seconds()), Ratios(is.Seconds(), peer.Seconds()))
		if SpreadOf(peer.CPUSeconds()).Min > 0 && SpreadOf(then.CPUSeconds()).Min > 0 {
			add("CPU time through that of "+peer.Name, Ratios(was.CPUSeconds(), then.CPUSeconds()), Ratios(is.CPUSeconds(), peer.CPUSeconds()))
		}
	}
	return out
}

// Worse are the changes that are clear and make a figure more than factor times
// what it was, the worst first.
func Worse(changes []Change, factor float64) []Change {
	var out []Change
	for _, c := range changes {
		if c.Clear && c.Factor() > factor {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(b.Factor(), a.Factor()) })
	return out
}

// WriteChanges writes changes as a table.
func WriteChanges(out io.Writer, changes []Change) error {
	var b strings.Builder
	b.WriteString("| scenario | contestant | figure | old | new | new through old | |\n|---|---|---|---|---|---|---|\n")
	for _, c := range changes {
		verdict := "within the spread"
		switch {
		case c.Clear && c.Factor() > 1:
			verdict = "worse"
		case c.Clear:
			verdict = "better"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.2f | %s |\n", c.Scenario, c.Contestant, c.Figure, c.text(c.Old), c.text(c.New), c.Factor(), verdict)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (c Change) text(s Spread) string {
	switch {
	case strings.Contains(c.Figure, "through"):
		return ratioText(s)
	case c.Figure == "peak memory":
		return size(s.Median)
	}
	return timeText(s)
}
