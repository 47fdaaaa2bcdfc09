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
	// counted is whether the limit applies to it.
	counted bool
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
			a.give(size, counted)
			return nil, err
		}
	}
	s := &segment{data: data, arena: a, counted: counted}
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

// give is the opposite of take, without the memory.
func (a *arena) give(size int, counted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if counted {
		a.used -= int64(size)
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

func (a *arena) put(data []byte, counted bool) {
	class := bits.Len(uint(len(data) - 1))
	a.mu.Lock()
	if counted {
		a.used -= int64(len(data))
	}
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
