package postgres

import (
	"bytes"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Kinds are all kinds of columns that are decoded.
var Kinds = []string{
	string(kindBool), string(kindInt2), string(kindInt4), string(kindInt8), string(kindOID), string(kindFloat4),
	string(kindFloat8), string(kindDecimal), string(kindDate), string(kindTime), string(kindTimestamp),
	string(kindTimestampTZ), string(kindInterval), string(kindUUID), string(kindText), string(kindJSONB),
	string(kindBytes), string(kindList),
}

// DecodeMessages decodes what a server might send for columns of the given
// kinds, and gives each batch to see before it is released.
func DecodeMessages(mem memory.Allocator, kinds []string, messages []byte, see func(arrow.RecordBatch)) error {
	var columns []column
	for _, k := range kinds {
		t := columnType{Kind: kind(k), Precision: 20, Scale: 4}
		if t.Kind == kindList {
			t.Elem = &columnType{Kind: kindText}
		}
		columns = append(columns, column{Name: "c", Type: t})
	}
	src := &Source{cfg: Config{Allocator: mem, MaxFieldBytes: 1 << 20, BatchBytes: 1 << 12}}
	st, err := newStream(src, &payload{AnyBytes: true}, columns, 3)
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	st.wire = newWire(bytes.NewReader(messages))
	for err == nil {
		if err = st.fill(); err == nil || err == io.EOF {
			batch := st.batch()
			see(batch)
			batch.Release()
		}
	}
	return err
}

// DecodeNumeric decodes a binary numeric into decimal(precision, scale).
func DecodeNumeric(precision, scale int, v []byte) (decimal128.Num, error) {
	return numericDecoder(precision, scale)(v)
}
