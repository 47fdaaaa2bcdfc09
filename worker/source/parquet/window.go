package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"

	"golang.org/x/sync/errgroup"

	"kallad/worker/blob"
)

const (
	// joinGap is how many unwanted bytes between two wanted ranges are read
	// along, to save a request.
	joinGap = 256 << 10
	// requestBytes is the size of one request when a row group is fetched.
	requestBytes = 8 << 20
	// requestsAtOnce is how many are under way for one row group.
	requestsAtOnce = 4
	// localWindow and remoteWindow are what a column reads at a time, less
	// where so many are read that ReadAheadBytes would not do.
	localWindow  = 1 << 20
	remoteWindow = 8 << 20
	leastWindow  = 64 << 10
)

// byteRange is a part of a file.
type byteRange struct {
	from, to int64
}

// chunkRanges are where a row group's wanted columns lie, joined where they
// are neighbours, in order.
func (f *footer) chunkRanges(group int, leaves []int) ([]byteRange, error) {
	meta := f.meta.RowGroup(group)
	ranges := make([]byteRange, 0, len(leaves))
	for _, leaf := range leaves {
		chunk, err := meta.ColumnChunk(leaf)
		if err != nil {
			return nil, err
		}
		from := chunk.DataPageOffset()
		if d := chunk.DictionaryPageOffset(); chunk.HasDictionaryPage() && d > 0 && d < from {
			from = d
		}
		to := from + chunk.TotalCompressedSize()
		if from < 0 || to < from || to > f.size {
			return nil, fmt.Errorf("a column's bytes %d to %d are not in the file, which has %d", from, to, f.size)
		}
		ranges = append(ranges, byteRange{from, to})
	}
	sort.Slice(ranges, func(i, j int) bool { return ranges[i].from < ranges[j].from })
	joined := ranges[:0]
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.from-joined[n-1].to <= joinGap {
			joined[n-1].to = max(joined[n-1].to, r.to)
			continue
		}
		joined = append(joined, r)
	}
	return joined, nil
}

// window is a file as the Parquet library reads it: from what was fetched, or
// from the object. It keeps the stream's context, because io.ReaderAt has none.
type window struct {
	ctx     context.Context
	obj     blob.Object
	fetched []piece
	// err is the first fault in reading, as opposed to one in the content.
	err error
}

type piece struct {
	at   int64
	data []byte
}

// fetch reads the ranges into memory, in place of what was fetched before.
func (w *window) fetch(ranges []byteRange) error {
	w.fetched = w.fetched[:0]
	group, ctx := errgroup.WithContext(w.ctx)
	group.SetLimit(requestsAtOnce)
	for _, r := range ranges {
		whole := piece{at: r.from, data: make([]byte, r.to-r.from)}
		w.fetched = append(w.fetched, whole)
		for from := int64(0); from < int64(len(whole.data)); from += requestBytes {
			part := whole.data[from:min(from+requestBytes, int64(len(whole.data)))]
			at := r.from + from
			group.Go(func() error { return readFull(ctx, w.obj, part, at) })
		}
	}
	w.err = group.Wait()
	return w.err
}

func readFull(ctx context.Context, obj blob.Object, p []byte, at int64) error {
	n, err := obj.ReadAt(ctx, p, at)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ReadAt implements io.ReaderAt.
func (w *window) ReadAt(p []byte, at int64) (int, error) {
	for _, f := range w.fetched {
		if at >= f.at && at+int64(len(p)) <= f.at+int64(len(f.data)) {
			return copy(p, f.data[at-f.at:]), nil
		}
	}
	n, err := w.obj.ReadAt(w.ctx, p, at)
	if err != nil && !errors.Is(err, io.EOF) && w.err == nil {
		w.err = err
	}
	return n, err
}
