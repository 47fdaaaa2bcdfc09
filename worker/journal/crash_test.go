package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/journal"
)

// step is a change as the test knows it.
type step struct {
	value  string // "" for a deletion
	change *journal.Change
	// durable says that a change which is done is promised to survive.
	durable bool
}

// world is what was asked of a journal, across all its openings.
type world struct {
	// history holds the changes of each key, oldest first, from the value on
	// that the last opening found.
	history map[string][]step
	found   map[string]string
}

// possible returns which values a key may have after a crash: that of the last
// change that was promised, or of any later one that was not refused.
//
// What is not durable survives the death of the process, if the disk is well.
func (w *world) possible(key string, well bool) map[string]bool {
	possible := map[string]bool{w.found[key]: true}
	for _, s := range w.history[key] {
		select {
		case <-s.change.Done():
			err := s.change.Wait()
			switch {
			case err == nil && (s.durable || well):
				possible = map[string]bool{}
			case err != nil && !unclear(err):
				continue // refused, and cut back
			}
		default:
		}
		possible[s.value] = true
	}
	return possible
}

// unclear reports whether a change that failed may be on disk after all: the
// machine died before it was cut back.
func unclear(err error) bool {
	return errors.Is(err, errDead) || errors.Is(err, journal.ErrClosed) || strings.Contains(err.Error(), "cut the journal back")
}

// TestNothingPromisedIsLost drives a journal with changes, faults and crashes
// at any operation, small segments and frequent compactions, and holds what a
// new process finds against what the old one was told.
func TestNothingPromisedIsLost(t *testing.T) {
	t.Parallel()
	for range 60 {
		disk := newMemory()
		w := &world{found: map[string]string{}}
		for life := range 12 {
			disk = w.live(t, disk, fmt.Sprint(life))
		}
	}
}

// live is the life of one process; it returns the disk as it was left.
func (w *world) live(t *testing.T, disk *memory, name string) *memory {
	cfg := journal.DefaultConfig()
	cfg.SegmentBytes, cfg.CompactBytes, cfg.Retry = 200, 300, time.Millisecond
	var operations atomic.Int64 // until the crash
	operations.Store(int64(rand.N(150)))
	powerCut, faulty := rand.N(2) == 0, rand.N(2) == 0
	disk.fault = func(op, _ string) error {
		if operations.Add(-1) == 0 {
			disk.dead = true
			return errDead
		}
		if faulty && rand.N(10) == 0 && op != "read" && op != "list" && op != "open" && op != "size" {
			return errFull
		}
		return nil
	}
	j, err := journal.Open(cfg, disk, &meter{}, quiet)
	if err == nil {
		w.adopt(t, j, disk)
		w.work(j, disk, name)
		if rand.N(4) == 0 {
			_ = j.Close() // a process that is stopped, in time or not
		}
	}
	next := disk.kill
	if powerCut {
		next = disk.cutPower
	}
	left := next()
	if j != nil {
		_ = j.Close() // the goroutines of the dead process
	}
	check, err := journal.Open(cfg, copyOf(left), &meter{}, quiet)
	require.NoError(t, err)
	got := values(t, check)
	require.NoError(t, check.Close())
	for _, key := range keys {
		require.Contains(t, w.possible(key, !powerCut && !faulty), got[key], "key %s, power cut %v, faults %v", key, powerCut, faulty)
	}
	w.found, w.history = got, nil
	return left
}

var keys = []string{"a", "b", "c", "d", "e"}

// adopt is that a process reads what is there.
func (w *world) adopt(t *testing.T, j *journal.Journal, disk *memory) {
	w.history = map[string][]step{}
	got := map[string]string{}
	err := j.Each(func(key string, value []byte) error {
		got[key] = string(value)
		return nil
	})
	if err != nil {
		disk.mu.Lock()
		defer disk.mu.Unlock()
		require.True(t, disk.dead, "%v", err)
		return
	}
	require.Equal(t, w.found, got)
}

func (w *world) work(j *journal.Journal, disk *memory, name string) {
	for i := range 100 {
		disk.mu.Lock()
		dead := disk.dead
		disk.mu.Unlock()
		if dead {
			return
		}
		key := keys[rand.N(len(keys))]
		value := fmt.Sprintf("%s.%d.%s", name, i, strings.Repeat("x", rand.N(60)))
		s := step{value: value}
		switch rand.N(6) {
		case 0:
			s.value, s.change = "", j.Delete(key)
		case 1:
			s.change = j.Note(key, []byte(value))
		case 2:
			s.change, s.durable = j.Keep(key, []byte(value)), true
		default:
			s.change, s.durable = j.Put(key, []byte(value)), true
		}
		w.history[key] = append(w.history[key], s)
		if rand.N(3) > 0 && !s.durable || rand.N(3) == 0 {
			select {
			case <-s.change.Done():
			case <-time.After(3 * time.Millisecond): // a full disk keeps some waiting
			}
		}
	}
}

func copyOf(m *memory) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.after(m.files, func(f *memoryFile) []byte { return f.data })
}
