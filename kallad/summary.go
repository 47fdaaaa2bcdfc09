package main

import (
	"fmt"
	"io"
	"math/big"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

// printSummary tells a person what came out of a run.
func printSummary(out io.Writer, r *recon.Result, staging string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "run %s: done in %s\n\n", r.RunID, seconds(r.FinishedAt.Sub(r.StartedAt)))
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, left, right string) { fmt.Fprintf(w, "%s\t%s\t%s\t\n", name, left, right) }
	row("", r.Left.Alias, r.Right.Alias)
	row("rows read", group(r.Left.Rows), group(r.Right.Rows))
	row("matched", group(r.Left.MatchedRows), group(r.Right.MatchedRows))
	row("unmatched", group(r.Left.UnmatchedRows), group(r.Right.UnmatchedRows))
	row("match rate", matchRate(r.Left), matchRate(r.Right))
	if r.Left.DuplicateKeyRows+r.Right.DuplicateKeyRows > 0 {
		row("duplicate keys", group(r.Left.DuplicateKeyRows), group(r.Right.DuplicateKeyRows))
	}
	if r.Left.NullKeyRows+r.Right.NullKeyRows > 0 {
		row("null keys", group(r.Left.NullKeyRows), group(r.Right.NullKeyRows))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\nmatches: %s\n", group(r.MatchedCount))
	if r.PeakMemoryBytes > 0 {
		fmt.Fprintf(&b, "peak memory: %s\n", formatBytes(r.PeakMemoryBytes))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	b.WriteString("evidence:\n")
	for _, path := range []string{r.OutputPaths.Matched, r.OutputPaths.UnmatchedLeft, r.OutputPaths.UnmatchedRight} {
		fmt.Fprintf(&b, "  %s\n", located(path, staging))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// located is a path as it can be opened from the current folder.
func located(path, staging string) string {
	if !blob.IsRelative(path) {
		return path
	}
	return filepath.Join(staging, path)
}

// matchRate is the share of rows that matched, in per cent with two digits,
// cut and never rounded up: 100.00 % means every row.
func matchRate(c recon.SideCounts) string {
	if c.Rows == 0 {
		return "-"
	}
	hundredths := new(big.Int).Mul(big.NewInt(c.MatchedRows), big.NewInt(10000))
	hundredths.Quo(hundredths, big.NewInt(c.Rows))
	n := hundredths.Int64()
	return fmt.Sprintf("%d.%02d %%", n/100, n%100)
}
