package csv

import "golang.org/x/sys/cpu"

// classify finds the characters c in text, which is at least as long as out's
// blocks.
func classify(text []byte, c chars, out []marks) {
	if !cpu.X86.HasAVX2 || len(out) == 0 {
		classifyWords(text, c, out)
		return
	}
	_ = text[len(out)*blockSize-1]
	classifyAVX2(&text[0], len(out), uint64(c.delim)|uint64(c.newline)<<8|uint64(c.quote)<<16, &out[0])
}

// classifyAVX2 is classify over a number of whole blocks (at least one), with
// the delimiter, the newline and the quote in the lowest bytes of chars.
//
//go:noescape
func classifyAVX2(text *byte, blocks int, chars uint64, out *marks)
