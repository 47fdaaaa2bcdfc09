package evidence

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const (
	// pageBytes ends a page; smaller pages than the usual megabyte stay in the
	// processor's cache while they are filled and compressed. Unit: bytes.
	pageBytes = 128 << 10
	// pageRows ends a page, too, so that the room for its levels is known.
	pageRows = 32768
	// parquetMagic opens and closes the file.
	parquetMagic = "PAR1"
)

// flatEncoder writes columns without nesting. The library's writer costs three
// times as much, in copies between buffers and in clearing them; here every
// value is copied once, into its page. File and row group metadata and the
// pages' headers remain the library's.
type flatEncoder struct {
	cfg    Config
	props  *parquet.WriterProperties
	codec  compress.Compression
	sink   *teller
	meta   *metadata.FileMetaDataBuilder
	chunks []*chunk
	// from says, for each column of the row group, whose chunk has its values: an
	// earlier column's if both were written with the same arrays throughout.
	from    []int
	groups  int
	inGroup int64
}

func newFlatEncoder(cfg Config, schema *arrow.Schema, w io.Writer) (*flatEncoder, error) {
	props := writerProperties(cfg)
	pqSchema, err := pqarrow.ToParquet(schema, props, arrowProperties(cfg))
	if err != nil {
		return nil, fmt.Errorf("start Parquet file: %w", err)
	}
	e := &flatEncoder{
		cfg:   cfg,
		props: props,
		codec: codecs[cfg.Compression],
		sink:  &teller{w: bufio.NewWriterSize(w, 256<<10)},
		meta:  metadata.NewFileMetadataBuilder(pqSchema, props, nil),
	}
	compressPage, err := pageCompressor(cfg.Compression)
	if err != nil {
		return nil, err
	}
	for i, f := range schema.Fields() {
		e.chunks = append(e.chunks, newChunk(pqSchema.Column(i), f.Type, compressPage))
	}
	_, err = e.sink.Write([]byte(parquetMagic))
	return e, err
}

func (e *flatEncoder) room() int64 { return int64(e.cfg.RowGroupRows) - e.inGroup }

func (e *flatEncoder) write(arrays []arrow.Array, rows int64) error {
	from := e.shared(arrays)
	if !slices.Equal(from, e.from) {
		if err := e.endGroup(); err != nil {
			return err
		}
		e.from = from
	}
	var held int64
	for i, c := range e.chunks {
		if from[i] != i {
			continue
		}
		if err := c.write(arrays[i]); err != nil {
			return fmt.Errorf("encode column %q: %w", c.descr.Name(), err)
		}
		held += int64(len(c.body))
	}
	e.inGroup += rows
	if e.inGroup < int64(e.cfg.RowGroupRows) && held < rowGroupBytes {
		return nil
	}
	return e.endGroup()
}

// shared finds the columns that are encoded once for several: a key is mostly
// one of the caller's columns, too.
func (e *flatEncoder) shared(arrays []arrow.Array) []int {
	from := make([]int, len(arrays))
	for i, arr := range arrays {
		from[i] = slices.IndexFunc(arrays[:i+1], func(other arrow.Array) bool { return sameArray(other, arr) })
		if e.chunks[from[i]].optional != e.chunks[i].optional {
			from[i] = i
		}
	}
	return from
}

// sameArray reports whether two arrays are the same memory.
func sameArray(a, b arrow.Array) bool {
	if a == b {
		return true
	}
	x, y := a.Data(), b.Data()
	return x.Len() == y.Len() && x.Offset() == y.Offset() && len(x.Children()) == 0 && x.Dictionary() == y.Dictionary() &&
		slices.Equal(x.Buffers(), y.Buffers()) && arrow.TypeEqual(x.DataType(), y.DataType())
}

// endGroup writes the row group's column chunks one after the other.
func (e *flatEncoder) endGroup() error {
	if e.inGroup == 0 {
		return nil
	}
	group := e.meta.AppendRowGroup()
	for i, c := range e.chunks {
		chunkMeta := group.NextColumnChunk()
		pager, err := file.NewPageWriter(e.sink, e.codec, compress.DefaultCompressionLevel, chunkMeta,
			int16(e.groups), int16(i), e.cfg.Allocator, false, nil, nil)
		if err != nil {
			return fmt.Errorf("write row group: %w", err)
		}
		if err := e.chunks[e.from[i]].finish(pager, chunkMeta); err != nil {
			return fmt.Errorf("write column %q: %w", c.descr.Name(), err)
		}
	}
	for _, c := range e.chunks {
		c.reset()
	}
	group.SetNumRows(int(e.inGroup))
	if err := group.Finish(0, int16(e.groups)); err != nil {
		return fmt.Errorf("write row group: %w", err)
	}
	e.groups++
	e.inGroup = 0
	return nil
}

func (e *flatEncoder) close() error {
	if err := e.endGroup(); err != nil {
		return err
	}
	footer, err := e.meta.Finish()
	if err != nil {
		return fmt.Errorf("make footer: %w", err)
	}
	start := e.sink.Tell()
	if _, err := footer.WriteTo(e.sink, nil); err != nil {
		return fmt.Errorf("write footer: %w", err)
	}
	tail := binary.LittleEndian.AppendUint32(nil, uint32(e.sink.Tell()-start))
	if _, err := e.sink.Write(append(tail, parquetMagic...)); err != nil {
		return fmt.Errorf("write footer: %w", err)
	}
	return e.sink.w.Flush()
}

func (e *flatEncoder) discard() { e.chunks = nil }

// teller knows its place in the file.
type teller struct {
	w  *bufio.Writer
	at int64
}

func (t *teller) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.at += int64(n)
	return n, err
}

func (t *teller) Tell() int64 { return t.at }
