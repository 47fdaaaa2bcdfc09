package shuffle

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// block is one record batch of a piece: in memory, or at a place of the
// output's file.
type block struct {
	rows   int
	length int
	crc    uint32
	// memory is where the block is, if it is in memory.
	memory *segment
	data   []byte
	// at is where it is in the file.
	at int64
}

// piece is what an output has for one partition.
type piece struct {
	blocks []block
	rows   int64
	bytes  int64
	// sum is a checksum over the lengths and checksums of all blocks, in
	// order.
	sum uint32
	// spilled is how much of it is on disk.
	spilled int64
}

func (p *piece) add(b block) {
	p.blocks = append(p.blocks, b)
	p.rows += int64(b.rows)
	p.bytes += int64(b.length)
	p.sum = addSum(p.sum, b.length, b.crc)
	if b.memory == nil {
		p.spilled += int64(b.length)
	}
}

// addSum continues a piece's checksum by a block.
func addSum(sum uint32, length int, crc uint32) uint32 {
	var b [12]byte
	binary.LittleEndian.PutUint64(b[:], uint64(length))
	binary.LittleEndian.PutUint32(b[8:], crc)
	return crc32.Update(sum, castagnoli, b[:])
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
