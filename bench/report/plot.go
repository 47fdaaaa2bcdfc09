package report

import (
	"bytes"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	_ "gonum.org/v1/plot/vg/vgsvg" // the format svg
)

// The colours of the plots: kallad's own figures, others', and what is beside.
var (
	ours   = color.RGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff}
	others = color.RGBA{R: 0xb0, G: 0xb8, B: 0xc0, A: 0xff}
	beside = color.RGBA{R: 0xe0, G: 0x7b, B: 0x39, A: 0xff}
)

const (
	plotWidth = 16 * vg.Centimeter
	barWidth  = 9 * vg.Millimeter
	margin    = 2.6 * vg.Centimeter
)

// bar is one value with its spread.
type bar struct {
	name   string
	spread Spread
	ours   bool
}

// bars draws values as bars from the left, the first at the top, each with its
// least and its greatest.
func bars(title, unit string, values []bar) ([]byte, error) {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = unit
	p.X.Min = 0
	values = slices.Clone(values)
	slices.Reverse(values)
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.name
		b, err := plotter.NewBarChart(plotter.Values{v.spread.Median}, barWidth)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", v.name, err)
		}
		b.Horizontal, b.XMin, b.Color, b.LineStyle.Width = true, float64(i), others, 0
		if v.ours {
			b.Color = ours
		}
		errors := struct {
			plotter.XYs
			plotter.XErrors
		}{
			plotter.XYs{{X: v.spread.Median, Y: float64(i)}},
			plotter.XErrors{{Low: v.spread.Median - v.spread.Min, High: v.spread.Max - v.spread.Median}},
		}
		e, err := plotter.NewXErrorBars(errors)
		if err != nil {
			return nil, fmt.Errorf("draw the spread of %s: %w", v.name, err)
		}
		p.Add(b)
		if v.spread.Max > v.spread.Min {
			p.Add(e)
		}
	}
	p.NominalY(names...)
	return svg(p, margin+vg.Length(len(values))*barWidth*1.4)
}

// growth draws time and memory over rows, each with a straight line from
// nothing through the first point, or flat through it.
func growth(title string, results []Result) ([]byte, error) {
	var points, peaks plotter.XYs
	for _, r := range results {
		c := r.Contestants[0]
		points = append(points, plotter.XY{X: float64(r.Rows) / 1e6, Y: SpreadOf(c.Seconds()).Median})
		peaks = append(peaks, plotter.XY{X: float64(r.Rows) / 1e6, Y: SpreadOf(c.PeakBytes()).Max / 1e8})
	}
	slices.SortFunc(points, byX)
	slices.SortFunc(peaks, byX)
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "million rows"
	p.X.Min, p.Y.Min = 0, 0
	last := points[len(points)-1].X
	straight := plotter.XYs{{}, {X: last, Y: points[0].Y / points[0].X * last}}
	for _, s := range []struct {
		name   string
		values plotter.XYs
		color  color.Color
		marks  bool
	}{
		{"time, seconds", points, ours, true},
		{"as the first, for as many rows", straight, others, false},
		{"peak memory, 100 MB", peaks, beside, true},
	} {
		line, marks, err := plotter.NewLinePoints(s.values)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", s.name, err)
		}
		line.Color, marks.Color = s.color, s.color
		p.Add(line)
		if s.marks {
			p.Add(marks)
		} else {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		}
		p.Legend.Add(s.name, line)
	}
	p.Legend.Top, p.Legend.Left = true, true
	return svg(p, 9*vg.Centimeter)
}

func byX(a, b plotter.XY) int {
	if a.X < b.X {
		return -1
	}
	return 1
}

func svg(p *plot.Plot, height vg.Length) ([]byte, error) {
	writer, err := p.WriterTo(plotWidth, height, "svg")
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", p.Title.Text, err)
	}
	var out bytes.Buffer
	if _, err := writer.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("draw %s: %w", p.Title.Text, err)
	}
	// Inside of a page, what comes before the drawing is in the way.
	text := out.Bytes()
	if at := bytes.Index(text, []byte("<svg")); at > 0 {
		text = text[at:]
	}
	return text, nil
}
