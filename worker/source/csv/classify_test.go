package csv_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source/csv"
)

// TestMarks holds the processor's own instructions and plain Go against a
// byte by byte look, for bytes that are near each other in all ways.
func TestMarks(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 5))
	near := []byte{',', ',' - 1, ',' + 1, ',' | 0x80, '\n', '\n' | 0x80, '"', '"' ^ 1, 0, 1, 0x7f, 0x80, 0xff, 'x'}
	for blocks := range 70 {
		text := make([]byte, blocks*64)
		for i := range text {
			text[i] = near[rng.IntN(len(near))]
		}
		want := make([][3]uint64, blocks)
		for i, c := range text {
			for k, char := range []byte{',', '\n', '"'} {
				if c == char {
					want[i/64][k] |= 1 << (i % 64)
				}
			}
		}
		for _, plain := range []bool{true, false} {
			got := csv.Mark(text, ',', '\n', '"', plain)
			require.Equal(t, append([][3]uint64{}, want...), append([][3]uint64{}, got...), "%d blocks, plain %v", blocks, plain)
		}
	}
}
