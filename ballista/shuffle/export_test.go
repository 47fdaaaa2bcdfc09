package shuffle

import (
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Decode decodes a block, without a look at its checksum.
func Decode(schema *arrow.Schema, block []byte) (arrow.RecordBatch, error) {
	l, err := newLayout(schema)
	if err != nil {
		return nil, err
	}
	words := make([]uint64, (len(block)+7)/8) // for the alignment
	aligned := view[byte](arrow.Uint64Traits.CastToBytes(words))[:len(block)]
	copy(aligned, block)
	return l.decode(memory.NewBufferBytes(aligned))
}

// Blocks returns the bytes of a piece's blocks.
func (s *Store) Blocks(key Key) ([][]byte, error) {
	o, p, err := s.find(key)
	if err != nil {
		return nil, err
	}
	var blocks [][]byte
	for _, b := range p.blocks {
		segment, data, err := o.hold(b)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, append([]byte(nil), data...))
		segment.release()
	}
	return blocks, nil
}

// Kept is how much memory the store has that nobody uses.
func (s *Store) Kept() int64 {
	s.arena.shelf.mu.Lock()
	defer s.arena.shelf.mu.Unlock()
	return s.arena.shelf.kept
}

// KeepFor sets how long memory is kept that nobody uses.
func (s *Store) KeepFor(d time.Duration) { s.arena.shelf.keepFor = d }
