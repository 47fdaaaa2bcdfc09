package shuffle_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/ballista/shuffle"
)

// FuzzDecode: a block that no checksum protects is refused, or it can be read
// in every part. The block, one of a few, has two words written over: what a
// reader believes is numbers among bytes that must be as they are.
func FuzzDecode(f *testing.F) {
	const kinds = 64
	var schemas []*arrow.Schema
	var blocks [][]byte
	for seed := range uint64(kinds) {
		r := rand.New(rand.NewPCG(seed, 7))
		schema := randomSchema(r, 1+r.IntN(4), 3)
		schemas = append(schemas, schema)
		blocks = append(blocks, oneBlock(f, schema, randomBatch(r, memory.DefaultAllocator, schema, 1+r.IntN(20), 1)))
		for at := 0; at < len(blocks[seed]); at += 64 {
			f.Add(uint8(seed), uint16(at), uint16(0), uint64(1), uint64(0), uint16(0))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, at, at2 uint16, v, v2 uint64, short uint16) {
		block := append([]byte(nil), blocks[kind%kinds]...)
		for _, patch := range []struct {
			at uint16
			v  uint64
		}{{at, v}, {at2, v2}} {
			if place := int(patch.at) &^ 3; patch.v != 0 && place+8 <= len(block) {
				binary.LittleEndian.PutUint64(block[place:], patch.v)
			}
		}
		block = block[:max(len(block)-int(short), 0)]
		batch, err := shuffle.Decode(schemas[kind%kinds], block)
		if err != nil {
			return
		}
		defer batch.Release()
		for _, c := range batch.Columns() {
			for i := range min(c.Len(), 1000) { // of a column without buffers there may be billions
				_ = c.ValueStr(i)
			}
		}
	})
}

// oneBlock writes a batch and returns its block.
func oneBlock(t testing.TB, schema *arrow.Schema, batch arrow.RecordBatch) []byte {
	t.Helper()
	defer batch.Release()
	s := newStore(t, shuffle.Config{})
	w, err := s.Writer(key, schema, 1)
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), batch))
	_, err = w.Commit(t.Context())
	require.NoError(t, err)
	blocks, err := s.Blocks(key)
	require.NoError(t, err)
	require.Len(t, blocks, 1)
	return blocks[0]
}
