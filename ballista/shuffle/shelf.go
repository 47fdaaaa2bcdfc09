package shuffle

import (
	"sync"
	"time"
)

// shelf keeps memory that is not used any more for the next who needs some:
// fresh memory costs more than filling it, as the system clears it page by
// page. What nobody has asked for in a while is given back.
type shelf struct {
	// room is the most that is kept, and keepFor how long after the last was
	// put back. Unit of room: bytes.
	room    int64
	keepFor time.Duration

	mu     sync.Mutex
	kept   int64
	free   [maxClass + 1][][]byte
	idle   *time.Timer
	closed bool
}

const (
	// leastRoom is for writers and readers at work. Unit: bytes.
	leastRoom   = 32 << 20
	longestIdle = 5 * time.Second
)

// newShelf returns a shelf for an arena with a limit.
func newShelf(limit int64) *shelf {
	s := &shelf{room: max(limit/2, leastRoom), keepFor: longestIdle}
	s.idle = time.AfterFunc(s.keepFor, s.clear)
	return s
}

// take returns memory of a class, with any content, or nil.
func (s *shelf) take(class int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if class > maxClass || len(s.free[class]) == 0 {
		return nil
	}
	last := len(s.free[class]) - 1
	data := s.free[class][last]
	s.free[class] = s.free[class][:last]
	s.kept -= int64(len(data))
	return data
}

// put keeps memory, or gives it back.
func (s *shelf) put(data []byte) {
	if !s.keep(data) {
		unmapMemory(data)
	}
}

func (s *shelf) keep(data []byte) bool {
	class := classOf(len(data))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || class > maxClass || s.kept+int64(len(data)) > s.room {
		return false
	}
	s.free[class] = append(s.free[class], data)
	s.kept += int64(len(data))
	s.idle.Reset(s.keepFor)
	return true
}

// clear gives everything back.
func (s *shelf) clear() {
	s.mu.Lock()
	lists := s.free
	s.free, s.kept = [maxClass + 1][][]byte{}, 0
	s.mu.Unlock()
	for _, list := range lists {
		for _, data := range list {
			unmapMemory(data)
		}
	}
}

// close gives everything back, and keeps nothing from now on.
func (s *shelf) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.idle.Stop()
	s.clear()
}
