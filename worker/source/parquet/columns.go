package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"kallad/worker/blob"
)

// columnsReader decodes the columns of one row group side by side.
type columnsReader struct {
	mem     memory.Allocator
	plan    *scanPlan
	file    *footer
	group   int
	window  *window
	columns []column
	readers []columnReader
	// left are the rows to come, most is how many a batch may have.
	left, most int64
}

// columnReader decodes one column.
type columnReader interface {
	// next returns exactly n values; the caller releases them.
	next(n int64) (arrow.Array, error)
	release()
}

func newColumnsReader(ctx context.Context, s *Source, plan *scanPlan, f *footer, obj blob.Object, group int) (*columnsReader, error) {
	r := &columnsReader{mem: s.cfg.Allocator, plan: plan, file: f, group: group, window: &window{ctx: ctx, obj: obj}, left: f.rows(group)}
	var leaves []int
	for _, name := range plan.read {
		c := f.columns[find(f.columns, name)]
		r.columns = append(r.columns, c)
		leaves = append(leaves, c.leaves...)
	}
	if err := r.open(s.cfg, leaves); err != nil {
		r.close()
		return nil, r.explain(err, nil)
	}
	return r, nil
}

// open prepares the columns' readers, and fetches their bytes when that pays.
func (r *columnsReader) open(cfg Config, leaves []int) error {
	ranges, err := r.file.chunkRanges(r.group, leaves)
	if err != nil {
		return err
	}
	var total int64
	for _, b := range ranges {
		total += b.to - b.from
	}
	props := pq.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true
	share := max(leastWindow, cfg.ReadAheadBytes/int64(len(leaves)))
	switch {
	case blob.IsLocal(r.file.id.URI):
		props.BufferSize = min(localWindow, share)
	case total <= cfg.ReadAheadBytes:
		props.BufferSize = leastWindow
		if err := r.window.fetch(ranges); err != nil {
			return err
		}
	default:
		props.BufferSize = min(remoteWindow, share)
	}
	r.most = r.batchRows(cfg, leaves)
	return guard(func() error { return r.openReaders(props) })
}

// batchRows keeps batches of wide rows short.
func (r *columnsReader) batchRows(cfg Config, leaves []int) int64 {
	var size int64
	meta := r.file.meta.RowGroup(r.group)
	for _, leaf := range leaves {
		if chunk, err := meta.ColumnChunk(leaf); err == nil {
			size += chunk.TotalUncompressedSize()
		}
	}
	perRow := size/max(1, r.left) + 1
	return max(1, cfg.BatchBytes/perRow)
}

func (r *columnsReader) openReaders(props *pq.ReaderProperties) error {
	source := io.NewSectionReader(r.window, 0, r.file.size)
	pf, err := file.NewParquetReader(source, file.WithReadProps(props), file.WithMetadata(r.file.meta))
	if err != nil {
		return err
	}
	arrowReader, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{}, r.mem)
	if err != nil {
		return err
	}
	for _, c := range r.columns {
		reader, err := r.openColumn(pf, arrowReader, c)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.name, err)
		}
		r.readers = append(r.readers, reader)
	}
	return nil
}

func (r *columnsReader) openColumn(pf *file.Reader, arrowReader *pqarrow.FileReader, c column) (columnReader, error) {
	if c.int96 {
		chunk, err := pf.RowGroup(r.group).Column(c.leaves[0])
		if err != nil {
			return nil, err
		}
		return newInt96Reader(r.mem, chunk)
	}
	if fitsTextColumn(c, r.file, r.group) {
		return newTextColumn(r.mem, pf, r.group, c)
	}
	fields, _, err := arrowReader.GetFieldReaders(r.window.ctx, c.leaves, []int{r.group})
	if err != nil {
		return nil, err
	}
	return &arrowColumn{mem: r.mem, reader: fields[0], convert: c.convert}, nil
}

// read implements groupReader.
func (r *columnsReader) read(n int64) (arrow.RecordBatch, error) {
	if r.left == 0 {
		return nil, io.EOF
	}
	n = min(n, r.left, r.most)
	arrays := make([]arrow.Array, 0, len(r.readers))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for i, reader := range r.readers {
		var a arrow.Array
		err := guard(func() (err error) {
			a, err = reader.next(n)
			return err
		})
		if err != nil {
			return nil, r.explain(err, &r.columns[i])
		}
		arrays = append(arrays, a)
	}
	r.left -= n
	return array.NewRecordBatch(r.plan.schema, arrays, n), nil
}

// explain tells faults in reading from faults in what was read.
func (r *columnsReader) explain(err error, c *column) error {
	uri := r.file.id.URI
	switch {
	case r.window.err != nil:
		return readError(uri, r.window.err)
	case stopped(r.window.ctx, err):
		return err
	case c == nil:
		return contentError(uri, "row group %d: %w", r.group, err)
	}
	return contentError(uri, "row group %d, column %q: %w", r.group, c.name, err)
}

func (r *columnsReader) close() {
	for _, reader := range r.readers {
		reader.release()
	}
	r.readers = nil
	r.window.fetched = nil
}

// arrowColumn is a column that the Parquet library decodes.
type arrowColumn struct {
	mem     memory.Allocator
	reader  *pqarrow.ColumnReader
	convert conversion
}

func (c *arrowColumn) next(n int64) (arrow.Array, error) {
	chunked, err := c.reader.NextBatch(n)
	if err != nil {
		return nil, err
	}
	defer chunked.Release()
	if int64(chunked.Len()) != n {
		return nil, fmt.Errorf("it has %d values where its row group has %d more rows", chunked.Len(), n)
	}
	one, err := single(c.mem, chunked)
	if err != nil || c.convert == nil {
		return one, err
	}
	defer one.Release()
	return c.convert(c.mem, one)
}

func single(mem memory.Allocator, chunked *arrow.Chunked) (arrow.Array, error) {
	if len(chunked.Chunks()) != 1 {
		return array.Concatenate(chunked.Chunks(), mem)
	}
	one := chunked.Chunk(0)
	one.Retain()
	return one, nil
}

func (c *arrowColumn) release() { c.reader.Release() }

// int96Column decodes the timestamps of old writers, which the library takes
// for nanoseconds, that do not reach far: a business's "never" is the year
// 9999.
type int96Column struct {
	mem    memory.Allocator
	chunk  *file.Int96ColumnChunkReader
	values []pq.Int96
	levels []int16
}

func newInt96Reader(mem memory.Allocator, chunk file.ColumnChunkReader) (columnReader, error) {
	typed, ok := chunk.(*file.Int96ColumnChunkReader)
	if !ok {
		return nil, errors.New("it is not of the type that the schema has")
	}
	return &int96Column{mem: mem, chunk: typed}, nil
}

func (c *int96Column) next(n int64) (arrow.Array, error) {
	b := array.NewTimestampBuilder(c.mem, &arrow.TimestampType{Unit: arrow.Microsecond})
	defer b.Release()
	b.Reserve(int(n))
	optional := c.chunk.Descriptor().MaxDefinitionLevel() > 0
	if int64(len(c.values)) < n {
		c.values, c.levels = make([]pq.Int96, n), make([]int16, n)
	}
	for left := n; left > 0; {
		total, present, err := c.chunk.ReadBatch(left, c.values, c.levels, nil)
		if err != nil {
			return nil, err
		}
		if total == 0 {
			return nil, fmt.Errorf("it has %d values too few", left)
		}
		next := c.values[:present]
		for i := range total {
			if optional && c.levels[i] == 0 {
				b.AppendNull()
				continue
			}
			micros, err := int96Micros(next[0])
			if err != nil {
				return nil, err
			}
			b.Append(micros)
			next = next[1:]
		}
		left -= total
	}
	return b.NewArray(), nil
}

func (c *int96Column) release() { _ = c.chunk.Close() }
