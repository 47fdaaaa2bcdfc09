// Package runner takes one reconciliation job from its request to its
// evidence: it describes the sources, plans the query, has an executor run
// it, writes what comes back, and checks the counts before it says success.
//
// It must not know what runs a task or parses a query, nor how jobs arrive:
// those stand behind interfaces that it declares.
package runner
