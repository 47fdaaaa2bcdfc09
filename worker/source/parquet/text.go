package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// textColumn decodes byte strings straight from their pages into Arrow's
// layout. They are most of what a reconciliation reads, and the library takes
// twice the time for them: it makes a slice of each value first and then
// appends them one by one. It knows plain and dictionary pages; columns with
// any other are left to the library.
type textColumn struct {
	mem      memory.Allocator
	pages    file.PageReader
	typ      arrow.DataType
	optional bool
	check    bool // that it is UTF-8

	dict  textValues
	page  textPage
	codes []int32 // backs page.codes
	// present backs page.present.
	present []int32
}

// textValues are byte strings that lie one after the other.
type textValues struct {
	offsets []int32
	data    []byte
}

// textPage is what is left of the current data page.
type textPage struct {
	rows int
	// present is 1 for each row that is not null; nil when none is.
	present []int32
	// plain are the values of a plain page, codes those of a dictionary page.
	plain []byte
	codes []int32
	coded bool
}

// fitsTextColumn reports whether textColumn can decode a column chunk.
func fitsTextColumn(c column, f *footer, group int) bool {
	if c.int96 || len(c.leaves) != 1 || !isFlat(f.meta.Schema.Column(c.leaves[0])) {
		return false
	}
	leaf := f.meta.Schema.Column(c.leaves[0])
	if leaf.PhysicalType() != pq.Types.ByteArray || (c.typ.ID() != arrow.STRING && c.typ.ID() != arrow.BINARY) {
		return false
	}
	chunk, err := f.meta.RowGroup(group).ColumnChunk(c.leaves[0])
	return err == nil && onlySimple(chunk)
}

func onlySimple(chunk *metadata.ColumnChunkMetaData) bool {
	for _, e := range chunk.Encodings() {
		switch e {
		case pq.Encodings.Plain, pq.Encodings.PlainDict, pq.Encodings.RLEDict, pq.Encodings.RLE, pq.Encodings.BitPacked:
		default:
			return false
		}
	}
	return true
}

func newTextColumn(mem memory.Allocator, pf *file.Reader, group int, c column) (*textColumn, error) {
	pages, err := pf.RowGroup(group).GetColumnPageReader(c.leaves[0])
	if err != nil {
		return nil, err
	}
	optional := pf.MetaData().Schema.Column(c.leaves[0]).MaxDefinitionLevel() > 0
	return &textColumn{mem: mem, pages: pages, typ: c.typ, optional: optional, check: c.convert != nil}, nil
}

func (c *textColumn) release() { _ = c.pages.Close() }

// next implements columnReader.
func (c *textColumn) next(n int64) (arrow.Array, error) {
	b := newTextBuilder(c.mem, int(n))
	defer b.release()
	for b.rows < int(n) {
		if c.page.rows == 0 {
			if err := c.nextPage(); err != nil {
				return nil, err
			}
			continue
		}
		if err := c.take(b, min(int(n)-b.rows, c.page.rows)); err != nil {
			return nil, err
		}
	}
	out := b.array(c.typ)
	if text, ok := out.(*array.String); ok && c.check {
		if err := checkUTF8(text); err != nil {
			out.Release()
			return nil, err
		}
	}
	return out, nil
}

// take moves rows from the page to the batch.
func (c *textColumn) take(b *textBuilder, rows int) error {
	values := rows
	if c.page.present != nil {
		values = 0
		for _, p := range c.page.present[:rows] {
			values += int(p)
		}
	}
	var err error
	if c.page.coded {
		err = b.appendCoded(&c.page, rows, values, c.dict)
	} else {
		err = b.appendPlain(&c.page, rows, values)
	}
	if c.page.present != nil {
		c.page.present = c.page.present[rows:]
	}
	c.page.rows -= rows
	return err
}

func (c *textColumn) nextPage() error {
	if !c.pages.Next() {
		if err := c.pages.Err(); err != nil {
			return err
		}
		return fmt.Errorf("its values end too early: %w", io.ErrUnexpectedEOF)
	}
	switch page := c.pages.Page().(type) {
	case *file.DictionaryPage:
		return c.readDictionary(page.Data(), int(page.NumValues()))
	case *file.DataPageV1:
		return c.readV1(page)
	case *file.DataPageV2:
		return c.readV2(page)
	}
	return nil
}

func (c *textColumn) readDictionary(data []byte, n int) error {
	c.dict = textValues{offsets: make([]int32, 1, n+1)}
	for range n {
		v, rest, err := cutValue(data)
		if err != nil {
			return err
		}
		c.dict.data = append(c.dict.data, v...)
		c.dict.offsets = append(c.dict.offsets, int32(len(c.dict.data)))
		data = rest
	}
	return nil
}

// cutValue takes a plain value, its length and then its bytes, off data.
func cutValue(data []byte) (value, rest []byte, err error) {
	if len(data) < 4 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	size := int64(binary.LittleEndian.Uint32(data))
	if size > int64(len(data)-4) {
		return nil, nil, io.ErrUnexpectedEOF
	}
	return data[4 : 4+size], data[4+size:], nil
}

func (c *textColumn) readV1(page *file.DataPageV1) error {
	data := page.Data()
	var levels []byte
	if c.optional {
		if page.DefinitionLevelEncoding() != pq.Encodings.RLE {
			return fmt.Errorf("its levels are encoded as %s", page.DefinitionLevelEncoding())
		}
		var err error
		if levels, data, err = cutValue(data); err != nil {
			return err
		}
	}
	return c.readPage(int(page.NumValues()), levels, data, pq.Encoding(page.Encoding()))
}

func (c *textColumn) readV2(page *file.DataPageV2) error {
	data := page.Data()
	size := int(page.DefinitionLevelByteLen())
	if size > len(data) || page.RepetitionLevelByteLen() != 0 {
		return io.ErrUnexpectedEOF
	}
	return c.readPage(int(page.NumValues()), data[:size], data[size:], pq.Encoding(page.Encoding()))
}

func (c *textColumn) readPage(rows int, levels, data []byte, encoding pq.Encoding) error {
	c.page = textPage{rows: rows}
	values := rows
	if c.optional && !allOnes(levels, rows) {
		c.present = resized(c.present, rows)
		if err := decodeHybrid(levels, 1, c.present); err != nil {
			return err
		}
		c.page.present = c.present
		values = 0
		for _, p := range c.present {
			values += int(p)
		}
	}
	switch encoding {
	case pq.Encodings.Plain:
		c.page.plain = data
		return nil
	case pq.Encodings.PlainDict, pq.Encodings.RLEDict:
	default:
		return fmt.Errorf("a page is encoded as %s, which its column does not announce", encoding)
	}
	c.page.coded = true
	c.codes = resized(c.codes, values)
	c.page.codes = c.codes
	if values == 0 {
		return nil
	}
	if len(data) == 0 {
		return io.ErrUnexpectedEOF
	}
	return decodeHybrid(data[1:], int(data[0]), c.codes)
}

func resized(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}

// textBuilder gathers a batch in Arrow's layout.
type textBuilder struct {
	offsets, data, valid *memory.Buffer
	rows, nulls          int
	size                 int
}

func newTextBuilder(mem memory.Allocator, rows int) *textBuilder {
	b := &textBuilder{offsets: memory.NewResizableBuffer(mem), data: memory.NewResizableBuffer(mem), valid: memory.NewResizableBuffer(mem)}
	b.offsets.Resize(arrow.Int32Traits.BytesRequired(rows + 1))
	arrow.Int32Traits.CastFromBytes(b.offsets.Bytes())[0] = 0
	b.valid.Resize(int(bitutil.BytesForBits(int64(rows))))
	return b
}

func (b *textBuilder) release() {
	b.offsets.Release()
	b.data.Release()
	b.valid.Release()
}

// array returns the batch; the builder keeps its own references.
func (b *textBuilder) array(typ arrow.DataType) arrow.Array {
	buffers := []*memory.Buffer{nil, b.offsets, b.data}
	if b.nulls > 0 {
		buffers[0] = b.valid
	}
	data := array.NewData(typ, b.rows, buffers, nil, b.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// grow makes room for size more bytes and returns it.
func (b *textBuilder) grow(size int) ([]byte, error) {
	if b.size+size > math.MaxInt32 {
		return nil, fmt.Errorf("its values are too long: a batch would have %d bytes", b.size+size)
	}
	b.data.Resize(b.size + size)
	room := b.data.Bytes()[b.size:]
	return room, nil
}

// mark notes which of the next rows are null, and returns their offsets.
func (b *textBuilder) mark(present []int32, rows, values int) []int32 {
	bitutil.SetBitsTo(b.valid.Bytes(), int64(b.rows), int64(rows), true)
	if values < rows {
		for i, p := range present[:rows] {
			if p == 0 {
				bitutil.ClearBit(b.valid.Bytes(), b.rows+i)
			}
		}
		b.nulls += rows - values
	}
	ends := arrow.Int32Traits.CastFromBytes(b.offsets.Bytes())[b.rows+1:]
	b.rows += rows
	return ends[:rows]
}

func (b *textBuilder) appendPlain(page *textPage, rows, values int) error {
	data := page.plain
	end := 0
	for range values {
		if end+4 > len(data) {
			return io.ErrUnexpectedEOF
		}
		end += 4 + int(binary.LittleEndian.Uint32(data[end:]))
	}
	if end > len(data) {
		return io.ErrUnexpectedEOF
	}
	out, err := b.grow(end - 4*values)
	if err != nil {
		return err
	}
	ends := b.mark(page.present, rows, values)
	at := int32(b.size)
	for i := range ends {
		if values == rows || page.present[i] != 0 {
			size := int(binary.LittleEndian.Uint32(data))
			copy(out, data[4:4+size])
			out, data = out[size:], data[4+size:]
			at += int32(size)
		}
		ends[i] = at
	}
	b.size = int(at)
	page.plain = data
	return nil
}

func (b *textBuilder) appendCoded(page *textPage, rows, values int, dict textValues) error {
	codes := page.codes[:values]
	page.codes = page.codes[values:]
	size := 0
	for _, code := range codes {
		if int(code) < 0 || int(code) >= len(dict.offsets)-1 {
			return fmt.Errorf("a value is number %d of a dictionary of %d", code, max(0, len(dict.offsets)-1))
		}
		size += int(dict.offsets[code+1] - dict.offsets[code])
	}
	out, err := b.grow(size)
	if err != nil {
		return err
	}
	ends := b.mark(page.present, rows, values)
	at := int32(b.size)
	for i := range ends {
		if values == rows || page.present[i] != 0 {
			from, to := dict.offsets[codes[0]], dict.offsets[codes[0]+1]
			out = out[copy(out, dict.data[from:to]):]
			codes = codes[1:]
			at += to - from
		}
		ends[i] = at
	}
	b.size = int(at)
	return nil
}
