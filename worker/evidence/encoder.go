package evidence

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// sampleRows is how many of the first rows decide on a column's encoding.
const sampleRows = 2048

// encoder turns columns into row groups of a Parquet file.
type encoder struct {
	pq        *pqarrow.FileWriter
	schema    *arrow.Schema
	groupRows int64
	inGroup   int64
}

// newEncoder starts a file on w. sample holds the first values of each column;
// nil when there are none.
func newEncoder(cfg Config, cols []column, sample []arrow.Array, w io.Writer) (*encoder, error) {
	fields := make([]arrow.Field, len(cols))
	props := []parquet.WriterProperty{
		parquet.WithAllocator(cfg.Allocator),
		parquet.WithCreatedBy("kallad"),
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithCompression(codecs[cfg.Compression]),
		parquet.WithStoreDecimalAsInteger(true),
		parquet.WithMaxRowGroupLength(int64(cfg.RowGroupRows)),
		parquet.WithBatchSize(writeBatchRows),
		parquet.WithDictionaryDefault(false),
	}
	for i, c := range cols {
		fields[i] = c.field
		if c.repeats || sample != nil && repeats(sample[i]) {
			props = append(props, parquet.WithDictionaryPath(parquet.ColumnPath{c.field.Name}, true))
		}
	}
	schema := arrow.NewSchema(fields, nil)
	arrowProps := pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(cfg.Allocator))
	pq, err := pqarrow.NewFileWriter(schema, w, parquet.NewWriterProperties(props...), arrowProps)
	if err != nil {
		return nil, fmt.Errorf("start Parquet file: %w", err)
	}
	return &encoder{pq: pq, schema: schema, groupRows: int64(cfg.RowGroupRows)}, nil
}

// writeBatchRows is how many values go into a page between two looks at its
// size.
const writeBatchRows = 4096

// room is how many rows the current row group still takes; it is never 0.
func (e *encoder) room() int64 { return e.groupRows - e.inGroup }

// write appends rows that fit into room to the current row group.
func (e *encoder) write(arrays []arrow.Array, rows int64) error {
	rec := array.NewRecordBatch(e.schema, arrays, rows)
	defer rec.Release()
	if err := e.pq.WriteBuffered(rec); err != nil {
		return fmt.Errorf("encode columns: %w", err)
	}
	e.inGroup += rows
	if e.inGroup < e.groupRows && e.pq.RowGroupTotalBytesWritten() < rowGroupBytes {
		return nil
	}
	e.inGroup = 0
	if err := e.pq.NewBufferedRowGroupChecked(); err != nil {
		return fmt.Errorf("write row group: %w", err)
	}
	return nil
}

func (e *encoder) close() error { return e.pq.Close() }

// repeats reports whether a column's first values repeat so much that a
// dictionary is worth the look-ups.
func repeats(a arrow.Array) bool {
	text, ok := a.(*array.String)
	if !ok {
		return false
	}
	seen := make(map[string]struct{}, text.Len())
	present := 0
	for i := range text.Len() {
		if text.IsValid(i) {
			present++
			seen[text.Value(i)] = struct{}{}
		}
	}
	return len(seen)*4 <= present
}
