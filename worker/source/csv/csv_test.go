package csv_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
	"kallad/worker/source/sourcetest"
)

// writeFile puts content into a file of the test's own and returns its path.
func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// csvText writes a batch as CSV: text values always quoted, so that the empty
// text and null differ.
func csvText(batch arrow.RecordBatch, newline string) []byte {
	var b bytes.Buffer
	for i, f := range batch.Schema().Fields() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(f.Name)
	}
	b.WriteString(newline)
	for row := range int(batch.NumRows()) {
		for i, col := range batch.Columns() {
			if i > 0 {
				b.WriteByte(',')
			}
			if !col.IsNull(row) {
				b.WriteString(csvCell(col, row))
			}
		}
		b.WriteString(newline)
	}
	return b.Bytes()
}

func csvCell(col arrow.Array, row int) string {
	switch col := col.(type) {
	case *array.String:
		return `"` + strings.ReplaceAll(col.Value(row), `"`, `""`) + `"`
	case *array.Decimal128:
		return col.Value(row).ToString(2)
	case *array.Timestamp:
		return col.Value(row).ToTime(arrow.Microsecond).Format("2006-01-02T15:04:05.000000")
	default:
		return col.ValueStr(row)
	}
}

const conformanceTypes = "types=id:integer,code:text,note:text,amount:decimal(18,2),day:date,at:timestamp,ok:boolean"

// conform runs the suite over files that encode turns the suite's rows into.
func conform(t *testing.T, cfg csv.Config, name, newline, params string, encode func([]byte) []byte) {
	t.Helper()
	sourcetest.Run(t, sourcetest.Subject{
		Store: func(t *testing.T, rows arrow.RecordBatch) recon.URI {
			path := writeFile(t, name, encode(csvText(rows, newline)))
			uri := path + "?" + params
			if rows.NumRows() == 0 {
				uri += "&" + conformanceTypes
			}
			return recon.URI(uri)
		},
		Opener: func(_ *testing.T, mem memory.Allocator) source.Opener {
			cfg.Allocator = mem
			return csv.New(blob.NewLocal(blob.LocalConfig{}), cfg)
		},
	})
}

func plain(b []byte) []byte { return b }

func TestConformance(t *testing.T) {
	small := csv.Config{MinPartitionBytes: 1, BlockBytes: 777}
	for _, newline := range []string{"\n", "\r\n", "\r"} {
		t.Run(fmt.Sprintf("newline %q", newline), func(t *testing.T) {
			conform(t, small, "a.csv", newline, "header=true", plain)
		})
	}
	t.Run("short records", func(t *testing.T) {
		cfg := small
		cfg.MaxRecordBytes = 150
		conform(t, cfg, "a.csv", "\n", "header=true", plain)
	})
}
