package dataset

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// arrowTypes are the types of columns in Parquet files.
func arrowTypes() map[string]arrow.DataType {
	return map[string]arrow.DataType{
		"VARCHAR":       arrow.BinaryTypes.String,
		"DATE":          arrow.FixedWidthTypes.Date32,
		"TIMESTAMP":     &arrow.TimestampType{Unit: arrow.Microsecond},
		"DECIMAL(18,2)": &arrow.Decimal128Type{Precision: 18, Scale: 2},
	}
}

func arrowSchema(columns []Column) (*arrow.Schema, error) {
	types := arrowTypes()
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		t, ok := types[c.SQLType]
		if !ok {
			return nil, fmt.Errorf("column %s has the type %s, which is not known here", c.Name, c.SQLType)
		}
		fields[i] = arrow.Field{Name: c.Name, Type: t, Nullable: true}
	}
	return arrow.NewSchema(fields, nil), nil
}

// arrowSink appends rows to the columns of a batch.
type arrowSink struct {
	columns []array.Builder
	at      int // the column of the next value
	digits  []byte
}

func (a *arrowSink) next() array.Builder {
	b := a.columns[a.at]
	a.at++
	return b
}

func (a *arrowSink) id(prefix string, number uint64, width int) {
	a.digits = appendID(a.digits[:0], prefix, number, width)
	a.next().(*array.StringBuilder).BinaryBuilder.Append(a.digits)
}

// word leaves an empty text out, as CSV does, where it means null.
func (a *arrowSink) word(w words, at uint64) {
	b := a.next().(*array.StringBuilder)
	if w.plain[at] == "" {
		b.AppendNull()
		return
	}
	b.Append(w.plain[at])
}

func (a *arrowSink) date(day uint64) {
	a.next().(*array.Date32Builder).Append(arrow.Date32FromTime(epoch) + arrow.Date32(day))
}

func (a *arrowSink) moment(second uint64) {
	a.next().(*array.TimestampBuilder).Append(arrow.Timestamp(epoch.UnixMicro() + int64(second)*1_000_000))
}

func (a *arrowSink) money(cents uint64) {
	a.next().(*array.Decimal128Builder).Append(decimal128.FromU64(cents))
}

func (a *arrowSink) endRow() { a.at = 0 }

// parquet writes the table as Parquet, one row group for each chunk.
func (t table) parquet(ctx context.Context, out *os.File) (found tally, _ error) {
	schema, err := arrowSchema(t.columns)
	if err != nil {
		return found, err
	}
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy))
	// Only a writer, as pqarrow would close a file, which is up to the caller.
	writer, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{out}, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return found, err
	}
	type chunk struct {
		batch arrow.RecordBatch
		found tally
	}
	err = inOrder(ctx, t.rows, runtime.GOMAXPROCS(0), func(s span) (chunk, error) {
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer builder.Release()
		builder.Reserve(int(s.end - s.begin))
		count := t.fill(s, &arrowSink{columns: builder.Fields()})
		return chunk{builder.NewRecordBatch(), count}, nil
	}, func(c chunk) error {
		defer c.batch.Release()
		found.add(c.found)
		return writer.Write(c.batch)
	})
	if err != nil {
		return found, err
	}
	return found, writer.Close()
}
