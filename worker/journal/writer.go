package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// batchBytes bounds what is written at once.
const batchBytes = 8 << 20

// placed is a change that is written to the active segment and not yet synced.
type placed struct {
	*Change
	at, size int64
}

// write is the goroutine that alone changes the log. What is submitted is
// written at once, so that it survives the death of the process, also while a
// sync is under way; all that was written meanwhile shares the next one.
//
// What is written and not synced is in j.syncing, which the sync under way
// covers, then in j.written. The index and the active segment's size know of
// synced changes alone, so that a failure has one cure: cut the segment back to
// that size, and do again, each alone, what was cut off.
func (j *Journal) write() {
	tick := time.NewTicker(j.cfg.Retry)
	defer tick.Stop()
	for {
		ticked := false
		select {
		case <-j.wake:
		case err := <-j.synced:
			j.endSync(err)
		case <-tick.C:
			ticked = true
		}
		more, closing := j.appendQueued()
		for closing && more {
			more, _ = j.appendQueued()
		}
		if closing || ticked {
			j.retry()
		}
		if closing {
			j.flush()
			return
		}
		if more {
			j.signal()
		}
		j.beginSync(ticked)
		if j.active != nil && j.end >= j.cfg.SegmentBytes {
			j.seal()
		}
		j.compactIfDue(time.Now())
	}
}

// appendQueued writes what was submitted, up to a bound. It reports whether
// there is more, and whether the journal is being closed.
func (j *Journal) appendQueued() (more, closing bool) {
	j.mu.Lock()
	size, n := 0, 0
	for size < batchBytes && n < len(j.queue) {
		size += len(j.queue[n].value)
		n++
	}
	batch := j.queue[:n:n]
	if j.queue = j.queue[n:]; len(j.queue) == 0 {
		j.queue = nil
	}
	more, closing = j.queue != nil, j.closed
	j.mu.Unlock()
	j.appendBatch(batch)
	return more, closing
}

// appendBatch writes changes behind what is written already.
func (j *Journal) appendBatch(batch []*Change) {
	if len(batch) == 0 {
		return
	}
	list, err := j.put(batch)
	if err != nil {
		j.redo(batch, err)
		return
	}
	j.written = append(j.written, list...)
	for _, c := range batch {
		if !c.durable {
			c.end(nil)
		}
	}
}

// put writes the frames of changes to the end of the active segment.
func (j *Journal) put(batch []*Change) ([]placed, error) {
	if err := j.ready(); err != nil {
		return nil, err
	}
	j.buf = j.buf[:0]
	if j.end == 0 {
		j.buf = append(j.buf, header...)
	}
	list := make([]placed, len(batch))
	for i, c := range batch {
		at := len(j.buf)
		j.buf = appendFrame(j.buf, j.active.marker, c.op, c.key, c.value)
		list[i] = placed{c, j.end + int64(at), int64(len(j.buf) - at)}
	}
	if _, err := j.active.file.WriteAt(j.buf, j.end); err != nil {
		return nil, fmt.Errorf("write to the journal: %w", err)
	}
	j.end += int64(len(j.buf))
	if cap(j.buf) > 1<<20 {
		j.buf = nil
	}
	return list, nil
}

// beginSync syncs what is written, beside the writer, if something there is
// waited for, or if all is set.
func (j *Journal) beginSync(all bool) {
	if j.syncing != nil || len(j.written) == 0 {
		return
	}
	if !all && !slices.ContainsFunc(j.written, func(p placed) bool { return p.durable || j.owes(p.key) }) {
		return
	}
	j.syncing, j.written, j.syncBegan = j.written, nil, time.Now()
	file, named := j.active.file, j.named
	j.helpers.Go(func() { j.synced <- j.sync(file, named) })
}

// sync makes a segment durable, and its name if that is not yet.
func (j *Journal) sync(file File, named bool) error {
	err := file.Sync()
	if err == nil && !named {
		err = j.folder.Sync()
	}
	if err != nil {
		return fmt.Errorf("write to the journal: %w", err)
	}
	return nil
}

// endSync ends the changes that a sync covered.
func (j *Journal) endSync(err error) {
	list := j.syncing
	j.meter.ObserveSync(len(list), err == nil, time.Since(j.syncBegan))
	if err != nil {
		j.redo(nil, err)
		return
	}
	j.syncing = nil
	j.apply(list)
}

// apply takes over changes that are synced.
func (j *Journal) apply(list []placed) {
	j.setFailing(nil)
	j.named, j.changed = true, true
	for _, p := range list {
		j.index.apply(j.active, p.op, p.key, p.at, p.size)
		j.active.size = p.at + p.size
	}
	j.observeSize()
	for _, p := range list {
		j.disown(p.key)
		p.end(nil)
	}
}

// flush waits until all that is written is synced, or has failed.
func (j *Journal) flush() {
	for j.syncing != nil || len(j.written) > 0 {
		j.beginSync(true)
		j.endSync(<-j.synced)
	}
}

// redo is what follows a failure: nobody knows what of the changes since the
// last sync is on disk, so they are cut off and done again, each alone. A short
// one may fit where a long one did not.
func (j *Journal) redo(batch []*Change, err error) {
	if j.syncing != nil && batch != nil {
		// A write failed beside a sync, which may well succeed.
		if syncErr := <-j.synced; syncErr == nil {
			list := j.syncing
			j.syncing = nil
			j.apply(list)
		}
	}
	var again []*Change
	for _, p := range slices.Concat(j.syncing, j.written) {
		again = append(again, p.Change)
	}
	j.syncing, j.written = nil, nil
	j.torn = j.active != nil
	j.setFailing(err)
	for _, c := range append(again, batch...) {
		if err := j.commit(c); err != nil {
			j.setFailing(err)
			j.refuse(c, err)
		}
	}
}

// commit writes and syncs one change, with nothing else under way. After an
// error the segment is as it was, or torn.
func (j *Journal) commit(c *Change) error {
	began := time.Now()
	list, err := j.put([]*Change{c})
	if err == nil {
		err = j.sync(j.active.file, j.named)
	}
	j.meter.ObserveSync(1, err == nil, time.Since(began))
	if err != nil {
		j.torn = j.active != nil
		return errors.Join(err, j.cut())
	}
	j.apply(list)
	return nil
}

// refuse ends a change that could not be written, or keeps it for later.
func (j *Journal) refuse(c *Change, err error) {
	if c.insistent {
		j.owed = append(j.owed, c)
		return
	}
	c.end(err)
}

// retry tries the owed changes again, after what was submitted later and may
// have overtaken them. While writing fails, it finds out whether it still does,
// even if nothing is owed.
func (j *Journal) retry() {
	if len(j.owed) == 0 && j.Err() == nil {
		return
	}
	j.flush()
	owed := j.owed
	j.owed = nil
	switch {
	case len(owed) > 0:
		j.appendBatch(owed)
	case j.Err() != nil:
		probe := newChange(opProbe, "", nil)
		probe.durable = true
		j.appendBatch([]*Change{probe})
	}
	j.flush()
}

// setFailing keeps why the journal cannot be written, and tells when that
// begins and ends.
func (j *Journal) setFailing(err error) {
	j.mu.Lock()
	before := j.failing
	j.failing = err
	j.mu.Unlock()
	switch {
	case before == nil && err != nil:
		j.log.Error("the journal cannot be written; no job is taken until it can", "error", err)
	case before != nil && err == nil:
		j.log.Info("the journal can be written again")
	}
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
	j.active, j.end, j.named = s, 0, false
	return nil
}

// cut removes what a failed attempt may have left behind the synced part of the
// active segment, also from the disk: else it might be there after all when the
// machine comes back from a power cut.
func (j *Journal) cut() error {
	if !j.torn {
		return nil
	}
	if err := errors.Join(j.active.file.Truncate(j.active.size), j.active.file.Sync()); err != nil {
		return fmt.Errorf("cut the journal back: %w", err)
	}
	j.torn, j.end = false, j.active.size
	return nil
}

// seal ends the active segment; the next change begins another. A segment that
// cannot be synced goes on being the active one.
func (j *Journal) seal() {
	j.flush()
	if j.active == nil || j.torn {
		return
	}
	j.segments = append(j.segments, j.active)
	j.active = nil
}

func (j *Journal) observeSize() { j.meter.ObserveSize(j.total(), j.index.live, len(j.index.at)) }
