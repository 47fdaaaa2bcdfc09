package recon

import (
	"regexp"
	"strings"
)

var plainIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// sqlWords are the words that cannot name a table without quotes in the SQL
// that kallad runs: DuckDB's reserved words and its join words, which are
// the reserved and type_function rows of its duckdb_keywords(), as far as it
// really refuses them.
const sqlWords = ` all analyse analyze and any array as asc asymmetric both case cast check collate
 column constraint create default deferrable desc describe distinct do else end except false fetch
 for foreign from group having in initially intersect into lambda lateral leading limit not null
 offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning
 select show some summarize symmetric table then to trailing true union unique unpivot using variadic
 when where window with
 anti asof at authorization binary by collation concurrently cross freeze full glob ilike inner is isnull
 join left like natural notnull outer overlaps positional right semi similar tablesample unpack verbose `

var reservedWords = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(sqlWords) {
		words[w] = true
	}
	return words
}()

func isReserved(word string) bool { return reservedWords[strings.ToLower(word)] }
