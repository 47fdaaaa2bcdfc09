package recon

import (
	"slices"
	"strings"
)

// Near returns up to most of the candidates that a person may have meant by
// word, the likeliest first: the same but for case, separators, a schema in
// front, and a few letters.
func Near(word string, candidates []string, most int) []string {
	type guess struct {
		name string
		cost int
	}
	var guesses []guess
	for _, c := range candidates {
		if cost := editDistance(plainLetters(word), plainLetters(c)); cost <= max(1, len(word)/3) {
			guesses = append(guesses, guess{c, cost})
		}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return a.cost - b.cost })
	var names []string
	for _, g := range guesses[:min(most, len(guesses))] {
		names = append(names, g.name)
	}
	return names
}

// nearest returns the one candidate that a person surely meant by word, or ""
// when none is that near: at most two edits away, and at most a third of its
// length.
func nearest(word string, candidates []string) string {
	for _, c := range Near(word, candidates, 1) {
		if cost := editDistance(plainLetters(word), plainLetters(c)); cost <= 2 && cost <= len(c)/3 {
			return c
		}
	}
	return ""
}

// plainLetters leaves out what people forget.
func plainLetters(s string) string {
	s = strings.ToLower(s[strings.LastIndexByte(s, '.')+1:])
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(s)
}

// editDistance is Levenshtein's, in bytes, of the first 64.
func editDistance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
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
