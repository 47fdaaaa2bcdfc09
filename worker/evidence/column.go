package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// batch is the part of a record that goes into one row group.
type batch struct {
	rec arrow.RecordBatch
	// first is the ordinal of the batch's first row in the file.
	first int64
}

func (b batch) rows() int { return int(b.rec.NumRows()) }

// maker makes one column of the file for a batch. The caller releases it.
type maker func(mem memory.Allocator, b batch) (arrow.Array, error)

// matchIDs makes UUIDs of RFC 9562's version 8: 74 bits from a hash of the run
// id, then the row's ordinal in the file in the last 48 bits.
func matchIDs(runID string) maker {
	prefix := matchIDPrefix(runID)
	return func(mem memory.Allocator, b batch) (arrow.Array, error) {
		const width = 36
		n := b.rows()
		offsets := memory.NewResizableBuffer(mem)
		defer offsets.Release()
		offsets.Resize(arrow.Int32Traits.BytesRequired(n + 1))
		text := memory.NewResizableBuffer(mem)
		defer text.Release()
		text.Resize(n * width)
		at := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
		at[0] = 0
		out := text.Bytes()
		for i := range n {
			id := out[i*width : (i+1)*width]
			copy(id, prefix)
			putHex48(id[24:], uint64(b.first)+uint64(i))
			at[i+1] = int32((i + 1) * width)
		}
		data := array.NewData(arrow.BinaryTypes.String, n, []*memory.Buffer{nil, offsets, text}, nil, 0, 0)
		defer data.Release()
		return array.NewStringData(data), nil
	}
}

func matchIDPrefix(runID string) []byte {
	sum := sha256.Sum256([]byte("kallad match_id " + runID))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:10])
	return []byte(fmt.Sprintf("%s-%s-%s-%s-", h[:8], h[8:12], h[12:16], h[16:20]))
}

func putHex48(out []byte, n uint64) {
	const digits = "0123456789abcdef"
	out = out[:12]
	for i := 11; i >= 0; i-- {
		out[i] = digits[n&15]
		n >>= 4
	}
}

// dictionaryOf makes columns that hold few distinct values as a dictionary,
// which the Parquet writer takes over without looking at each row. index says
// which value a row has; nil means the first for all.
func dictionaryOf(values func(memory.Allocator) arrow.Array, index func(b batch, row int) int8) maker {
	return func(mem memory.Allocator, b batch) (arrow.Array, error) {
		dict := values(mem)
		defer dict.Release()
		n := b.rows()
		buf := memory.NewResizableBuffer(mem)
		defer buf.Release()
		buf.Resize(n)
		codes := arrow.Int8Traits.CastFromBytes(buf.Bytes())
		clear(codes)
		if index != nil {
			for i := range codes {
				codes[i] = index(b, i)
			}
		}
		data := array.NewData(arrow.PrimitiveTypes.Int8, n, []*memory.Buffer{nil, buf}, nil, 0, 0)
		defer data.Release()
		indices := array.NewInt8Data(data)
		defer indices.Release()
		return array.NewDictionaryArray(dictionaryType(dict.DataType()), indices, dict), nil
	}
}

func dictionaryType(value arrow.DataType) *arrow.DictionaryType {
	return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: value}
}

func texts(values ...string) func(memory.Allocator) arrow.Array {
	return func(mem memory.Allocator) arrow.Array {
		b := array.NewStringBuilder(mem)
		defer b.Release()
		b.AppendValues(values, nil)
		return b.NewArray()
	}
}

func constantText(name, value string) column {
	return column{
		field: arrow.Field{Name: name, Type: dictionaryType(arrow.BinaryTypes.String)},
		make:  dictionaryOf(texts(value), nil),
	}
}

func constantDouble(name string, value float64) column {
	one := func(mem memory.Allocator) arrow.Array {
		b := array.NewFloat64Builder(mem)
		defer b.Release()
		b.Append(value)
		return b.NewArray()
	}
	return column{
		field: arrow.Field{Name: name, Type: dictionaryType(arrow.PrimitiveTypes.Float64)},
		make:  dictionaryOf(one, nil),
	}
}

// constantTime is a timestamp in microseconds, UTC.
func constantTime(name string, value time.Time) column {
	one := func(mem memory.Allocator) arrow.Array {
		b := array.NewTimestampBuilder(mem, arrow.FixedWidthTypes.Timestamp_us.(*arrow.TimestampType))
		defer b.Release()
		b.Append(arrow.Timestamp(value.UnixMicro()))
		return b.NewArray()
	}
	return column{
		field: arrow.Field{Name: name, Type: dictionaryType(arrow.FixedWidthTypes.Timestamp_us)},
		make:  dictionaryOf(one, nil),
	}
}

func nullText(name string) column {
	return column{
		field: arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true},
		make: func(mem memory.Allocator, b batch) (arrow.Array, error) {
			return array.MakeArrayOfNull(mem, arrow.BinaryTypes.String, b.rows()), nil
		},
	}
}

// The texts of rejection_reason.
const (
	ReasonNoMatch = "no result row carries this key"
	ReasonNullKey = "the key is null or has a null part, and no result row carries it"
)

// reasonColumn looks at the key, the first column of the batch.
func reasonColumn(name string, composite bool) column {
	reason := func(b batch, row int) int8 {
		key := b.rec.Column(0).(*array.String)
		if key.IsNull(row) {
			return 1
		}
		if composite && nullInJSON(key.Value(row)) {
			return 1
		}
		return 0
	}
	return column{
		field: arrow.Field{Name: name, Type: dictionaryType(arrow.BinaryTypes.String)},
		make:  dictionaryOf(texts(ReasonNoMatch, ReasonNullKey), reason),
	}
}

// nullInJSON reports whether the JSON array of a key has a null in it.
func nullInJSON(text string) bool {
	if !strings.Contains(text, "null") {
		return false
	}
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && c == 'n':
			return true
		}
	}
	return false
}
