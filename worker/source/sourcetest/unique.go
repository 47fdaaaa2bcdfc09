package sourcetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// testUnique holds what a source knows of unique columns against what the
// subject says that it must know, and against the rows that it gives.
func testUnique(t *testing.T, f *fixture) {
	src := f.open(t)
	d := f.describe(t, src)
	require.ElementsMatch(t, f.subject.Unique, d.Unique, "sets of columns that the source knows to be unique")
	for _, set := range d.Unique {
		require.NotEmpty(t, set)
		require.Subset(t, columnNames(), set)
		scan := source.Scan{Columns: set}
		rows, _ := readAll(t, src, scan, split(t, src, scan, 3))
		seen := map[string]bool{}
		for _, row := range rows {
			require.False(t, seen[row] && !strings.Contains(row, null), "two rows have the same %s: %q", strings.Join(set, ", "), row)
			seen[row] = true
		}
	}
}
