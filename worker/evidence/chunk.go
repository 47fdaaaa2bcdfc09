package evidence

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/s2"
)

// levelRoom is kept free before a page's values for its definition levels: the
// length, a run's header, and a bit for each row.
const levelRoom = 4 + binary.MaxVarintLen32 + pageRows/8

// chunk is one column of the current row group. Its buffers are kept from one
// row group to the next.
//
// A page (version 1) is the definition levels, then the values that are not
// null. As both have one bit or none per row, the levels are Arrow's validity
// bitmap, as one bit-packed run, or a single repeated bit.
type chunk struct {
	descr    *schema.Column
	optional bool
	compress func(dst, src []byte) []byte
	values   values

	// page is levelRoom bytes, then the values of the current page.
	page  []byte
	valid []byte
	rows  int
	nulls int

	// body is the finished pages, compressed, one after the other.
	body       []byte
	pages      []pageInfo
	totalNulls int64
}

// pageInfo describes a finished page in a chunk's body.
type pageInfo struct {
	rows         int32
	uncompressed int32
	end          int
	encoding     parquet.Encoding
}

// values knows the type of a column.
type values interface {
	// step returns how many rows from row `from` fit well into one page.
	step(arr arrow.Array, from int) int
	// full reports whether the page should end.
	full(page []byte) bool
	// put appends the values of the rows that are not null to page.
	put(page []byte, arr arrow.Array, from, to int) ([]byte, error)
	// seal makes the end of a page and names its encoding.
	seal(page []byte) ([]byte, parquet.Encoding)
	// stats sets the smallest and largest value of the chunk, if known.
	stats(s *metadata.EncodedStatistics)
	// dictionary returns the chunk's dictionary page and its number of
	// entries; nil when it has none.
	dictionary() ([]byte, int)
	// reset starts the next chunk.
	reset()
}

func newChunk(descr *schema.Column, t arrow.DataType, compressPage func(dst, src []byte) []byte) *chunk {
	return &chunk{
		descr:    descr,
		optional: descr.MaxDefinitionLevel() > 0,
		compress: compressPage,
		values:   valuesOf(t, descr),
		page:     make([]byte, levelRoom, levelRoom+pageBytes+pageBytes/4),
		valid:    make([]byte, pageRows/8),
	}
}

func (c *chunk) write(arr arrow.Array) error {
	hasNulls := arr.NullN() > 0
	if hasNulls && !c.optional {
		return fmt.Errorf("null in a column that has none by definition")
	}
	for from := 0; from < arr.Len(); {
		to := min(arr.Len(), from+min(c.values.step(arr, from), pageRows-c.rows))
		page, err := c.values.put(c.page, arr, from, to)
		if err != nil {
			return err
		}
		c.page = page
		c.mark(arr, hasNulls, from, to)
		from = to
		if c.rows == pageRows || c.values.full(c.page) {
			if err := c.endPage(); err != nil {
				return err
			}
		}
	}
	return nil
}

// mark notes which of the rows are null.
func (c *chunk) mark(arr arrow.Array, hasNulls bool, from, to int) {
	n := to - from
	if !c.optional {
		c.rows += n
		return
	}
	if hasNulls {
		data := arr.Data()
		bitmap := arr.NullBitmapBytes()
		bitutil.CopyBitmap(bitmap, data.Offset()+from, n, c.valid, c.rows)
		c.nulls += n - bitutil.CountSetBits(bitmap, data.Offset()+from, n)
	} else {
		bitutil.SetBitsTo(c.valid, int64(c.rows), int64(n), true)
	}
	c.rows += n
}

func (c *chunk) endPage() error {
	if c.rows == 0 {
		return nil
	}
	page, encoding := c.values.seal(c.page)
	start := levelRoom
	if c.optional {
		start = c.putLevels(page)
	}
	raw := page[start:]
	if len(raw) > math.MaxInt32 {
		return fmt.Errorf("a value of %d bytes is too large for Parquet", len(raw))
	}
	c.body = c.compress(c.body, raw)
	c.pages = append(c.pages, pageInfo{rows: int32(c.rows), uncompressed: int32(len(raw)), end: len(c.body), encoding: encoding})
	c.totalNulls += int64(c.nulls)
	c.rows, c.nulls = 0, 0
	c.page = page[:levelRoom]
	return nil
}

// putLevels writes the definition levels right before the values and returns
// where they start.
func (c *chunk) putLevels(page []byte) int {
	var run [binary.MaxVarintLen32]byte
	var bits []byte
	var header int
	switch c.nulls {
	case 0:
		header, bits = binary.PutUvarint(run[:], uint64(c.rows)<<1), []byte{1}
	case c.rows:
		header, bits = binary.PutUvarint(run[:], uint64(c.rows)<<1), []byte{0}
	default:
		bits = c.valid[:(c.rows+7)/8]
		header = binary.PutUvarint(run[:], uint64(len(bits))<<1|1)
	}
	size := header + len(bits)
	start := levelRoom - size - 4
	binary.LittleEndian.PutUint32(page[start:], uint32(size))
	copy(page[start+4:], run[:header])
	copy(page[start+4+header:], bits)
	return start
}

// finish writes the chunk's pages, as often as it is called until reset.
func (c *chunk) finish(pager file.PageWriter, meta *metadata.ColumnChunkMetaDataBuilder) error {
	if err := c.endPage(); err != nil {
		return err
	}
	dict, entries := c.values.dictionary()
	if dict != nil {
		page := file.NewDictionaryPage(memory.NewBufferBytes(dict), int32(entries), parquet.Encodings.Plain)
		if _, err := pager.WriteDictionaryPage(page); err != nil {
			return err
		}
	}
	plain, err := c.writePages(pager)
	if err != nil {
		return err
	}
	stats := metadata.EncodedStatistics{Signed: c.descr.SortOrder() == schema.SortSIGNED}
	stats.SetNullCount(c.totalNulls)
	c.values.stats(&stats)
	meta.SetStats(stats)
	return pager.Close(dict != nil, dict != nil && plain)
}

// reset makes the chunk ready for the next row group.
func (c *chunk) reset() {
	c.values.reset()
	c.body, c.pages, c.totalNulls = c.body[:0], c.pages[:0], 0
}

// writePages reports whether any page is without a dictionary.
func (c *chunk) writePages(pager file.PageWriter) (plain bool, err error) {
	begin := 0
	for _, p := range c.pages {
		page := file.NewDataPageV1WithConfig(memory.NewBufferBytes(c.body[begin:p.end]), parquet.Encodings.RLE, parquet.Encodings.RLE,
			file.DataPageConfig{Num: p.rows, Encoding: p.encoding, UncompressedSize: p.uncompressed})
		if _, err := pager.WriteDataPage(page); err != nil {
			return false, err
		}
		page.Release()
		begin = p.end
		plain = plain || p.encoding == parquet.Encodings.Plain
	}
	return plain, nil
}

// pageCompressor returns a function that appends src, compressed, to dst.
func pageCompressor(c Compression) (func(dst, src []byte) []byte, error) {
	switch c {
	case Uncompressed:
		return func(dst, src []byte) []byte { return append(dst, src...) }, nil
	case Snappy:
		return func(dst, src []byte) []byte {
			dst = slices.Grow(dst, s2.MaxEncodedLen(len(src)))
			out := s2.EncodeSnappy(dst[len(dst):cap(dst)], src)
			return dst[:len(dst)+len(out)]
		}, nil
	}
	codec, err := compress.GetCodec(codecs[c])
	if err != nil {
		return nil, fmt.Errorf("compress with %s: %w", c, err)
	}
	var scratch []byte
	return func(dst, src []byte) []byte {
		scratch = slices.Grow(scratch[:0], int(codec.CompressBound(int64(len(src)))))
		return append(dst, codec.Encode(scratch[:0], src)...)
	}, nil
}
