package filter

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/recon"
)

// maxNamed is how many columns an error names when none is near.
const maxNamed = 10

// suggest returns what an error about an unknown column says on: the columns
// with names like it, or all of them when they are few.
func suggest(schema *arrow.Schema, name string) string {
	names := make([]string, schema.NumFields())
	for i, f := range schema.Fields() {
		names[i] = f.Name
	}
	near := recon.Near(name, names, 3)
	switch {
	case len(near) > 0:
		return "; did you mean " + strings.Join(near, " or ") + "?"
	case len(names) == 0:
		return "; the source has no columns"
	case len(names) > maxNamed:
		names = append(names[:maxNamed], "...")
	}
	return "; there are " + strings.Join(names, ", ")
}
