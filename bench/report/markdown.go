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
	b.WriteString("| contestant | time | ratio | CPU time | ratio of CPU time | peak memory | rows/s |\n|---|---|---|---|---|---|---|\n")
	var notes []string
	for i := range s.Contestants {
		v := s.row(i)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", v.Name, v.Time, v.Ratio, v.CPU, v.CPURatio, v.Peak, v.Rate)
		note := fmt.Sprintf("- %s: %s.\n", v.Name, v.About)
		if more := strings.TrimSpace(v.Volumes + " " + v.Stages); more != "" {
			note += "  " + more + "\n"
		}
		notes = append(notes, note)
	}
	b.WriteString("\n" + strings.Join(notes, ""))
}
