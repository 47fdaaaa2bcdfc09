package plan

import (
	_ "embed"
	"strings"
	"sync"
)

// callableList is the list of callable.txt: headings in brackets, then names.
//
//go:embed callable.txt
var callableList string

// callables are the functions that a query may call, and those that it may put
// in its FROM clause. What is in neither may not be called: not because it is known
// to do harm, but because nobody has looked at it.
type callables struct {
	scalar, table map[string]bool
	// names are the keys of scalar, for suggestions.
	names []string
}

var callable = sync.OnceValue(func() callables {
	known := callables{scalar: map[string]bool{}, table: map[string]bool{}}
	heading := ""
	for line := range strings.Lines(callableList) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			heading = line
		case heading == "[allowed]":
			for _, name := range strings.Fields(line) {
				known.scalar[name] = true
				known.names = append(known.names, name)
			}
		case strings.HasPrefix(heading, "[table functions, allowed"):
			for _, name := range strings.Fields(line) {
				known.table[name] = true
			}
		}
	}
	return known
})
