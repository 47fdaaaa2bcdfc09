//go:build !amd64

package csv

// classify finds the characters c in text, which is at least as long as out's
// blocks.
func classify(text []byte, c chars, out []marks) { classifyWords(text, c, out) }
