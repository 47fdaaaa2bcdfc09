package csv_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zstandard(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	defer w.Close()
	return w.EncodeAll(b, nil)
}

// TestConformanceStreams runs the suite over files that are read in one piece.
func TestConformanceStreams(t *testing.T) {
	utf16 := func(b []byte) []byte { return []byte(encodeUTF16(string(b), false, true)) }
	for name, encode := range map[string]func([]byte) []byte{
		"gzip": gzipped, "zstd": zstandard, "utf-16": utf16,
		"gzip of utf-16": func(b []byte) []byte { return gzipped(utf16(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			conform(t, csv.Config{BlockBytes: 4096}, "a.csv", "\r\n", "header=true", encode)
		})
	}
}

// folder writes files into a folder of the test's own.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"in/1.csv":       "id,v\n1,1\n2,2",
		"in/2.csv":       "\ufeffid,v\r\n3,\"3\"\r\n",
		"in/3.csv":       "",
		"in/4.csv.gz":    string(gzipped([]byte("id,v\n4,4.50\n"))),
		"in/sub/5.tsv":   "id,v\n5,5\n",
		"in/_SUCCESS":    "",
		"in/.hidden.csv": "a,b,c\n",
		"other/1.csv":    "id,w\n1,1\n",
		"other/2.csv":    "id,v\n1,1\n",
		"none/readme.md": "no data",
	})
	store := blob.NewLocal(blob.LocalConfig{})
	for _, want := range []int{1, 2, 3, 100} {
		for _, address := range []string{dir + "/in/", "file://" + dir + "/in/**/*.?sv*?"} {
			got, err := readTable(store, csv.Config{MinPartitionBytes: 1}, address, want)
			require.NoError(t, err)
			require.Equal(t, "id|v\n1|1.00\n2|2.00\n3|3.00\n4|4.50\n5|5.00", show(got))
			require.Contains(t, strings.Join(got.notes, "\n"), "3.csv is empty")
			require.Contains(t, strings.Join(got.notes, "\n"), "4.csv.gz is compressed with gzip")
		}
	}
	for address, want := range map[string]string{
		"/other/*.csv":  `have different columns: ["id" "w"] and ["id" "v"]`,
		"/none/":        "no CSV files there",
		"/nothing.csv":  "not found",
		"/nothing*.csv": "not found",
	} {
		_, err := readTable(store, csv.Config{}, dir+address, 1)
		require.True(t, recon.IsInput(err), "%v", err)
		require.ErrorContains(t, err, want)
	}
}

// TestOddNames reads files whose names look like parameters and globs.
func TestOddNames(t *testing.T) {
	t.Parallel()
	names := []string{"what?.csv", "100%.csv", "a%41.csv", "[x]*.csv", "a b+c&d=e.csv"}
	files := map[string]string{}
	for _, n := range names {
		files[n] = "name\n\"" + n + "\"\n"
	}
	dir := folder(t, files)
	for _, n := range names {
		got, err := readTable(blob.NewLocal(blob.LocalConfig{}), csv.Config{}, dir+"/"+n+"?", 1)
		require.NoError(t, err)
		require.Equal(t, [][]string{{n}}, got.rows)
	}
	got, err := readTable(blob.NewLocal(blob.LocalConfig{}), csv.Config{}, "file://"+dir+"/what%3F.csv?header=true", 1)
	require.NoError(t, err)
	require.Equal(t, [][]string{{"what?.csv"}}, got.rows)
}

func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	content := []byte("id,v\n" + strings.Repeat("1,some text to compress\n", 20_000))
	for name, file := range map[string][]byte{
		"gzip cut":     gzipped(content)[:200],
		"zstd cut":     zstandard(content)[:20],
		"gzip flipped": append(gzipped(content)[:40], bytes.Repeat([]byte{0xff}, 100)...),
		"gzip head":    {0x1f, 0x8b, 0xff},
	} {
		_, err := readText(t, string(file), "", csv.Config{WholeBytes: 1000}, 1)
		require.True(t, recon.IsInput(err), "%s: %v", name, err)
		require.ErrorContains(t, err, "the content is damaged", name)
	}
}

// TestReplacedFile replaces the file at every stage of a read.
func TestReplacedFile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	before := []byte("id,v\n" + strings.Repeat("1,before\n", 50_000))
	after := []byte("id,v\n" + strings.Repeat("2,after!\n", 50_000))
	cfg := csv.Config{MinPartitionBytes: 1, BlockBytes: 4096, WholeBytes: 1 << 16}
	scan := source.Scan{Columns: []string{"id"}, BatchRows: 10}
	for stage := range 4 {
		store := newMemoryStore(map[string][]byte{"f.csv": before})
		replace := func(at int) {
			if at == stage {
				store.put("f.csv", after)
			}
		}
		err := func() error {
			src, err := csv.New(store, cfg).Open(ctx, "f.csv")
			require.NoError(t, err)
			defer src.Close()
			_, err = src.Describe(ctx)
			require.NoError(t, err)
			replace(0)
			parts, err := src.Split(ctx, scan, 4)
			if err != nil {
				return err
			}
			replace(1)
			batches, err := src.Read(ctx, scan, parts[2])
			require.NoError(t, err)
			defer batches.Close()
			replace(2)
			for n := 0; ; n++ {
				batch, err := batches.Next(ctx)
				if err != nil {
					return err
				}
				require.Equal(t, "1", batch.Column(0).ValueStr(0), "a row of the other version")
				batch.Release()
				if n == 0 {
					replace(3)
				}
			}
		}()
		require.ErrorIs(t, err, blob.ErrChanged, "replaced at stage %d", stage)
		require.True(t, recon.IsInput(err))
	}
}

// shortStore hands out streams that end early without an error, as a store
// must not, but might.
type shortStore struct{ *memoryStore }

type shortObject struct{ blob.Object }

func (s shortStore) OpenVersion(ctx context.Context, uri, version string) (blob.Object, error) {
	obj, err := s.memoryStore.OpenVersion(ctx, uri, version)
	return shortObject{obj}, err
}

func (o shortObject) ReadRange(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	if length > 100 {
		length -= 9
	}
	return o.Object.ReadRange(ctx, offset, length)
}

func TestShortStreamIsNoEnd(t *testing.T) {
	t.Parallel()
	content := []byte("id,v\n" + strings.Repeat("1,before\n", 5000))
	store := shortStore{newMemoryStore(map[string][]byte{"f.csv": content})}
	_, err := readTable(store, csv.Config{WholeBytes: 64}, "f.csv", 1)
	require.ErrorContains(t, err, "the bytes end at offset")
}

// cancellingStore cancels a context when a file has been read up to an offset.
type cancellingStore struct {
	*memoryStore
	at     int64
	cancel context.CancelFunc
}

type cancellingObject struct {
	blob.Object
	store *cancellingStore
}

func (s *cancellingStore) OpenVersion(ctx context.Context, uri, version string) (blob.Object, error) {
	obj, err := s.memoryStore.OpenVersion(ctx, uri, version)
	return cancellingObject{obj, s}, err
}

func (o cancellingObject) ReadRange(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	r, err := o.Object.ReadRange(ctx, offset, length)
	return &cancellingReader{ReadCloser: r, left: o.store.at - offset, cancel: o.store.cancel}, err
}

type cancellingReader struct {
	io.ReadCloser
	left   int64
	cancel context.CancelFunc
}

func (r *cancellingReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left <= 0 && r.cancel != nil {
		r.cancel()
	}
	return n, err
}

// TestCancelledNext cancels a Next in the middle of its batch: the stream must
// not go on without the rows that this Next had begun.
func TestCancelledNext(t *testing.T) {
	t.Parallel()
	content := []byte("id,v\n" + strings.Repeat("1,before\n", 5000))
	store := &cancellingStore{memoryStore: newMemoryStore(map[string][]byte{"f.csv": content}), at: 20_000}
	src, err := csv.New(store, csv.Config{BlockBytes: 100}).Open(context.Background(), "f.csv")
	require.NoError(t, err)
	defer src.Close()
	scan := source.Scan{Columns: []string{"id"}, BatchRows: 10_000}
	parts, err := src.Split(context.Background(), scan, 1)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store.cancel = cancel
	batches, err := src.Read(context.Background(), scan, parts[0])
	require.NoError(t, err)
	defer batches.Close()
	_, err = batches.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = batches.Next(context.Background())
	require.ErrorIs(t, err, context.Canceled)
}

// TestSplitReadsLittle holds Split to its promise: a text without quotes
// leaves only the limit of a record's length to tell by, and one with quotes
// tells at once.
func TestSplitReadsLittle(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for line, most := range map[string]int64{"1,some text\n": 1 << 20, "1,\"some text\"\n": 1 << 19} {
		content := []byte("id,v\n" + strings.Repeat(line, 8<<20/len(line)))
		store := newMemoryStore(map[string][]byte{"f.csv": content})
		src, err := csv.New(store, csv.Config{MinPartitionBytes: 1, MaxRecordBytes: 100 << 10}).Open(ctx, "f.csv")
		require.NoError(t, err)
		_, err = src.Describe(ctx)
		require.NoError(t, err)
		before := store.reads
		parts, err := src.Split(ctx, source.Scan{}, 4)
		require.NoError(t, err)
		require.Len(t, parts, 4)
		require.Less(t, store.reads-before, most, "bytes read to split %q", line)
		require.NoError(t, src.Close())
	}
}

// TestEvenPartitions: partitions of a large file differ little in size.
func TestEvenPartitions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, line := range []string{"1,some text\n", "1,\"some, text\"\n", "1,\"some\ntext\"\n", "\"\",\"\"\n"} {
		content := []byte("id,v\n" + strings.Repeat(line, 1<<20/len(line)))
		store := newMemoryStore(map[string][]byte{"f.csv": content})
		src, err := csv.New(store, csv.Config{MinPartitionBytes: 1, MaxRecordBytes: 1000}).Open(ctx, "f.csv")
		require.NoError(t, err)
		parts, err := src.Split(ctx, source.Scan{}, 10)
		require.NoError(t, err)
		require.Len(t, parts, 10)
		for _, p := range parts {
			require.InDelta(t, len(content)/10, p.Bytes, 10_000, "partition %d of %q", p.Index, line)
			require.InDelta(t, float64(p.Bytes)/float64(len(line)), float64(p.Rows), 10)
		}
		require.NoError(t, src.Close())
	}
}

// TestBoundedBatches: long texts make short batches.
func TestBoundedBatches(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var content bytes.Buffer
	content.WriteString("id,v\n")
	for i := range 64 {
		fmt.Fprintf(&content, "%d,%s\n", i, strings.Repeat("x", 1<<16))
	}
	store := newMemoryStore(map[string][]byte{"f.csv": content.Bytes()})
	src, err := csv.New(store, csv.Config{BatchBytes: 1 << 18, BlockBytes: 1 << 16}).Open(ctx, "f.csv")
	require.NoError(t, err)
	defer src.Close()
	scan := source.Scan{Columns: []string{"id", "v"}}
	parts, err := src.Split(ctx, scan, 1)
	require.NoError(t, err)
	batches, err := src.Read(ctx, scan, parts[0])
	require.NoError(t, err)
	defer batches.Close()
	rows := int64(0)
	for {
		batch, err := batches.Next(ctx)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.LessOrEqual(t, batch.NumRows(), int64(6))
		rows += batch.NumRows()
		batch.Release()
	}
	require.Equal(t, int64(64), rows)
}
