package csv

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"kallad/worker/source"
)

// place is a text offset of one of the source's files.
type place struct {
	file   int
	offset int64
}

// Split implements source.Source.
func (s *Source) Split(ctx context.Context, scan source.Scan, want int) ([]source.Partition, error) {
	l, err := s.layout(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.plan(scan, &payload{Dialect: l.dialect, Columns: l.columns}); err != nil {
		return nil, err
	}
	places, err := s.places(ctx, l, max(1, min(want, l.description.MaxPartitions)))
	if err != nil {
		return nil, err
	}
	var parts []source.Partition
	for i := range places[1:] {
		p := payload{Dialect: l.dialect, Columns: l.columns, Segments: segments(l.files, places[i], places[i+1])}
		rows, bytes := l.estimate(p.Segments)
		part, err := p.partition(i, rows, bytes)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// segments returns what lies between two places.
func segments(files []file, from, to place) []segment {
	var out []segment
	for i := from.file; i <= to.file && i < len(files); i++ {
		f := files[i]
		seg := segment{File: f, Start: f.Data, End: -1}
		if !f.streamed() {
			seg.End = f.Size
		}
		if i == from.file {
			seg.Start = from.offset
		}
		if i == to.file {
			seg.End = to.offset
		}
		if seg.End < 0 || seg.Start < seg.End {
			out = append(out, seg)
		}
	}
	return out
}

// cut is where one partition should end and the next begin.
type cut struct {
	place
	found bool // the offset is a record's start
}

// places returns the record starts that bound at most want partitions, the
// beginning and the end of the data among them.
func (s *Source) places(ctx context.Context, l *layout, want int) ([]place, error) {
	cuts := l.cuts(want)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i := 0; i < len(cuts); {
		j := i
		for j < len(cuts) && cuts[j].file == cuts[i].file {
			j++
		}
		own := cuts[i:j]
		group.Go(func() error { return s.settle(groupCtx, l, own) })
		i = j
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	places := []place{{file: 0, offset: l.start(0)}}
	for _, c := range cuts {
		last := places[len(places)-1]
		if c.found && (c.file > last.file || c.offset > last.offset) {
			places = append(places, c.place)
		}
	}
	return append(places, place{file: len(l.files)}), nil
}

// start is where file i's records begin.
func (l *layout) start(i int) int64 {
	if i >= len(l.files) {
		return 0
	}
	return l.files[i].Data
}

// cuts divides the bytes of all files evenly. A cut within a file that has to
// be read as one stream moves to the file's start.
func (l *layout) cuts(want int) []cut {
	var total int64
	for _, f := range l.files {
		total += f.Size - f.skipped()
	}
	var cuts []cut
	var before int64
	next := 1
	for i, f := range l.files {
		size := f.Size - f.skipped()
		for ; next < want; next++ {
			at := total * int64(next) / int64(want)
			if at >= before+size {
				break
			}
			c := cut{place: place{file: i, offset: f.Data}, found: true}
			if !f.streamed() && at > before {
				c.offset, c.found = f.Data+at-before, false
			}
			cuts = append(cuts, c)
		}
		before += size
	}
	return cuts
}

// skipped is how many bytes before the first record count as no data.
func (f *file) skipped() int64 {
	if f.streamed() {
		return 0
	}
	return f.Data
}

// settle moves the cuts of one file to starts of records. Cuts for which the
// file has none stay unfound.
func (s *Source) settle(ctx context.Context, l *layout, cuts []cut) error {
	f := &l.files[cuts[0].file]
	if f.streamed() || (len(cuts) == 1 && cuts[0].found) {
		return nil
	}
	obj, err := s.store.OpenVersion(ctx, f.URI, f.Version)
	if err != nil {
		return readError(f.URI, err)
	}
	in := &finder{obj: obj, file: f, automaton: newAutomaton(&l.dialect, f.Newline)}
	err = errors.Join(in.settle(ctx, cuts), obj.Close())
	if err != nil {
		return readError(f.URI, err)
	}
	return nil
}

// settle looks around each cut first. The cuts that this does not settle are
// found by following the records from the last start that is known.
func (f *finder) settle(ctx context.Context, cuts []cut) error {
	if err := f.settleNear(ctx, cuts); err != nil {
		return err
	}
	known := f.file.Data
	for i := range cuts {
		c := &cuts[i]
		if !c.found {
			start, err := f.first(ctx, f.track(known, atStart), max(c.offset, known))
			if errors.Is(err, errBroken) {
				continue
			}
			if err != nil {
				return err
			}
			c.offset, c.found = start, start < f.file.Size
		}
		if c.found {
			known = max(known, c.offset)
		}
	}
	return nil
}

// settleNear settles the cuts that can be settled without reading all of what
// lies before them. Where a partition is not much longer than a record may be,
// a text without quotes would be read whole, so only a part of it is looked
// at: most texts with quotes settle at once.
func (f *finder) settleNear(ctx context.Context, cuts []cut) error {
	share := (f.file.Size - f.file.Data) / int64(len(cuts)+1)
	if share < 2*int64(f.MaxRecord) {
		share /= 8
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i := range cuts {
		c := &cuts[i]
		if c.found {
			continue
		}
		limit := f.file.Size
		if i+1 < len(cuts) {
			limit = cuts[i+1].offset
		}
		limit = min(limit, c.offset+share+1)
		group.Go(func() error {
			start, err := f.near(ctx, c.offset, limit)
			if errors.Is(err, errBroken) || errors.Is(err, errUnsettled) {
				return nil
			}
			if err != nil {
				return err
			}
			c.offset, c.found = start, start < f.file.Size
			return nil
		})
	}
	return group.Wait()
}
