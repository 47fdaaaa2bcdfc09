package plan

// Canonical is canonical for tests: the form's name, and the cast of an
// expression to it.
func Canonical(types []string) (name string, cast func(expression, sqlType string) string, ok bool) {
	f, ok := canonical(sqlTypes(types))
	return string(f), func(expression, t string) string { return f.cast(expression, sqlType(t)) }, ok
}

func sqlTypes(names []string) []sqlType {
	out := make([]sqlType, len(names))
	for i, n := range names {
		out[i] = sqlType(n)
	}
	return out
}

// CallableList is the list of functions that a query may call.
func CallableList() string { return callableList }

// Functions are what the planner knows of functions by their names.
func Functions() (volatile, aggregates, strict, key map[string]bool) {
	return volatileFunctions, aggregateFunctions, strictFunctions, keyFunctions
}
