package filter

import (
	"sort"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// suggest returns what an error about an unknown column says on: the columns
// with names like it, or all of them when they are few.
func suggest(schema *arrow.Schema, name string) string {
	type scored struct {
		name string
		far  int
	}
	var near []scored
	for _, f := range schema.Fields() {
		far := distance(strings.ToLower(f.Name), strings.ToLower(name))
		if far <= max(2, len(name)/3) {
			near = append(near, scored{f.Name, far})
		}
	}
	sort.SliceStable(near, func(i, j int) bool { return near[i].far < near[j].far })
	names := make([]string, 0, len(near))
	for _, n := range near[:min(len(near), 3)] {
		names = append(names, n.name)
	}
	switch {
	case len(names) > 0:
		return "; did you mean " + strings.Join(names, " or ") + "?"
	case schema.NumFields() == 0:
		return "; the source has no columns"
	}
	for _, f := range schema.Fields()[:min(schema.NumFields(), 10)] {
		names = append(names, f.Name)
	}
	if schema.NumFields() > 10 {
		names = append(names, "...")
	}
	return "; there are " + strings.Join(names, ", ")
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
