package evidence

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

const (
	// dictionaryEntries and dictionaryBytes bound a text column's dictionary.
	dictionaryEntries = 1024
	dictionaryBytes   = 64 << 10
	// trialValues is after how many values a dictionary must have proved that
	// they repeat, at least four times each on average.
	trialValues = 2048
)

// codes are the dictionary indices of the current page.
type codes []uint16

// seal appends the page's values, at least one, as Parquet's RLE and bit-packing hybrid has
// them: the width of a code, then one run, repeated where all are the same and
// bit-packed otherwise.
func (c codes) seal(page []byte, entries int) []byte {
	width := max(1, bits.Len(uint(entries-1)))
	page = append(page, byte(width))
	same := true
	for _, code := range c {
		if code != c[0] {
			same = false
			break
		}
	}
	if same {
		page = binary.AppendUvarint(page, uint64(len(c))<<1)
		page = append(page, byte(c[0]))
		if width > 8 {
			page = append(page, byte(c[0]>>8))
		}
		return page
	}
	return c.pack(page, width)
}

func (c codes) pack(page []byte, width int) []byte {
	groups := (len(c) + 7) / 8
	page = binary.AppendUvarint(page, uint64(groups)<<1|1)
	end := len(page) + groups*width
	var acc uint64
	var held int
	for _, code := range c {
		acc |= uint64(code) << held
		for held += width; held >= 8; held -= 8 {
			page = append(page, byte(acc))
			acc >>= 8
		}
	}
	if held > 0 {
		page = append(page, byte(acc))
	}
	// The last group is filled up with zeros.
	for len(page) < end {
		page = append(page, 0)
	}
	return page
}

// textDictionary collects a text column's values while they are few.
type textDictionary struct {
	index map[string]uint16
	// plain is the dictionary page: each value after its length.
	plain []byte
	page  codes
	// raw is the size of the page's values without a dictionary.
	raw       int
	seen      int
	sealed    bool
	stoppedAt int
}

func newTextDictionary() *textDictionary { return &textDictionary{index: map[string]uint16{}} }

// add takes one value into the page. It reports whether the value is new, and
// false when the dictionary cannot take it.
func (d *textDictionary) add(s []byte) (isNew, ok bool) {
	if d.seen == trialValues && len(d.index)*4 > trialValues {
		return false, false
	}
	code, found := d.index[string(s)]
	if !found {
		if len(d.index) >= dictionaryEntries || len(d.plain)+len(s) > dictionaryBytes {
			return false, false
		}
		code = uint16(len(d.index))
		d.index[string(s)] = code
		d.plain = binary.LittleEndian.AppendUint32(d.plain, uint32(len(s)))
		d.plain = append(d.plain, s...)
	}
	d.seen++
	d.raw += 4 + len(s)
	d.page = append(d.page, code)
	return !found, true
}

// spellOut turns the page's codes back into plain values.
func (d *textDictionary) spellOut(page []byte) []byte {
	starts := make([]int, 0, len(d.index))
	for at := 0; at < len(d.plain); {
		starts = append(starts, at)
		at += 4 + int(binary.LittleEndian.Uint32(d.plain[at:]))
	}
	starts = append(starts, len(d.plain))
	for _, code := range d.page {
		page = append(page, d.plain[starts[code]:starts[code+1]]...)
	}
	d.page, d.raw = d.page[:0], 0
	return page
}

func (d *textDictionary) seal(page []byte) []byte {
	d.sealed = true
	page = d.page.seal(page, len(d.index))
	d.page, d.raw = d.page[:0], 0
	return page
}

func (d *textDictionary) reset() {
	clear(d.index)
	d.plain, d.page, d.raw, d.seen, d.sealed = d.plain[:0], d.page[:0], 0, 0, false
}

// codedValues are arrays that come as a dictionary, the same one each time.
type codedValues struct {
	inner   values
	entries int
	plain   []byte
	page    codes
}

func (v *codedValues) step(arrow.Array, int) int { return pageRows }

func (v *codedValues) full([]byte) bool { return false }

func (v *codedValues) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	coded := arr.(*array.Dictionary)
	if v.plain == nil {
		dict := coded.Dictionary()
		plain, err := v.inner.put(nil, dict, 0, dict.Len())
		if err != nil {
			return page, err
		}
		v.plain, v.entries = plain, dict.Len()
	}
	for _, code := range arrow.GetValues[int8](coded.Data(), 1)[from:to] {
		v.page = append(v.page, uint16(code))
	}
	return page, nil
}

func (v *codedValues) seal(page []byte) ([]byte, parquet.Encoding) {
	page = v.page.seal(page, v.entries)
	v.page = v.page[:0]
	return page, parquet.Encodings.RLEDict
}

func (v *codedValues) stats(s *metadata.EncodedStatistics) { v.inner.stats(s) }

func (v *codedValues) dictionary() ([]byte, int) { return v.plain, v.entries }

func (v *codedValues) reset() {
	v.inner.reset()
	v.plain, v.entries, v.page = nil, 0, v.page[:0]
}
