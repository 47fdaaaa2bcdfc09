package postgres_test

import (
	"encoding/binary"
	"io"
	"math/big"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"kallad/worker/source/postgres"
)

// FuzzDecoder sends bytes as if they came from a server, for columns of
// chosen kinds. Whatever they are, the decoder must not panic nor leak, must
// not end without the server's end, and what it hands out must be whole.
func FuzzDecoder(f *testing.F) {
	for i, kind := range postgres.Kinds {
		row := &pgproto3.DataRow{Values: [][]byte{sampleValue(kind), nil, sampleValue(kind)}}
		choice := []byte{byte(i), byte(i), byte(i)}
		f.Add(choice, messages(f, row, row, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 2")}, &pgproto3.ReadyForQuery{TxStatus: 'I'}))
		f.Add(choice, messages(f, row, &pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014", Message: "stopped"}))
	}
	f.Fuzz(func(t *testing.T, choice, sent []byte) {
		kinds := []string{}
		for _, c := range choice[:min(len(choice), 20)] {
			kinds = append(kinds, postgres.Kinds[int(c)%len(postgres.Kinds)])
		}
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer mem.AssertSize(t, 0)
		err := postgres.DecodeMessages(mem, kinds, sent, func(batch arrow.RecordBatch) {
			require.Equal(t, len(kinds), int(batch.NumCols()))
			for i, column := range batch.Columns() {
				require.Equal(t, int(batch.NumRows()), column.Len())
				for row := range column.Len() {
					text := column.ValueStr(row)
					if kinds[i] == "text" || kinds[i] == "jsonb" {
						require.True(t, utf8.ValidString(text))
					}
				}
				nulls := column.NullN()
				require.Equal(t, nulls, countNulls(column))
			}
		})
		require.Error(t, err)
		if err == io.EOF {
			require.Contains(t, string(sent), "Z\x00\x00\x00\x05I", "the end that the server sent")
		}
	})
}

func countNulls(column arrow.Array) (n int) {
	for i := range column.Len() {
		if column.IsNull(i) {
			n++
		}
	}
	return n
}

func messages(f *testing.F, parts ...pgproto3.BackendMessage) (buf []byte) {
	f.Helper()
	for _, m := range parts {
		var err error
		if buf, err = m.Encode(buf); err != nil {
			f.Fatal(err)
		}
	}
	return buf
}

// sampleValue is a value in a kind's binary form.
func sampleValue(kind string) []byte {
	switch kind {
	case "bool":
		return []byte{1}
	case "int2":
		return []byte{0, 7}
	case "int4", "oid", "float4", "date":
		return []byte{0, 0, 0, 7}
	case "interval", "uuid":
		return make([]byte, 16)
	case "decimal":
		return numericBytes(0, 0, 1, 12, 3400)
	case "text", "bytes":
		return []byte("text")
	case "jsonb":
		return []byte("\x01{}")
	case "list":
		return []byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x19\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01a\xff\xff\xff\xff")
	}
	return []byte{0, 0, 0, 0, 0, 0, 0, 7}
}

func numericBytes(weight int16, sign uint16, scale uint16, digits ...uint16) []byte {
	v := binary.BigEndian.AppendUint16(nil, uint16(len(digits)))
	v = binary.BigEndian.AppendUint16(v, uint16(weight))
	v = binary.BigEndian.AppendUint16(v, sign)
	v = binary.BigEndian.AppendUint16(v, scale)
	for _, d := range digits {
		v = binary.BigEndian.AppendUint16(v, d)
	}
	return v
}

// FuzzNumeric holds the decoder of numeric to exact arithmetic on big numbers:
// the same value, or an error exactly when it does not fit.
func FuzzNumeric(f *testing.F) {
	f.Add(int16(0), false, 10, 2, []byte{0, 12, 13, 72})
	f.Add(int16(-1), true, 38, 38, []byte{39, 15})
	f.Add(int16(9), false, 38, 0, []byte{0, 99, 39, 15, 39, 15, 39, 15, 39, 15, 39, 15, 39, 15, 39, 15, 39, 15, 39, 15})
	f.Fuzz(func(t *testing.T, weight int16, negative bool, precision, scale int, raw []byte) {
		precision, scale = 1+int(uint(precision)%38), int(uint(scale)%39)
		scale = min(scale, precision)
		weight %= 40
		var digits []uint16
		value := new(big.Rat)
		for i := 0; i+1 < min(len(raw), 60); i += 2 {
			d := binary.BigEndian.Uint16(raw[i:]) % 10000
			digits = append(digits, d)
			unit := tenTo(4 * (int(weight) - i/2))
			value.Add(value, unit.Mul(unit, new(big.Rat).SetInt64(int64(d))))
		}
		sign := uint16(0)
		if negative {
			sign = 0x4000
			value.Neg(value)
		}
		got, err := postgres.DecodeNumeric(precision, scale, numericBytes(weight, sign, 0, digits...))

		want := new(big.Rat).Mul(value, tenTo(scale))
		limit := tenTo(precision)
		fits := want.IsInt() && new(big.Rat).Abs(want).Cmp(limit) < 0
		if !fits {
			require.Error(t, err, "%s as decimal(%d,%d)", value.FloatString(50), precision, scale)
			return
		}
		require.NoError(t, err, "%s as decimal(%d,%d)", value.FloatString(50), precision, scale)
		require.Equal(t, want.Num().String(), got.BigInt().String())
	})
}

func tenTo(n int) *big.Rat {
	p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		p.Inv(p)
	}
	return p
}
