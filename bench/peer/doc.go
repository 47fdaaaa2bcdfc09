// Package peer is what a user would do without kallad: a script of DuckDB
// statements over the same files that writes the same evidence.
//
// It must not know who else runs, nor measure anything.
package peer
