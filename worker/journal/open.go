package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Open opens the journal in a folder, which belongs to it from then on, also
// when an error is returned. cfg must be valid. What cannot be read is no
// error: a torn end is cut, a damaged part is passed over and its segment kept
// under another name, and both are logged.
func Open(cfg Config, folder Folder, meter Meter, log *slog.Logger) (*Journal, error) {
	j := &Journal{
		cfg: cfg, folder: folder, meter: meter, log: log,
		wake: make(chan struct{}, 1), synced: make(chan error, 1), index: newIndex(), next: 1, compactedAt: time.Now(),
	}
	if err := j.recover(); err != nil {
		return nil, errors.Join(err, j.closeFiles())
	}
	j.observeSize()
	return j, nil
}

func (j *Journal) recover() error {
	found, err := j.find()
	if err != nil {
		return err
	}
	var damaged, tail int64
	for i, s := range found {
		if err := j.openSegment(s); err != nil {
			return err
		}
		d, t, err := j.replay(s, i == len(found)-1 && s.kind == kindLog)
		if err != nil {
			return err
		}
		damaged, tail = damaged+d, tail+t
		j.next = s.number + 1
	}
	if damaged > 0 || tail > 0 {
		j.meter.ObserveLoss(damaged, tail)
	}
	if len(found) > 1 || len(found) == 1 && (damaged > 0 || found[0].kind == kindLog) {
		j.compactNow()
	}
	return nil
}

// find returns the segments that count, in order, and removes those that do
// not any more.
func (j *Journal) find() ([]*segment, error) {
	names, err := j.folder.List()
	if err != nil {
		return nil, fmt.Errorf("list the journal's files: %w", err)
	}
	var segments []*segment
	var obsolete []string
	base := uint64(0)
	for _, name := range names {
		s, ok := parseSegment(name)
		switch {
		case !ok:
		case s.kind == kindPartial:
			obsolete = append(obsolete, name)
		case s.kind != kindLog && s.kind != kindBase:
			return nil, fmt.Errorf("the journal has a file %q that this version of kallad cannot read; go on with the version that wrote it", name)
		default:
			if segments = append(segments, s); s.kind == kindBase {
				base = max(base, s.number)
			}
		}
	}
	sortSegments(segments)
	segments = slices.DeleteFunc(segments, func(s *segment) bool {
		if s.number < base {
			obsolete = append(obsolete, s.name())
		}
		return s.number < base
	})
	for _, name := range obsolete {
		if err := j.folder.Remove(name); err != nil {
			return nil, fmt.Errorf("clear the journal: %w", err)
		}
	}
	return segments, nil
}

func (j *Journal) openSegment(s *segment) error {
	file, err := j.folder.Open(s.name())
	if err != nil {
		return fmt.Errorf("open the journal's %s: %w", s.name(), err)
	}
	s.file = file
	j.segments = append(j.segments, s)
	if s.size, err = file.Size(); err != nil {
		return fmt.Errorf("open the journal's %s: %w", s.name(), err)
	}
	return nil
}

// replay takes over what a segment says. It returns the number of bytes in it
// that could not be read, and of those that were cut from its end, where only
// the last segment may be torn.
func (j *Journal) replay(s *segment, last bool) (damaged, tail int64, err error) {
	gaps := scan(s.file, s.size, s.marker, func(f frame) { j.index.apply(s, f.op, f.key, f.at, f.size) })
	// What a killed process wrote and did not sync has been believed by now.
	if err := s.file.Sync(); err != nil {
		return 0, 0, fmt.Errorf("open the journal's %s: %w", s.name(), err)
	}
	if n := len(gaps); last && n > 0 && gaps[n-1].to == s.size {
		torn := gaps[n-1]
		gaps = gaps[:n-1]
		tail = s.size - torn.from
		if err := s.cut(torn.from); err != nil {
			return 0, 0, err
		}
		j.log.Warn("the end of the journal was not written to its end, and is cut; a job whose POST was being answered then has to be posted again",
			"segment", s.name(), "bytes", tail)
	}
	if len(gaps) == 0 {
		return 0, tail, nil
	}
	s.damaged = true
	places := make([]string, len(gaps))
	for i, g := range gaps {
		places[i] = fmt.Sprintf("%d-%d", g.from, g.to)
		damaged += g.to - g.from
	}
	j.log.Error("the journal is damaged: parts of it cannot be read, and what was written there alone is lost; jobs may be missing, or run again",
		"segment", s.name(), "bytes", damaged, "at", strings.Join(places, ","), "kept_as", damagedPrefix+s.name())
	return damaged, tail, nil
}

// cut makes the segment end at an offset, before another may follow it.
func (s *segment) cut(at int64) error {
	if err := errors.Join(s.file.Truncate(at), s.file.Sync()); err != nil {
		return fmt.Errorf("cut the end of the journal's %s: %w", s.name(), err)
	}
	s.size = at
	return nil
}

// compactNow writes the log anew before anything else happens: a damaged
// segment is set aside, and restarts do not pile segments up. When it fails,
// all stays as it is.
func (j *Journal) compactNow() {
	now := time.Now()
	c, err := j.begin(now)
	if err != nil {
		j.compactionFailed(now, err)
		return
	}
	c.err = c.write()
	j.finish(c)
}
