package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Journal is an open journal. Its methods are safe for concurrent use and do
// not wait for the disk, unless they say so. Changes take effect in the order
// of the calls.
type Journal struct {
	cfg    Config
	folder Folder
	meter  Meter
	log    *slog.Logger

	wake    chan struct{} // holds a token when there is something to do
	synced  chan error    // has the outcome of the sync under way
	writer  sync.WaitGroup
	helpers sync.WaitGroup // the writer's: a sync, a compaction

	mu      sync.Mutex
	queue   []*Change
	started bool // the writer runs
	closed  bool
	// failing is why the last attempt to write failed, nil if it did not.
	failing error

	// What follows is the writer's; Open's before it runs, Close's after.
	index    index
	segments []*segment // sealed ones, in order
	active   *segment   // nil until something is to be written
	next     uint64     // the number of the next segment
	owed     []*Change  // insistent changes that failed
	buf      []byte
	// syncing and written are behind the synced part of the active segment, up
	// to end.
	syncing, written []placed
	syncBegan        time.Time
	end              int64
	// torn says that the active segment may hold a failed change behind its
	// synced part; named that its name is durable.
	torn, named bool

	compacting  *compaction // nil when there is none
	compactedAt time.Time
	failedAt    time.Time // of the last compaction, zero when it went well
	// changed says that there may be overwritten data.
	changed bool
}

// Each calls visit with every key and its value, in the order in which they
// were last put. It reads from the disk, and is for the time before the first
// change.
func (j *Journal) Each(visit func(key string, value []byte) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range j.index.inOrder() {
		f, ok := readFrame(l.segment.file, l.segment.size, l.at, l.segment.marker)
		if !ok {
			return fmt.Errorf("read the journal's %s: the change at %d cannot be read any more", l.segment.name(), l.at)
		}
		if err := visit(f.key, f.value); err != nil {
			return err
		}
	}
	return nil
}

// Put sets a key's value. The change fails when it cannot be written now; then
// the key has the value that it had. value must not be changed any more.
func (j *Journal) Put(key string, value []byte) *Change {
	c := newChange(opPut, key, value)
	c.durable = true
	return j.submit(c)
}

// Keep is Put for what must not get lost: it is tried until it succeeds, and
// fails only when the journal is closed before that.
func (j *Journal) Keep(key string, value []byte) *Change {
	c := newChange(opPut, key, value)
	c.durable, c.insistent = true, true
	return j.submit(c)
}

// Note is Put for what may get lost when the machine dies within moments, or
// when the disk is full.
func (j *Journal) Note(key string, value []byte) *Change {
	return j.submit(newChange(opPut, key, value))
}

// Delete forgets a key, with the strength of Note.
func (j *Journal) Delete(key string) *Change { return j.submit(newChange(opDelete, key, nil)) }

func (j *Journal) submit(c *Change) *Change {
	if len(c.key) > maxKey || len(c.value) > maxValue {
		c.end(fmt.Errorf("a key of %d and a value of %d bytes: too long for the journal", len(c.key), len(c.value)))
		return c
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		c.end(ErrClosed)
		return c
	}
	j.queue = append(j.queue, c)
	if !j.started {
		j.started = true
		j.writer.Go(j.write)
	}
	j.signal()
	return c
}

func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Err returns why changes cannot be written at present, nil when they can.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failing
}

// Close writes what was submitted, once more what could not be written, and
// lets the folder go. What is still not on disk is an error.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.signal()
	j.mu.Unlock()
	j.writer.Wait()
	j.helpers.Wait()
	if c := j.compacting; c != nil {
		j.finish(c)
	}
	var errs []error
	for _, c := range j.owed {
		c.end(ErrClosed)
	}
	if len(j.owed) > 0 {
		errs = append(errs, fmt.Errorf("%d changes could not be written to the journal: %w", len(j.owed), j.failing))
	}
	return errors.Join(append(errs, j.closeFiles())...)
}

func (j *Journal) closeFiles() error {
	var errs []error
	for _, s := range j.segments {
		errs = append(errs, s.file.Close())
	}
	if j.active != nil {
		errs = append(errs, j.active.file.Close())
	}
	return errors.Join(append(errs, j.folder.Close())...)
}
