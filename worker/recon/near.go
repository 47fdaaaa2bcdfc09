package recon

import "strings"

// Nearest returns the candidate that a person most likely meant by word, or
// "" when none is near: the same letters in another case or with other
// separators, or at most two edits away and at most a third of its length.
func Nearest(word string, candidates []string) string {
	best, bestCost := "", 3
	for _, c := range candidates {
		cost := editDistance(plainLetters(word), plainLetters(c))
		if cost < bestCost && cost <= len(c)/3 {
			best, bestCost = c, cost
		}
	}
	return best
}

func plainLetters(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// editDistance is Levenshtein's, in bytes; beyond 64 bytes of either word it
// is the larger length, for nothing that long is a typing mistake.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
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
