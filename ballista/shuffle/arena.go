package shuffle

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// arena hands out memory that Go's collector does not know, in segments:
// pieces are large and live long, and on the heap they would drive a collector
// that is told to keep the process small.
//
// What counts towards the limit is what outputs keep. What writers and readers
// need while they work does not.
type arena struct {
	limit int64
	shelf *shelf

	mu   sync.Mutex
	used int64
}

func newArena(limit int64) *arena { return &arena{limit: limit, shelf: newShelf(limit)} }

// segment is memory that is given back when nobody refers to it any more.
type segment struct {
	data  []byte
	refs  atomic.Int64
	arena *arena
	// counted is how much of it counts towards the limit.
	counted int
}

// get returns a segment of at least n bytes, referred to once, with any
// content. Within the limit it returns nil when there is no room.
func (a *arena) get(n int, counted bool) (*segment, error) {
	class := classOf(n)
	size := sizeOf(class, n)
	s := &segment{arena: a}
	if counted {
		if !a.count(size) {
			return nil, nil
		}
		s.counted = size
	}
	s.data = a.shelf.take(class)
	if s.data == nil {
		var err error
		if s.data, err = mapMemory(size); err != nil {
			a.uncount(s.counted)
			return nil, err
		}
	}
	s.refs.Store(1)
	return s, nil
}

// Segments of up to 1<<maxClass bytes have sizes that are powers of two.
const (
	minClass = 16 // 64 KiB
	maxClass = 23 // 8 MiB
)

func classOf(n int) int { return max(bits.Len(uint(n-1)), minClass) }

func sizeOf(class, n int) int {
	if class > maxClass {
		return (n + pageSize - 1) &^ (pageSize - 1)
	}
	return 1 << class
}

// count adds to what is used, if the limit allows.
func (a *arena) count(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.used+int64(n) > a.limit {
		return false
	}
	a.used += int64(n)
	return true
}

func (a *arena) uncount(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used -= int64(n)
}

// usage returns how much of the limit is used.
func (a *arena) usage() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

// trim gives back all but the first n bytes, which are all that will be used.
// The segment stays as long as it is, so that it can be used again.
func (s *segment) trim(n int) {
	n = (n + pageSize - 1) &^ (pageSize - 1)
	if spare := len(s.data) - n; spare > 0 {
		dropMemory(s.data[n:])
		s.arena.uncount(spare)
		s.counted -= spare
	}
}

func (s *segment) retain() { s.refs.Add(1) }

func (s *segment) release() {
	if s.refs.Add(-1) != 0 {
		return
	}
	data := s.data
	s.data = nil
	s.arena.uncount(s.counted)
	s.arena.shelf.put(data)
}

// Free implements memory.Allocator's part that a buffer over a segment needs.
func (s *segment) Free([]byte) { s.release() }

// Allocate and Reallocate are never called: buffers over segments are fixed.
func (s *segment) Allocate(int) []byte           { panic("shuffle: a segment does not grow") }
func (s *segment) Reallocate(int, []byte) []byte { panic("shuffle: a segment does not grow") }
