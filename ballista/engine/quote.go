package engine

import "strings"

// Quote writes a name as an SQL identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal writes a text as an SQL literal.
func Literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
