package csv

import "encoding/binary"

// marks are the places of the characters that matter in 64 bytes of text, as
// one bit per byte, the first byte's lowest.
type marks struct {
	delim, newline, quote uint64
}

// keep forgets the bytes that are not in mask.
func (m *marks) keep(mask uint64) {
	m.delim &= mask
	m.newline &= mask
	m.quote &= mask
}

// blockSize is the number of bytes that one marks covers.
const blockSize = 64

// chars are the characters that classify looks for.
type chars struct {
	delim, newline, quote byte
}

const (
	lowBits = 0x7f7f7f7f7f7f7f7f
	oneEach = 0x0101010101010101
)

// classifyWords is classify in plain Go, eight bytes at a time (SWAR).
func classifyWords(text []byte, c chars, out []marks) {
	delims, newlines, quotes := oneEach*uint64(c.delim), oneEach*uint64(c.newline), oneEach*uint64(c.quote)
	for i := range out {
		var m marks
		for w := range blockSize / 8 {
			word := binary.LittleEndian.Uint64(text[i*blockSize+w*8:])
			m.delim |= gather(matches(word, delims)) << (8 * w)
			m.newline |= gather(matches(word, newlines)) << (8 * w)
			m.quote |= gather(matches(word, quotes)) << (8 * w)
		}
		out[i] = m
	}
}

// matches returns 0x80 in each byte of word that equals pattern's, and 0 in
// the others, exactly.
func matches(word, pattern uint64) uint64 {
	x := word ^ pattern
	return ^((x&lowBits + lowBits) | x | lowBits)
}

// gather moves the top bits of eight bytes into one byte.
func gather(tops uint64) uint64 {
	return (tops >> 7) * 0x0102040810204080 >> 56
}
