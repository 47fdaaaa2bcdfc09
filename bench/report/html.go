package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var page string

// HTML writes the report as one page that needs nothing besides.
func (r Report) HTML(out io.Writer) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	v := view{Report: r, Title: r.title(), How: how}
	for _, s := range r.Scenarios {
		drawn, err := s.view()
		if err != nil {
			return fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		v.Drawn = append(v.Drawn, drawn)
	}
	for _, series := range r.series() {
		drawing, err := growth("Growth: "+series[0].Series, series)
		if err != nil {
			return err
		}
		v.Growth = append(v.Growth, template.HTML(drawing))
	}
	if err := t.Execute(out, v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// view is what the page shows.
type view struct {
	Report
	Title, How string
	Growth     []template.HTML
	Drawn      []scenarioView
}

type scenarioView struct {
	Result
	Facts string
	Rows  []rowView
	Plots []template.HTML
}

// rowView is a contestant as texts.
type rowView struct {
	Name, About, Time, Ratio, CPU, CPURatio, Peak, Read, Shuffled, Rate, Stages string
}

func (s Result) view() (scenarioView, error) {
	v := scenarioView{Result: s, Facts: s.facts()}
	var times, cpu, stages []bar
	for i, c := range s.Contestants {
		v.Rows = append(v.Rows, s.row(i))
		own := c.ours()
		times = append(times, bar{c.Name, SpreadOf(c.Seconds()), own})
		if spread := SpreadOf(c.CPUSeconds()); spread.Max > 0 {
			cpu = append(cpu, bar{c.Name, spread, own})
		}
		if !own {
			continue
		}
		for _, st := range c.stageMedians() {
			stages = append(stages, bar{c.Name + ": " + st.name, Spread{st.seconds, st.seconds, st.seconds}, true})
		}
	}
	for _, p := range []struct {
		title  string
		values []bar
	}{{"Time", times}, {"CPU time", cpu}, {"Stages", stages}} {
		if len(p.values) == 0 {
			continue
		}
		drawing, err := bars(p.title, "seconds", p.values)
		if err != nil {
			return v, err
		}
		v.Plots = append(v.Plots, template.HTML(drawing))
	}
	return v, nil
}

// series groups the scenarios that show growth; a series has two or more.
func (r Report) series() [][]Result {
	var names []string
	groups := map[string][]Result{}
	for _, s := range r.Scenarios {
		if s.Series == "" || len(s.Contestants) == 0 || len(s.Contestants[0].Runs) == 0 {
			continue
		}
		if groups[s.Series] == nil {
			names = append(names, s.Series)
		}
		groups[s.Series] = append(groups[s.Series], s)
	}
	var out [][]Result
	for _, name := range names {
		if len(groups[name]) > 1 {
			out = append(out, groups[name])
		}
	}
	return out
}

// ours says whether a contestant is kallad, in one of its forms.
func (c Contestant) ours() bool { return strings.HasPrefix(c.Name, "kallad") }
