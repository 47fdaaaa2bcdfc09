package sourcetest

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Schema is the table that a Subject stores. Only id and code are never null.
func Schema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "code", Type: arrow.BinaryTypes.String},
		{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 18, Scale: 2}, Nullable: true},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
		{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil)
}

// row is one row of the table in plain Go; a nil pointer is null.
type row struct {
	id     int64
	code   string
	note   *string
	amount *int64 // in cents
	day    *int32 // days since 1970-01-01
	at     *int64 // microseconds since 1970-01-01
	ok     *bool
}

// rowCount is big enough that 64 partitions have some rows each, and small
// enough that the suite takes a second on any source.
const rowCount = 1000

// notes are texts that formats stumble over.
var notes = []string{
	"", "plain", "two words", "comma, inside", "a \"quoted\" word", "\"", "line\nbreak", "carriage\r\nreturn",
	" blanks around ", "tab\there", "naïve café", "日本語", "🙂 emoji", "NULL", "null", "\\N", "\\", "it's",
	"100%", "a_b", "semi;colon", "pipe|d", "\n\n\"\n,\n", "1,2,3", "true", "0012", "-", "x",
}

func fullRows() []row {
	rows := make([]row, rowCount)
	for i := range rows {
		rows[i] = row{id: int64(i), code: fmt.Sprintf("%07d", i*37%rowCount)}
		if i%5 != 3 {
			note := notes[i%len(notes)]
			rows[i].note = &note
		}
		if i%7 != 2 {
			cents := int64(i-rowCount/2) * 12345
			rows[i].amount = &cents
		}
		if i%11 != 4 {
			day := int32(19000 + i*13%800)
			rows[i].day = &day
		}
		if i%13 != 5 {
			at := int64(1_700_000_000_000_000) + int64(i)*86_399_000_001
			rows[i].at = &at
		}
		if i%3 != 1 {
			ok := i%2 == 0
			rows[i].ok = &ok
		}
	}
	return rows
}

// newBatch builds the Arrow form of rows. The caller releases it.
func newBatch(rows []row) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.NewGoAllocator(), Schema())
	defer b.Release()
	for _, r := range rows {
		b.Field(0).(*array.Int64Builder).Append(r.id)
		b.Field(1).(*array.StringBuilder).Append(r.code)
		appendOr(b.Field(2), r.note, b.Field(2).(*array.StringBuilder).Append)
		appendOr(b.Field(3), r.amount, func(cents int64) {
			b.Field(3).(*array.Decimal128Builder).Append(decimal128.FromI64(cents))
		})
		appendOr(b.Field(4), r.day, func(d int32) { b.Field(4).(*array.Date32Builder).Append(arrow.Date32(d)) })
		appendOr(b.Field(5), r.at, func(us int64) { b.Field(5).(*array.TimestampBuilder).Append(arrow.Timestamp(us)) })
		appendOr(b.Field(6), r.ok, b.Field(6).(*array.BooleanBuilder).Append)
	}
	return b.NewRecordBatch()
}

func appendOr[T any](b array.Builder, v *T, add func(T)) {
	if v == nil {
		b.AppendNull()
		return
	}
	add(*v)
}
