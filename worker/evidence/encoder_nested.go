package evidence

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// nestedEncoder writes any column through the Arrow library's own writer.
type nestedEncoder struct {
	pq        *pqarrow.FileWriter
	out       *mute
	schema    *arrow.Schema
	groupRows int64
	inGroup   int64
}

func newNestedEncoder(cfg Config, schema *arrow.Schema, w io.Writer) (*nestedEncoder, error) {
	out := &mute{w: w}
	props := writerProperties(cfg, parquet.WithMaxRowGroupLength(int64(cfg.RowGroupRows)), parquet.WithDataPageSize(pageBytes))
	pq, err := pqarrow.NewFileWriter(schema, out, props, arrowProperties(cfg))
	if err != nil {
		return nil, fmt.Errorf("start Parquet file: %w", err)
	}
	return &nestedEncoder{pq: pq, out: out, schema: schema, groupRows: int64(cfg.RowGroupRows)}, nil
}

func (e *nestedEncoder) room() int64 { return e.groupRows - e.inGroup }

func (e *nestedEncoder) write(arrays []arrow.Array, rows int64) error {
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

func (e *nestedEncoder) close() error { return e.pq.Close() }

// discard closes the library's writer, which alone gives its buffers back, and
// lets nothing of that reach the file.
func (e *nestedEncoder) discard() {
	e.out.on = true
	_ = e.pq.Close()
}

// mute passes writes on until it is switched on.
type mute struct {
	w  io.Writer
	on bool
}

func (m *mute) Write(p []byte) (int, error) {
	if m.on {
		return len(p), nil
	}
	return m.w.Write(p)
}
