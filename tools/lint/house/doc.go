// Package house checks a source tree against the law of imports, the same law
// as Bazel's visibility in the BUILD files, and a few habits: only the wiring
// reads the environment and flags, no init functions, every package says what
// it is for.
//
// It must not know how it is run, and it reads nothing but the tree it is
// given.
package house
