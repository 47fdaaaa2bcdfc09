// Package client holds the suite that has the product used from other languages:
// a Node application that keeps its runs in Postgres, a Python program that
// checks the evidence by arithmetic of its own, and a shell with curl. Each runs
// in a container beside the product and says by its exit code how it went.
//
// It must not know what they check.
package client
