package journal

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// header is the first line of each segment. It is for people: what a reader has
// to know is in the name.
const header = "kallad journal 1\n"

const markerBytes = 8

// marker begins each frame of one segment.
type marker [markerBytes]byte

func newMarker() marker {
	var m marker
	_, _ = rand.Read(m[:]) // never fails, see crypto/rand
	return m
}

// The kinds of segments, as their names end. A format that this one cannot be
// read as gets kinds of its own.
const (
	kindLog  = "log"
	kindBase = "base"
	// kindPartial is a base in the making.
	kindPartial = "partial"
)

// damagedPrefix begins the names of segments that are kept for people.
const damagedPrefix = "damaged-"

// segment is one file of the log.
type segment struct {
	number uint64
	marker marker
	kind   string
	file   File
	size   int64
	// damaged says that a part of it could not be read.
	damaged bool
}

func (s *segment) name() string {
	return fmt.Sprintf("%08d-%s.%s", s.number, hex.EncodeToString(s.marker[:]), s.kind)
}

// parseSegment takes a file's name apart; false for files that are no segments.
// The kind may be unknown.
func parseSegment(name string) (*segment, bool) {
	stem, kind, ok := strings.Cut(name, ".")
	if !ok {
		return nil, false
	}
	digits, mark, ok := strings.Cut(stem, "-")
	number, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil {
		return nil, false
	}
	raw, err := hex.DecodeString(mark)
	if err != nil || len(raw) != markerBytes {
		return nil, false
	}
	return &segment{number: number, kind: kind, marker: marker(raw)}, true
}

func sortSegments(list []*segment) {
	slices.SortFunc(list, func(a, b *segment) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name(), b.name()))
	})
}

// location is where the latest value of a key is.
type location struct {
	segment  *segment
	at, size int64
}

// index knows where each key's value is, and how much of the log is live.
type index struct {
	at   map[string]location
	live int64
}

func newIndex() index { return index{at: map[string]location{}} }

func (x *index) put(key string, l location) {
	x.live += l.size - x.at[key].size
	x.at[key] = l
}

func (x *index) remove(key string) {
	x.live -= x.at[key].size
	delete(x.at, key)
}

// apply takes over what a frame of a segment says.
func (x *index) apply(s *segment, op byte, key string, at, size int64) {
	switch op {
	case opPut:
		x.put(key, location{s, at, size})
	case opDelete:
		x.remove(key)
	}
}
