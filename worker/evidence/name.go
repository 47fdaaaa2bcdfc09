package evidence

import (
	"strconv"
	"strings"
)

// The columns that every matched file starts with.
const (
	ColumnMatchID    = "match_id"
	ColumnLeftKey    = "left_key"
	ColumnRightKey   = "right_key"
	ColumnRuleName   = "rule_name"
	ColumnConfidence = "confidence"
	ColumnMatchedAt  = "matched_at"
)

// The columns that every unmatched file starts with.
const (
	ColumnRecordKey        = "record_key"
	ColumnAttemptedRules   = "attempted_rules"
	ColumnClosestCandidate = "closest_candidate"
	ColumnRejectionReason  = "rejection_reason"
)

func matchedReserved() []string {
	return []string{ColumnMatchID, ColumnLeftKey, ColumnRightKey, ColumnRuleName, ColumnConfidence, ColumnMatchedAt}
}

func unmatchedReserved() []string {
	return []string{ColumnRecordKey, ColumnAttemptedRules, ColumnClosestCandidate, ColumnRejectionReason}
}

// UniqueNames returns names with the suffix _1, _2, ... on each one that is
// taken by reserved or by an earlier name, letter case ignored. A name that
// needs no suffix always keeps its own.
func UniqueNames(reserved, names []string) []string {
	taken := make(map[string]bool, len(reserved)+len(names))
	for _, r := range reserved {
		taken[strings.ToLower(r)] = true
	}
	out := make([]string, len(names))
	clash := make([]bool, len(names))
	for i, n := range names {
		key := strings.ToLower(n)
		if clash[i] = taken[key]; !clash[i] {
			taken[key] = true
			out[i] = n
		}
	}
	for i, n := range names {
		if clash[i] {
			out[i] = suffixed(n, taken)
			taken[strings.ToLower(out[i])] = true
		}
	}
	return out
}

func suffixed(name string, taken map[string]bool) string {
	for k := 1; ; k++ {
		candidate := name + "_" + strconv.Itoa(k)
		if !taken[strings.ToLower(candidate)] {
			return candidate
		}
	}
}
