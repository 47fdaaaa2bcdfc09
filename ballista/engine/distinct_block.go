package engine

import (
	"fmt"
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// hashBlockRows is about how many hashes a block has.
	hashBlockRows = 1 << 16
	// Hashes that are alike are in the same share, which is told by their first
	// bits.
	hashShareBits = 8
	hashShares    = 1 << hashShareBits
)

// hashBlock is a number of hashes in memory that Go's collector does not know:
// it is told to keep the process small, and would run without a pause.
type hashBlock struct {
	memory []byte
	// hashes are in the order of their shares, share i up to ends[i].
	hashes []uint64
	ends   [hashShares]uint32
}

func newHashBlock(hashes []uint64) (*hashBlock, error) {
	memory, err := unix.Mmap(-1, 0, 8*len(hashes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map memory for %d hashes: %w", len(hashes), err)
	}
	b := &hashBlock{memory: memory, hashes: unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(memory))), len(hashes))}
	var at [hashShares]uint32
	for _, h := range hashes {
		at[h>>(64-hashShareBits)]++
	}
	begin := uint32(0)
	for share, n := range at {
		at[share] = begin
		begin += n
		b.ends[share] = begin
	}
	for _, h := range hashes {
		place := &at[h>>(64-hashShareBits)]
		b.hashes[*place] = h
		*place++
	}
	return b, nil
}

func (b *hashBlock) share(i int) []uint64 {
	begin := uint32(0)
	if i > 0 {
		begin = b.ends[i-1]
	}
	return b.hashes[begin:b.ends[i]]
}

func (b *hashBlock) free() {
	if err := unix.Munmap(b.memory); err != nil {
		panic(fmt.Sprintf("engine: unmap memory: %v", err)) // it was not ours: go no further
	}
}

// hashSet is a table with open addressing, 0 where it is free.
type hashSet struct{ table []uint64 }

// doubled reports whether two hashes of a share are alike.
func (s *hashSet) doubled(blocks []*hashBlock, share int) bool {
	n := 0
	for _, b := range blocks {
		n += len(b.share(share))
	}
	width := bits.Len(uint(2 * n)) // so that at most half of it is taken
	size := 1 << width
	if cap(s.table) < size {
		s.table = make([]uint64, size)
	}
	s.table = s.table[:size]
	clear(s.table)
	zeros, mask := 0, uint64(size-1)
	for _, b := range blocks {
		for _, h := range b.share(share) {
			if h == 0 {
				zeros++
				continue
			}
			at := h << hashShareBits >> (64 - width)
			for s.table[at] != 0 {
				if s.table[at] == h {
					return true
				}
				at = (at + 1) & mask
			}
			s.table[at] = h
		}
	}
	return zeros > 1
}
