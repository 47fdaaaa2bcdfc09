package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// batchBytes bounds what is written at once.
const batchBytes = 8 << 20

// write is the goroutine that alone writes changes. While it waits for the
// disk, further changes gather, and then share one write and one sync.
func (j *Journal) write() {
	tick := time.NewTicker(j.cfg.Retry)
	defer tick.Stop()
	for {
		ticked := false
		select {
		case <-j.wake:
		case <-tick.C:
			ticked = true
		}
		closing := j.drain()
		if closing || ticked {
			j.retry()
		}
		if closing {
			j.settle()
			return
		}
		j.compactIfDue(time.Now())
	}
}

// drain writes all that was submitted, and reports whether the journal is being
// closed.
func (j *Journal) drain() (closing bool) {
	for {
		batch, closing := j.take()
		if len(batch) == 0 {
			return closing
		}
		j.writeBatch(batch)
		j.compactIfDue(time.Now())
	}
}

func (j *Journal) take() (batch []*Change, closing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := 0
	for size < batchBytes && len(batch) < len(j.queue) {
		size += len(j.queue[len(batch)].value)
		batch = j.queue[:len(batch)+1]
	}
	if j.queue = j.queue[len(batch):]; len(j.queue) == 0 {
		j.queue = nil
	}
	return batch, j.closed
}

// writeBatch writes changes together. When that fails, each is tried alone: a
// short one may fit where a long one did not.
func (j *Journal) writeBatch(batch []*Change) {
	if err := j.commit(batch); err == nil {
		return
	} else if len(batch) == 1 {
		j.refuse(batch[0], err)
		return
	}
	for _, c := range batch {
		if err := j.commit([]*Change{c}); err != nil {
			j.refuse(c, err)
		}
	}
}

// refuse ends a change that could not be written, or keeps it for later.
func (j *Journal) refuse(c *Change, err error) {
	if c.insistent {
		j.owed = append(j.owed, c)
		return
	}
	c.end(err)
}

// retry tries the owed changes again. While writing fails, it finds out whether
// it still does, even if nothing is owed.
func (j *Journal) retry() {
	owed := j.owed
	j.owed = nil
	switch {
	case len(owed) > 0:
		j.writeBatch(owed)
	case j.Err() != nil:
		probe := newChange(opProbe, "", nil)
		probe.durable = true
		j.writeBatch([]*Change{probe})
	}
}

// commit writes changes to the active segment and syncs it if one of them has
// to be durable. Either all of them are done, or an error is returned and the
// segment is as it was.
func (j *Journal) commit(batch []*Change) error {
	began := time.Now()
	durable := slices.ContainsFunc(batch, func(c *Change) bool { return c.durable || j.owes(c.key) })
	sizes, err := j.append(batch, durable)
	j.mu.Lock()
	if (j.failing == nil) != (err == nil) {
		j.tellFailing(err)
	}
	j.failing = err
	j.mu.Unlock()
	if durable {
		j.meter.ObserveSync(len(batch), err == nil, time.Since(began))
	}
	if err != nil {
		return err
	}
	for i, c := range batch {
		j.index.apply(j.active, c.op, c.key, j.active.size, sizes[i])
		j.active.size += sizes[i]
	}
	j.changed = true
	j.observeSize()
	for _, c := range batch {
		j.disown(c.key)
		c.end(nil)
	}
	if j.active.size >= j.cfg.SegmentBytes {
		j.seal()
	}
	return nil
}

func (j *Journal) tellFailing(err error) {
	if err != nil {
		j.log.Error("the journal cannot be written; no job is taken until it can", "error", err)
		return
	}
	j.log.Info("the journal can be written again")
}

func (j *Journal) owes(key string) bool {
	return slices.ContainsFunc(j.owed, func(c *Change) bool { return c.key == key })
}

// disown ends the owed changes of a key that a later one has overtaken.
func (j *Journal) disown(key string) {
	j.owed = slices.DeleteFunc(j.owed, func(c *Change) bool {
		if c.key == key {
			c.end(nil)
		}
		return c.key == key
	})
}

// append puts the frames of changes behind the end of the active segment, and
// returns their sizes.
func (j *Journal) append(batch []*Change, durable bool) (sizes []int64, err error) {
	if err := j.ready(); err != nil {
		return nil, err
	}
	s := j.active
	j.buf = j.buf[:0]
	if s.size == 0 {
		j.buf = append(j.buf, header...)
	}
	headed := len(j.buf)
	for _, c := range batch {
		before := len(j.buf)
		j.buf = appendFrame(j.buf, s.marker, c.op, c.key, c.value)
		sizes = append(sizes, int64(len(j.buf)-before))
	}
	if _, err = s.file.WriteAt(j.buf, s.size); err == nil && durable {
		err = j.sync()
	}
	if err != nil {
		j.torn = true
		return nil, errors.Join(fmt.Errorf("write to the journal: %w", err), j.cut())
	}
	s.size += int64(headed)
	j.unsynced = !durable
	if cap(j.buf) > 1<<20 {
		j.buf = nil
	}
	return sizes, nil
}

// sync makes the active segment and its name durable.
func (j *Journal) sync() error {
	if err := j.active.file.Sync(); err != nil {
		return err
	}
	if j.named {
		return nil
	}
	if err := j.folder.Sync(); err != nil {
		return err
	}
	j.named = true
	return nil
}

// ready makes the active segment one that can be appended to.
func (j *Journal) ready() error {
	if err := j.cut(); err != nil {
		return err
	}
	if j.active != nil {
		return nil
	}
	s := &segment{number: j.next, marker: newMarker(), kind: kindLog}
	file, err := j.folder.Create(s.name())
	if err != nil {
		return fmt.Errorf("begin a segment of the journal: %w", err)
	}
	s.file = file
	j.next++
	j.active, j.named, j.unsynced = s, false, false
	return nil
}

// cut removes what a failed attempt may have left behind the end of the active
// segment, also from the disk: else it might be there after all when the
// machine comes back from a power cut.
func (j *Journal) cut() error {
	if !j.torn {
		return nil
	}
	if err := j.active.file.Truncate(j.active.size); err != nil {
		return fmt.Errorf("cut the journal back: %w", err)
	}
	if err := j.active.file.Sync(); err != nil {
		return fmt.Errorf("cut the journal back: %w", err)
	}
	j.torn = false
	return nil
}

// settle makes what was written without a sync durable; nothing was promised
// about it, so an error harms nobody.
func (j *Journal) settle() {
	if j.active != nil && j.unsynced {
		_ = j.sync()
	}
}

// seal ends the active segment; the next change begins another. A segment that
// cannot be synced goes on being the active one.
func (j *Journal) seal() {
	if j.active == nil || j.torn {
		return
	}
	if j.unsynced || !j.named {
		if err := j.sync(); err != nil {
			j.log.Warn("a segment of the journal could not be synced", "segment", j.active.name(), "error", err)
			return
		}
		j.unsynced = false
	}
	j.segments = append(j.segments, j.active)
	j.active = nil
}

func (j *Journal) observeSize() { j.meter.ObserveSize(j.total(), j.index.live, len(j.index.at)) }
