package shuffle

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// The arena hands out memory that Go's collector does not know, in segments:
// pieces are large and live long, and on the heap they would drive a collector
// that is told to keep the process small.
//
// Segments of up to maxClass bytes have sizes that are powers of two, and a
// few of them are kept for the next who asks, since fresh memory costs as much
// as filling it.
const (
	minClass  = 16 // 64 KiB
	maxClass  = 22 // 4 MiB
	keepBytes = 32 << 20
)

type arena struct {
	limit int64

	mu   sync.Mutex
	used int64
	free [maxClass + 1][][]byte
	kept int64
}

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
	class := max(bits.Len(uint(n-1)), minClass)
	size := 1 << class
	if class > maxClass {
		size = (n + pageSize - 1) &^ (pageSize - 1)
	}
	data, ok := a.take(class, size, counted)
	if !ok {
		return nil, nil
	}
	if data == nil {
		var err error
		if data, err = mapMemory(size); err != nil {
			if counted {
				a.uncount(size)
			}
			return nil, err
		}
	}
	s := &segment{data: data, arena: a}
	if counted {
		s.counted = size
	}
	s.refs.Store(1)
	return s, nil
}

// take counts size bytes as used, and returns memory that was kept, if any.
func (a *arena) take(class, size int, counted bool) ([]byte, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if counted {
		if a.used+int64(size) > a.limit {
			return nil, false
		}
		a.used += int64(size)
	}
	if class > maxClass || len(a.free[class]) == 0 {
		return nil, true
	}
	list := a.free[class]
	data := list[len(list)-1]
	a.free[class] = list[:len(list)-1]
	a.kept -= int64(size)
	return data, true
}

func (a *arena) uncount(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used -= int64(n)
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

// Free implements memory.Allocator's part that a buffer over a segment needs.
func (s *segment) Free([]byte) { s.release() }

// Allocate and Reallocate are never called: buffers over segments are fixed.
func (s *segment) Allocate(int) []byte           { panic("shuffle: a segment does not grow") }
func (s *segment) Reallocate(int, []byte) []byte { panic("shuffle: a segment does not grow") }

func (s *segment) retain() { s.refs.Add(1) }

func (s *segment) release() {
	if s.refs.Add(-1) != 0 {
		return
	}
	data := s.data
	s.data = nil
	s.arena.put(data, s.counted)
}

func (a *arena) put(data []byte, counted int) {
	class := bits.Len(uint(len(data) - 1))
	a.mu.Lock()
	a.used -= int64(counted)
	keep := class <= maxClass && a.kept+int64(len(data)) <= keepBytes
	if keep {
		a.free[class] = append(a.free[class], data)
		a.kept += int64(len(data))
	}
	a.mu.Unlock()
	if !keep {
		unmapMemory(data)
	}
}

// usage returns how much of the limit is used.
func (a *arena) usage() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

// close gives back what is kept. Segments in use are given back when they are
// released.
func (a *arena) close() {
	a.mu.Lock()
	lists := a.free
	a.free = [maxClass + 1][][]byte{}
	a.kept = keepBytes // keeps nothing from now on
	a.mu.Unlock()
	for _, list := range lists {
		for _, data := range list {
			unmapMemory(data)
		}
	}
}
