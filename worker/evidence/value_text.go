package evidence

import (
	"bytes"
	"encoding/binary"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// statBytes is the longest value that is kept as a bound. Unit: bytes.
const statBytes = 256

// byteBounds are the smallest and largest byte string, in unsigned order.
type byteBounds struct {
	low, high       []byte
	lowKey, highKey uint64
	any             bool
}

// sortKey orders like the first 8 bytes of v.
func sortKey(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	var short [8]byte
	copy(short[:], v)
	return binary.BigEndian.Uint64(short[:])
}

// add takes v itself; own makes it safe to let go of.
func (b *byteBounds) add(v []byte) {
	key := sortKey(v)
	if b.any && key > b.lowKey && key < b.highKey {
		return
	}
	if !b.any || key < b.lowKey || key == b.lowKey && bytes.Compare(v, b.low) < 0 {
		b.low, b.lowKey = v, key
	}
	if !b.any || key > b.highKey || key == b.highKey && bytes.Compare(v, b.high) > 0 {
		b.high, b.highKey = v, key
	}
	b.any = true
}

// own copies the bounds out of the batch that they lie in.
func (b *byteBounds) own() {
	if b.any {
		b.low, b.high = bytes.Clone(b.low), bytes.Clone(b.high)
	}
}

func (b *byteBounds) stats(s *metadata.EncodedStatistics) {
	if b.any && len(b.low) <= statBytes && len(b.high) <= statBytes {
		// An empty bound must be an empty slice: nil means that there is none.
		setBounds(s, append([]byte{}, b.low...), append([]byte{}, b.high...))
	}
}

// textValues are byte strings, each after its length. Columns that turn out to
// repeat a few values get a dictionary.
type textValues[O int32 | int64] struct {
	byteBounds
	dict *textDictionary
	// inDict says that the current page is made of codes.
	inDict bool
}

func newTextValues[O int32 | int64]() *textValues[O] {
	return &textValues[O]{dict: newTextDictionary(), inDict: true}
}

// step is how many rows fill a page, at least one.
func (v *textValues[O]) step(arr arrow.Array, from int) int {
	offsets := arrow.GetOffsets[O](arr.Data(), 1)[from:]
	last := min(len(offsets)-1, 4096)
	if int64(offsets[last])-int64(offsets[0]) <= pageBytes {
		return last
	}
	n := sort.Search(last, func(i int) bool { return int64(offsets[i])-int64(offsets[0]) > pageBytes })
	return max(1, n-1)
}

// full looks at the size without the dictionary, too, because a page of codes
// may have to become a plain one.
func (v *textValues[O]) full(page []byte) bool {
	if v.inDict {
		return v.dict.raw >= 8*pageBytes
	}
	return plainPages{}.full(page)
}

// plainOnly is for the values of a dictionary itself.
func (v *textValues[O]) plainOnly() { v.inDict = false }

func (v *textValues[O]) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	if v.inDict {
		if v.putCodes(arr, from, to) {
			return page, nil
		}
		// The first values did not repeat enough, or too many different ones
		// came: the page goes on as a plain one.
		page, v.inDict = v.dict.spellOut(page), false
		from = v.dict.stoppedAt
	}
	bitmap, nulls := arr.NullBitmapBytes(), arr.NullN() > 0
	offsets := arrow.GetOffsets[O](arr.Data(), 1)
	text := bufferBytes(arr, 2)
	for i := from; i < to; i++ {
		if nulls && !present(bitmap, arr, i) {
			continue
		}
		s := text[offsets[i]:offsets[i+1]]
		page = binary.LittleEndian.AppendUint32(page, uint32(len(s)))
		page = append(page, s...)
		v.add(s)
	}
	v.own()
	return page, nil
}

// putCodes reports false when the dictionary is of no use any more; the row
// that it stopped at is then in the dictionary's stoppedAt.
func (v *textValues[O]) putCodes(arr arrow.Array, from, to int) bool {
	bitmap, nulls := arr.NullBitmapBytes(), arr.NullN() > 0
	offsets := arrow.GetOffsets[O](arr.Data(), 1)
	text := bufferBytes(arr, 2)
	for i := from; i < to; i++ {
		if nulls && !present(bitmap, arr, i) {
			continue
		}
		s := text[offsets[i]:offsets[i+1]]
		isNew, ok := v.dict.add(s)
		if !ok {
			v.dict.stoppedAt = i
			v.own()
			return false
		}
		if isNew {
			v.add(s)
		}
	}
	v.own()
	return true
}

func bufferBytes(arr arrow.Array, i int) []byte {
	if b := arr.Data().Buffers()[i]; b != nil {
		return b.Bytes()
	}
	return nil
}

func (v *textValues[O]) seal(page []byte) ([]byte, parquet.Encoding) {
	// A page of nulls alone needs no dictionary.
	if !v.inDict || len(v.dict.page) == 0 {
		return page, parquet.Encodings.Plain
	}
	return v.dict.seal(page), parquet.Encodings.RLEDict
}

func (v *textValues[O]) dictionary() ([]byte, int) {
	if !v.dict.sealed {
		return nil, 0
	}
	return v.dict.plain, len(v.dict.index)
}

// reset keeps to the decision that the last chunk ended with.
func (v *textValues[O]) reset() {
	v.byteBounds = byteBounds{}
	v.dict.reset()
}

// binaryValues are byte strings of one length.
type binaryValues struct {
	plainPages
	byteBounds
	width int
}

func (v *binaryValues) put(page []byte, arr arrow.Array, from, to int) ([]byte, error) {
	bitmap, nulls := arr.NullBitmapBytes(), arr.NullN() > 0
	raw := bufferBytes(arr, 1)[arr.Data().Offset()*v.width:]
	for i := from; i < to; i++ {
		if nulls && !present(bitmap, arr, i) {
			continue
		}
		s := raw[i*v.width : (i+1)*v.width]
		page = append(page, s...)
		v.add(s)
	}
	v.own()
	return page, nil
}

func (v *binaryValues) reset() { v.byteBounds = byteBounds{} }
