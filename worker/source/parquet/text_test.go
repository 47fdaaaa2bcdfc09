package parquet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// texts are columns of every kind: few values and many, short and long, with
// no nulls, some and only nulls.
func texts(rng *rand.Rand, rows int) arrow.RecordBatch {
	s := arrow.NewSchema([]arrow.Field{
		{Name: "many", Type: arrow.BinaryTypes.String},
		{Name: "few", Type: arrow.BinaryTypes.String},
		{Name: "one", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "some", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "few_then_many", Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: "nulls", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "long", Type: arrow.BinaryTypes.Binary, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for i := range rows {
		many := fmt.Sprintf("%x", rng.Uint64()>>rng.IntN(64))
		few := fmt.Sprintf("value %d é", rng.IntN(300))
		b.Field(0).(*array.StringBuilder).Append(many)
		b.Field(1).(*array.StringBuilder).Append(few)
		b.Field(2).(*array.StringBuilder).Append("the same")
		b.Field(5).AppendNull()
		if rng.IntN(3) == 0 {
			b.Field(3).AppendNull()
			b.Field(4).AppendNull()
			b.Field(6).AppendNull()
			continue
		}
		b.Field(3).(*array.StringBuilder).Append(many)
		if i > rows/2 {
			few = many
		}
		b.Field(4).(*array.BinaryBuilder).Append([]byte(few))
		b.Field(6).(*array.BinaryBuilder).Append([]byte(strings.Repeat(many, rng.IntN(100))))
	}
	return b.NewRecordBatch()
}

// TestTextsAreAsTheLibraryReadsThem compares the decoder of text pages with
// the library's, for each kind of page.
func TestTextsAreAsTheLibraryReadsThem(t *testing.T) {
	t.Parallel()
	rec := texts(rand.New(rand.NewPCG(5, 6)), 8000)
	t.Cleanup(rec.Release)
	for name, props := range map[string][]pq.WriterProperty{
		"version 1":        {pq.WithDataPageVersion(pq.DataPageV1)},
		"version 2":        {pq.WithDataPageVersion(pq.DataPageV2)},
		"plain":            {pq.WithDictionaryDefault(false)},
		"plain, version 2": {pq.WithDictionaryDefault(false), pq.WithDataPageVersion(pq.DataPageV2), pq.WithCompression(compress.Codecs.Zstd)},
		"tiny pages":       {pq.WithDataPageSize(100), pq.WithBatchSize(7), pq.WithCompression(compress.Codecs.Snappy)},
		"full dictionary":  {pq.WithDictionaryPageSizeLimit(5000), pq.WithDataPageSize(2000), pq.WithBatchSize(100)},
		"delta":            {pq.WithDictionaryDefault(false), pq.WithEncoding(pq.Encodings.DeltaByteArray)},
		"delta lengths":    {pq.WithDictionaryDefault(false), pq.WithEncoding(pq.Encodings.DeltaLengthByteArray)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "t.parquet")
			f, err := os.Create(path)
			require.NoError(t, err)
			w, err := pqarrow.NewFileWriter(rec.Schema(), f, pq.NewWriterProperties(append(props, pq.WithMaxRowGroupLength(3000))...), pqarrow.DefaultWriterProps())
			require.NoError(t, err)
			require.NoError(t, w.Write(rec))
			require.NoError(t, w.Close())

			for _, rows := range []int{7, 1000, 8192} {
				if rows == 7 && name != "tiny pages" {
					continue
				}
				requireSameTable(t, path, source.Scan{Columns: []string{"long", "few", "one", "some", "few_then_many", "nulls", "many"}, BatchRows: rows})
			}
		})
	}
}

func requireSameTable(t *testing.T, path string, scan source.Scan) {
	t.Helper()
	pf, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, pf.Close()) }()
	reader, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	require.NoError(t, err)
	want, err := reader.ReadTable(context.Background())
	require.NoError(t, err)
	batches, err := read(t, open(t, path), scan)
	require.NoError(t, err)
	got := array.NewTableFromRecords(batches[0].Schema(), batches)
	require.Equal(t, want.NumRows(), got.NumRows())
	for i, name := range scan.Columns {
		at := want.Schema().FieldIndices(name)[0]
		require.True(t, array.ChunkedEqual(want.Column(at).Data(), got.Column(i).Data()), "column %s", name)
	}
}
