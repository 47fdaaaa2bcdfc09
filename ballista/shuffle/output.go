package shuffle

import (
	"errors"
	"fmt"
	"sync"
)

// output is what one attempt at a task writes in one step. While it is
// written it is its writer's alone, but for its end: who removes it may come
// at any time. Once committed, its pieces do not change any more.
type output struct {
	store  *Store
	name   string // the key without a partition
	job    string
	layout *layout

	mu sync.Mutex
	// removed says that the store does not have it any more.
	removed   bool
	committed bool
	pieces    []piece
	segments  []*segment
	// free is what is left of the last segment.
	free []byte
	// next is the size of the next segment.
	next  int
	spill *spill
	disk  int64
}

// minSegment and maxSegment bound how much memory an output takes at once: it
// takes more each time, and what is left at the end is given back. Unit: bytes.
const (
	minSegment = 64 << 10
	maxSegment = 4 << 20
)

// allocate returns memory for a block and the segment that it is in, which the
// caller releases when it has filled it; or nil when the store has none left.
func (o *output) allocate(n int) (*segment, []byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.removed {
		return nil, nil, ErrRemoved
	}
	if n > len(o.free) {
		if err := o.grow(n); err != nil || n > len(o.free) {
			return nil, nil, err
		}
	}
	b := o.free[:n:n]
	o.free = o.free[n:]
	s := o.segments[len(o.segments)-1]
	s.retain()
	return s, b, nil
}

func (o *output) grow(n int) error {
	o.next = min(max(8*o.next, minSegment), maxSegment)
	for _, size := range []int{max(n, o.next), n} {
		s, err := o.store.arena.get(size, true)
		if err != nil {
			return err
		}
		if s != nil {
			o.segments = append(o.segments, s)
			o.free = s.data
			return nil
		}
	}
	return nil
}

// toDisk appends to the output's file and returns where that was.
func (o *output) toDisk(b []byte) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.removed {
		return 0, ErrRemoved
	}
	if o.spill == nil {
		if err := o.reserve(len(o.layout.head)); err != nil {
			return 0, err
		}
		s, err := createSpill(o.store.folder.path, o.name, o.layout.head)
		if err != nil {
			return 0, err
		}
		o.spill = s
	}
	if err := o.reserve(len(b)); err != nil {
		return 0, err
	}
	return o.spill.append(b)
}

func (o *output) reserve(n int) error {
	if err := o.store.reserveDisk(int64(n)); err != nil {
		return err
	}
	o.disk += int64(n)
	return nil
}

// commit publishes the output.
func (o *output) commit(pieces []piece) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.removed {
		return ErrRemoved
	}
	if o.spill != nil {
		if err := o.spill.publish(); err != nil {
			return err
		}
	}
	o.pieces, o.committed = pieces, true
	if last := len(o.segments) - 1; last >= 0 {
		o.segments[last].trim(len(o.segments[last].data) - len(o.free))
		o.free = nil
	}
	return nil
}

// remove frees everything but what readers are just reading.
func (o *output) remove() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.removed {
		return nil
	}
	o.removed = true
	for _, s := range o.segments {
		s.release()
	}
	var err error
	if o.spill != nil {
		err = o.spill.remove()
	}
	o.store.releaseDisk(o.disk)
	o.segments, o.free, o.pieces, o.spill = nil, nil, nil, nil
	return err
}

// piece returns a committed piece.
func (o *output) piece(partition int) (piece, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.committed || o.removed || partition >= len(o.pieces) {
		return piece{}, errMissing
	}
	return o.pieces[partition], nil
}

// hold returns the bytes of a block, with the segment that they are in, which
// the caller releases. They may have changed since they were written only if
// they come from disk, and then they are checked.
func (o *output) hold(b block) (*segment, []byte, error) {
	o.mu.Lock()
	if o.removed {
		o.mu.Unlock()
		return nil, nil, ErrRemoved
	}
	if b.memory != nil {
		b.memory.retain()
		o.mu.Unlock()
		return b.memory, b.data, nil
	}
	spill := o.spill
	spill.retain()
	o.mu.Unlock()
	s, data, err := o.load(spill, b)
	return s, data, errors.Join(err, spill.release())
}

func (o *output) load(from *spill, b block) (*segment, []byte, error) {
	s, err := o.store.arena.get(b.length, false)
	if err != nil {
		return nil, nil, err
	}
	data := s.data[:b.length:b.length]
	if _, err := from.file.ReadAt(data, b.at); err != nil {
		s.release()
		return nil, nil, fmt.Errorf("read shuffled data: %w", err)
	}
	if checksum(data) != b.crc {
		s.release()
		return nil, nil, corrupt("the checksum of %d bytes at %d of %s%s", b.length, b.at, o.name, finished)
	}
	return s, data, nil
}
