// Package truth holds the suite that compares the product with Postgres: for each
// pattern of matching, the counts and the rows that both find must be the same.
//
// It must not know how either of them finds them.
package truth
