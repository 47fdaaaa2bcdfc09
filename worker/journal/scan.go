package journal

import (
	"bytes"
	"io"
)

// gap is a part of a segment that holds no readable frame.
type gap struct{ from, to int64 }

// scan visits the frames of a segment of the given size, in order, and returns
// the parts that it had to pass over. A frame is not used after visit returns.
func scan(r io.ReaderAt, size int64, m marker, visit func(frame)) []gap {
	var gaps []gap
	at := int64(0)
	if headed(r, size) {
		at = int64(len(header))
	}
	for at < size {
		f, ok := readFrame(r, size, at, m)
		if !ok {
			next := resync(r, size, at+1, m)
			gaps = append(gaps, gap{at, next})
			at = next
			continue
		}
		visit(f)
		at += f.size
	}
	return gaps
}

// headed reports whether a segment begins as it should.
func headed(r io.ReaderAt, size int64) bool {
	head := make([]byte, len(header))
	n, _ := r.ReadAt(head, 0)
	return size >= int64(len(header)) && n == len(head) && string(head) == header
}

// Sizes of what is read when looking for a marker, in bytes: a piece, and what
// is passed over when the disk cannot read it.
const (
	pieceBytes  = 64 << 10
	sectorBytes = 4 << 10
)

// resync returns where the next readable frame begins, or size.
func resync(r io.ReaderAt, size, from int64, m marker) int64 {
	piece := make([]byte, pieceBytes)
	for from < size {
		n, err := r.ReadAt(piece[:min(pieceBytes, size-from)], from)
		if n == 0 && err != nil {
			from += sectorBytes
			continue
		}
		found := bytes.Index(piece[:n], m[:])
		if found < 0 {
			// The marker may begin in this piece and end in the next.
			from += max(1, int64(n)-markerBytes+1)
			continue
		}
		from += int64(found)
		if _, ok := readFrame(r, size, from, m); ok {
			return from
		}
		from++
	}
	return size
}
