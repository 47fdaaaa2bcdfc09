package journal

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// compactAgain is the wait after a compaction that failed.
const compactAgain = time.Minute

// compaction is the log being written anew, beside the writer: a base that
// holds the live changes of all segments that were sealed when it began. Only
// its end is the writer's again.
type compaction struct {
	base  *segment
	from  []*segment
	live  []entry // in the order of the log
	moved []location
	began time.Time
	err   error
	done  chan struct{}
}

// entry is a key and where its value is.
type entry struct {
	key string
	location
}

// compactIfDue takes over a compaction that is done, and begins one when
// enough of the log is overwritten.
func (j *Journal) compactIfDue(now time.Time) {
	if c := j.compacting; c != nil {
		select {
		case <-c.done:
			j.finish(c)
		default:
			return
		}
	}
	if !j.compactionDue(now) {
		return
	}
	if j.seal(); j.active != nil {
		return
	}
	c, err := j.begin(now)
	if err != nil {
		j.compactionFailed(now, err)
		return
	}
	j.helpers.Go(func() {
		c.err = c.write()
		close(c.done)
		j.signal()
	})
}

func (j *Journal) compactionDue(now time.Time) bool {
	if !j.failedAt.IsZero() && now.Sub(j.failedAt) < compactAgain {
		return false
	}
	total := j.total()
	overwritten := total - j.index.live
	switch {
	case len(j.segments) >= j.cfg.MaxSegments:
		return true
	case overwritten >= j.cfg.CompactBytes && overwritten > j.index.live:
		return true
	}
	return j.changed && now.Sub(j.compactedAt) >= j.cfg.CompactEvery
}

// begin starts a compaction of all segments; there is no active one.
func (j *Journal) begin(now time.Time) (*compaction, error) {
	c := &compaction{
		base: &segment{number: j.next, marker: newMarker(), kind: kindPartial},
		from: slices.Clone(j.segments), live: j.index.inOrder(), began: now, done: make(chan struct{}),
	}
	file, err := j.folder.Create(c.base.name())
	if err != nil {
		return nil, fmt.Errorf("begin a base of the journal: %w", err)
	}
	c.base.file = file
	j.next++
	j.compacting, j.changed = c, false
	return c, nil
}

// write copies the live changes into the base and syncs it. It verifies each
// on the way: what cannot be read any more must not take the place of what
// perhaps could.
func (c *compaction) write() error {
	out := bufio.NewWriterSize(&appender{file: c.base.file}, 256<<10)
	size, _ := out.WriteString(header)
	at := int64(size)
	var buf []byte
	for _, e := range c.live {
		f, ok := readFrame(e.segment.file, e.segment.size, e.at, e.segment.marker)
		if !ok {
			return fmt.Errorf("read the journal's %s: the change at %d cannot be read any more", e.segment.name(), e.at)
		}
		buf = appendFrame(buf[:0], c.base.marker, f.op, f.key, f.value)
		if _, err := out.Write(buf); err != nil {
			return fmt.Errorf("write a base of the journal: %w", err)
		}
		c.moved = append(c.moved, location{c.base, at, int64(len(buf))})
		at += int64(len(buf))
	}
	c.base.size = at
	if err := errors.Join(out.Flush(), c.base.file.Sync()); err != nil {
		return fmt.Errorf("write a base of the journal: %w", err)
	}
	return nil
}

// appender writes one piece after the other.
type appender struct {
	file io.WriterAt
	at   int64
}

func (a *appender) Write(p []byte) (int, error) {
	n, err := a.file.WriteAt(p, a.at)
	a.at += int64(n)
	return n, err
}

// finish puts the base in the place of the segments that it came from.
func (j *Journal) finish(c *compaction) {
	j.compacting = nil
	err := c.err
	partial := c.base.name()
	if err == nil {
		c.base.kind = kindBase
		err = j.folder.Rename(partial, c.base.name())
	}
	if err != nil {
		j.changed = true
		err = errors.Join(err, c.base.file.Close(), j.folder.Remove(partial))
		j.compactionFailed(c.began, err)
		return
	}
	for i, e := range c.live {
		if j.index.at[e.key] == e.location {
			j.index.put(e.key, c.moved[i])
		}
	}
	later := slices.DeleteFunc(j.segments, func(s *segment) bool { return s.number < c.base.number })
	j.segments = append([]*segment{c.base}, later...)
	j.compactedAt, j.failedAt = time.Now(), time.Time{}
	if err := j.clear(c.from); err != nil {
		j.log.Warn("segments of the journal that are no longer needed could not be cleared away", "error", err)
	}
	j.meter.ObserveCompaction(true, time.Since(c.began))
	j.observeSize()
}

func (j *Journal) compactionFailed(at time.Time, err error) {
	j.failedAt = at
	j.meter.ObserveCompaction(false, time.Since(at))
	j.log.Error("the journal could not be written anew, and goes on growing meanwhile", "error", err)
}

// clear removes segments that a base has replaced, once the base's name is
// durable. Damaged ones are kept under another name.
func (j *Journal) clear(old []*segment) error {
	var errs []error
	for _, s := range old {
		errs = append(errs, s.file.Close())
	}
	if err := j.folder.Sync(); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, s := range old {
		if s.damaged {
			errs = append(errs, j.folder.Rename(s.name(), damagedPrefix+s.name()))
			continue
		}
		errs = append(errs, j.folder.Remove(s.name()))
	}
	return errors.Join(errs...)
}

// total is the size of all segments.
func (j *Journal) total() int64 {
	total := int64(0)
	for _, s := range j.segments {
		total += s.size
	}
	if j.active != nil {
		total += j.active.size
	}
	return total
}

// inOrder returns all keys in the order in which their values stand in the log.
func (x *index) inOrder() []entry {
	out := make([]entry, 0, len(x.at))
	for key, l := range x.at {
		out = append(out, entry{key, l})
	}
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.segment.number, b.segment.number), cmp.Compare(a.at, b.at))
	})
	return out
}
