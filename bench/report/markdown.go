package report

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes the report for people.
func (r Report) Markdown(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmark results\n\n%s\n\n%s\n", r.title(), how)
	for _, s := range r.Scenarios {
		s.markdown(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (s Result) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", s.Name, s.facts())
	b.WriteString("| contestant | time | ratio | CPU time | ratio of CPU time | peak memory | read | shuffled | rows/s |\n|---|---|---|---|---|---|---|---|---|\n")
	var notes []string
	for i := range s.Contestants {
		v := s.row(i)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", v.Name, v.Time, v.Ratio, v.CPU, v.CPURatio, v.Peak, v.Read, v.Shuffled, v.Rate)
		note := fmt.Sprintf("- %s: %s.\n", v.Name, v.About)
		if v.Stages != "" {
			note += "  " + v.Stages + "\n"
		}
		notes = append(notes, note)
	}
	b.WriteString("\n" + strings.Join(notes, ""))
}
