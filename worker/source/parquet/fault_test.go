package parquet_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/parquet"
)

// numbers writes a file of the numbers from 0 up, as id and as text.
func numbers(t testing.TB, path string, rows, groupRows int) {
	t.Helper()
	s := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "text", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for i := range rows {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("%08d", i))
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	write(t, path, int64(groupRows), rec)
}

func describeError(t *testing.T, uri string) error {
	t.Helper()
	_, err := open(t, uri).Describe(context.Background())
	require.Error(t, err)
	require.True(t, recon.IsInput(err), "want an input error, got %v", err)
	return err
}

func TestFilesThatAreNotWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good.parquet")
	numbers(t, good, 1000, 100)
	raw, err := os.ReadFile(good)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":      {nil, "not a Parquet file: it has only 0 bytes"},
		"text":       {[]byte("id,text\n1,one\n2,two\n"), "not a Parquet file, or one that was cut off"},
		"cut off":    {raw[:len(raw)/2], "not a Parquet file, or one that was cut off"},
		"no footer":  {append([]byte("PAR1"), raw[len(raw)-8:]...), "its footer would have"},
		"bad footer": {append(append([]byte("PAR1"), bytes.Repeat([]byte{0xff}, 100)...), 100, 0, 0, 0, 'P', 'A', 'R', '1'), "the Parquet footer cannot be understood"},
	} {
		path := filepath.Join(dir, name+".parquet")
		require.NoError(t, os.WriteFile(path, c.content, 0o600))
		err := describeError(t, path)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, path, name)
	}
}

func TestEncryptedFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]pq.EncryptOption{"footer": nil, "columns": {pq.WithPlaintextFooter()}} {
		keys := pq.NewFileEncryptionProperties("0123456789012345", opts...)
		path := writeArrow(t, arrow.PrimitiveTypes.Int64, func(b array.Builder) { b.(*array.Int64Builder).Append(1) }, pq.NewWriterProperties(pq.WithEncryptionProperties(keys)))
		_, err := read(t, open(t, path), source.Scan{Columns: []string{"c"}})
		require.ErrorContains(t, err, "encrypted", name)
		require.True(t, recon.IsInput(err), name)
	}
}

// TestBrokenPagesNeverPanic flips bytes anywhere in the data: the answer is an
// error or rows, and the process lives on.
func TestBrokenPagesNeverPanic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good.parquet")
	numbers(t, good, 2000, 500)
	raw, err := os.ReadFile(good)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(3, 4))
	failed := 0
	for range 300 {
		broken := bytes.Clone(raw)
		for range 1 + rng.IntN(4) {
			broken[rng.IntN(len(broken))] ^= byte(1 + rng.IntN(255))
		}
		path := filepath.Join(dir, "broken.parquet")
		require.NoError(t, os.WriteFile(path, broken, 0o600))
		batches, err := read(t, open(t, path), source.Scan{Columns: []string{"text", "id"}})
		if err != nil {
			require.True(t, recon.IsInput(err), "want an input error, got %v", err)
			failed++
		}
		for _, b := range batches {
			b.Release()
		}
	}
	require.Positive(t, failed)
}

func TestFilesThatDoNotFitTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	numbers(t, filepath.Join(dir, "a.parquet"), 10, 10)
	s := arrow.NewSchema([]arrow.Field{{Name: "text", Type: arrow.BinaryTypes.String}, {Name: "id", Type: arrow.PrimitiveTypes.Int32}}, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, s, bytes.NewReader([]byte(`[{"text":"x","id":1}]`)))
	require.NoError(t, err)
	defer rec.Release()
	write(t, filepath.Join(dir, "b.parquet"), 10, rec)
	err = describeError(t, dir+"/*.parquet")
	for _, part := range []string{"a.parquet", "b.parquet", `column "id" is int64 in the first and int32 in the second`} {
		require.ErrorContains(t, err, part)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.ErrorContains(t, describeError(t, dir+"/nothing.parquet"), "not found")
	require.NoError(t, os.WriteFile(dir+"/readme.txt", []byte("x"), 0o600))
	require.ErrorContains(t, describeError(t, dir+"/"), "no Parquet files there")
	_, err := parquet.New(local, parquet.Config{}).Open(context.Background(), "/x.parquet?types=id:text&format=csv")
	require.ErrorContains(t, err, `unknown parameter "types"`)
	require.ErrorContains(t, err, `"csv" is not parquet`)
	require.True(t, recon.IsInput(err))
}

// TestAFileThatIsReplaced is not mixed with its successor.
func TestAFileThatIsReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.parquet")
	numbers(t, path, 1000, 100)
	src := open(t, path)
	scan := source.Scan{Columns: []string{"id"}}
	parts, err := src.Split(context.Background(), scan, 4)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	numbers(t, path, 500, 100)
	batches, err := src.Read(context.Background(), scan, parts[0])
	require.NoError(t, err)
	defer func() { require.NoError(t, batches.Close()) }()
	_, err = batches.Next(context.Background())
	require.ErrorIs(t, err, blob.ErrChanged)
	require.True(t, recon.IsInput(err))
}
