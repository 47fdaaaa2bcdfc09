package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

const (
	// readWindow is what is read of each column at a time. Unit: bytes.
	readWindow = 64 << 10
	// maxShown bounds one value's text, maxShownTotal all of them: rows beyond
	// it are left out. Unit: bytes.
	maxShown      = 16 << 10
	maxShownTotal = 4 << 20
)

// ReadRows returns the first rows of an evidence file, at most limit, and
// reads little more of the file than those. A file that is not there, or may
// not be read, is an input error.
func ReadRows(ctx context.Context, store blob.Store, uri string, limit int) (_ *recon.EvidenceRows, err error) {
	object, err := store.Open(ctx, uri)
	if err != nil {
		return nil, asInput(fmt.Errorf("open evidence: %w", err))
	}
	defer func() { err = errors.Join(err, object.Close()) }()
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled, props.BufferSize = true, readWindow
	pq, err := file.NewParquetReader(&cursor{ctx: ctx, object: object}, file.WithReadProps(props))
	if err != nil {
		return nil, asInput(fmt.Errorf("open evidence %q: %w", uri, err))
	}
	defer func() { err = errors.Join(err, pq.Close()) }()
	rows := &recon.EvidenceRows{Path: uri, Rows: [][]*string{}, TotalRows: pq.NumRows()}
	arrows, err := pqarrow.NewFileReader(pq, pqarrow.ArrowReadProperties{BatchSize: int64(limit)}, memory.DefaultAllocator)
	if err != nil {
		return nil, fmt.Errorf("open evidence %q: %w", uri, err)
	}
	reader, err := arrows.GetRecordReader(ctx, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("read evidence %q: %w", uri, err)
	}
	defer reader.Release()
	for _, f := range reader.Schema().Fields() {
		rows.Columns = append(rows.Columns, recon.ColumnLabel{Name: f.Name, Type: typeName(f.Type)})
	}
	room := maxShownTotal
	for len(rows.Rows) < limit && room > 0 && reader.Next() {
		room = show(reader.RecordBatch(), rows, limit, room)
	}
	if err := reader.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, asInput(fmt.Errorf("read evidence %q: %w", uri, err))
	}
	return rows, nil
}

// show adds a batch's rows and returns how many bytes there is room for then.
func show(batch arrow.RecordBatch, rows *recon.EvidenceRows, limit, room int) int {
	for i := 0; i < int(batch.NumRows()) && len(rows.Rows) < limit && room > 0; i++ {
		row := make([]*string, batch.NumCols())
		for c, col := range batch.Columns() {
			if col.IsNull(i) {
				continue
			}
			text := ValueText(col, i)
			if len(text) > maxShown {
				text = cutText(text, maxShown) + "…"
				rows.Shortened = true
			}
			row[c] = &text
			room -= len(text)
		}
		rows.Rows = append(rows.Rows, row)
	}
	return room
}

// cursor is an object as the Parquet library wants it.
type cursor struct {
	ctx    context.Context
	object blob.Object
	at     int64
}

func (c *cursor) ReadAt(p []byte, offset int64) (int, error) {
	return c.object.ReadAt(c.ctx, p, offset)
}

func (c *cursor) Read(p []byte) (int, error) {
	n, err := c.object.ReadAt(c.ctx, p, c.at)
	c.at += int64(n)
	return n, err
}

func (c *cursor) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.object.Info().Size
	}
	if offset < 0 {
		return c.at, errors.New("seek before the beginning")
	}
	c.at = offset
	return offset, nil
}
