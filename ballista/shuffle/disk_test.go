package shuffle_test

import (
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"kallad/ballista/shuffle"
)

// texts are rows of a number and a text.
var texts = arrow.NewSchema([]arrow.Field{
	{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

func textBatch(values ...string) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, texts)
	defer b.Release()
	for i, v := range values {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		b.Field(1).(*array.StringBuilder).Append(v)
	}
	return b.NewRecordBatch()
}

// writeTexts writes one partition and commits.
func writeTexts(t testing.TB, s *shuffle.Store, batches ...arrow.RecordBatch) {
	t.Helper()
	w, err := s.Writer(key, texts, 1)
	require.NoError(t, err)
	defer w.Abort()
	for _, b := range batches {
		require.NoError(t, w.Write(t.Context(), b))
	}
	_, err = w.Commit(t.Context())
	require.NoError(t, err)
}

func readTexts(t testing.TB, s *shuffle.Store) ([]arrow.RecordBatch, error) {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	return drain(t.Context(), r)
}

// Whatever byte of a file changes, and wherever it is cut off: the piece is
// lost, it does not come out wrong.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: -1})
	batch := textBatch("a", "", "some longer text", "ünï")
	writeTexts(t, s, batch)
	names := files(t, dir)
	require.Len(t, names, 1)
	whole, err := os.ReadFile(names[0])
	require.NoError(t, err)
	head := 8 + int(binary.LittleEndian.Uint32(whole[4:])) // the schema, which nobody reads
	end := len(whole) - 8                                  // the mark of the end, which nobody reads either
	try := func(damaged []byte, lost bool) {
		require.NoError(t, os.WriteFile(names[0], damaged, 0o600))
		got, err := readTexts(t, s)
		if lost {
			require.NotErrorIs(t, err, io.EOF)
			requireLost(t, err)
			return
		}
		require.NoError(t, err)
		requireRows(t, rowsOf([]arrow.RecordBatch{batch}), rowsOf(got), 0)
		release(got)
	}
	for at := range whole {
		for _, flip := range []byte{1, 0x80} {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= flip
			try(damaged, at >= head && at < end)
		}
		try(whole[:at], at < end)
	}
	try(whole, false)
	require.NoError(t, os.Remove(names[0]))
	try(whole, false) // it is open, and stays
}

// The file is a stream in Arrow's IPC format that others can read.
func TestFilesArePlainArrow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: -1})
	batch := textBatch("a", "b", "c")
	writeTexts(t, s, batch)
	require.Equal(t, []string{"j~1~2~3~w.arrows"}, []string{filepath.Base(files(t, dir)[0])})
	file, err := os.Open(files(t, dir)[0])
	require.NoError(t, err)
	defer file.Close()
	r, err := ipc.NewReader(file)
	require.NoError(t, err)
	defer r.Release()
	require.True(t, r.Schema().Equal(texts))
	require.True(t, r.Next())
	requireRows(t, rowsOf([]arrow.RecordBatch{batch}), rowsOf([]arrow.RecordBatch{r.RecordBatch()}), 0)
	require.False(t, r.Next())
	require.NoError(t, r.Err())
}

// Half of it in memory, half on disk.
func TestMemoryFirstThenDisk(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{MemoryLimit: 1 << 20, WriteBuffer: 64 << 10})
	long := strings.Repeat("x", 1000)
	var batches []arrow.RecordBatch
	for range 30 {
		values := make([]string, 100)
		for i := range values {
			values[i] = long
		}
		batches = append(batches, textBatch(values...))
	}
	writeTexts(t, s, batches...)
	inMemory, onDisk := s.Usage()
	require.LessOrEqual(t, inMemory, int64(1<<20))
	require.Greater(t, inMemory, int64(700<<10))
	require.Greater(t, onDisk, int64(1900<<10))
	require.Equal(t, onDisk-s.Counters().Spilled.Load(), int64(len(schemaMessage(t, texts))))
	got, err := readTexts(t, s)
	require.NoError(t, err)
	requireRows(t, rowsOf(batches), rowsOf(got), 0)
	release(got)
}

// A message is large only when a row is.
func TestWideRows(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, -1} {
		s := newStore(t, shuffle.Config{MemoryLimit: limit})
		huge, large := strings.Repeat("h", 5<<20), strings.Repeat("l", 700<<10)
		batches := []arrow.RecordBatch{
			textBatch("a", huge, "b", large, large, large, large, "c", huge),
			textBatch("d", large, "e"),
		}
		writeTexts(t, s, batches...)
		c := newClient(t, shuffle.ClientConfig{}, newStore(t, shuffle.Config{}))
		r, err := c.Open(t.Context(), serve(t, s, shuffle.ServerConfig{}), "other", key)
		require.NoError(t, err)
		got, err := drain(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		requireRows(t, rowsOf(batches), rowsOf(got), 0)
		for _, b := range got {
			size := buffersOf(b, 0, func([]byte) {})
			require.True(t, size <= 2<<20 || b.NumRows() == 1, "%d rows of %d bytes in all", b.NumRows(), size)
		}
		release(got)
	}
}

func TestRowsTooWide(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	w, err := s.Writer(key, texts, 1)
	require.NoError(t, err)
	err = w.Write(t.Context(), textBatch(strings.Repeat("x", shuffle.MaxBlock)))
	require.ErrorContains(t, err, "a row of 268435")
	require.ErrorContains(t, err, "the most is 268435456")
	requireEmpty(t, s)
}

// A write that the system refuses, in the middle: nothing is left of it, and
// the next attempt works.
func TestDiskFull(t *testing.T) {
	if os.Args[len(os.Args)-1] != "limited" {
		t.Parallel()
		out, err := exec.Command(os.Args[0], "-test.run=^TestDiskFull$", "-test.v", "limited").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "PASS: TestDiskFull")
		return
	}
	dir := t.TempDir()
	s := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: -1})
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: old.Max}))
	w, err := s.Writer(key, numbers, 2)
	require.NoError(t, err)
	for err == nil {
		err = w.Write(t.Context(), numbersBatch(make([]int32, 8192), 0))
	}
	var full *shuffle.FullError
	require.ErrorAs(t, err, &full)
	require.ErrorIs(t, err, unix.EFBIG)
	require.ErrorContains(t, err, dir)
	requireEmpty(t, s)
	require.Empty(t, files(t, dir))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &old))
	writeMany(t, s, key)
}

// Reading, aborting and removing leave no file open.
func TestNoFileStaysOpen(t *testing.T) {
	if os.Args[len(os.Args)-1] != "alone" {
		t.Parallel()
		out, err := exec.Command(os.Args[0], "-test.run=^TestNoFileStaysOpen$", "-test.v", "alone").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "PASS: TestNoFileStaysOpen")
		return
	}
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(entries)
	}
	s := newStore(t, shuffle.Config{MemoryLimit: -1})
	before := open()
	for range 20 {
		write(t, s, key, 10)
		r, err := s.Open(t.Context(), key)
		require.NoError(t, err)
		got, err := drain(t.Context(), r)
		require.NoError(t, err)
		require.Positive(t, open()-before)
		require.NoError(t, s.RemoveJob("j"))
		release(got)
		require.NoError(t, r.Close())
		w, err := s.Writer(key, numbers, 2)
		require.NoError(t, err)
		require.NoError(t, w.Write(t.Context(), numbersBatch(make([]int32, 40_000), 0)))
		w.Abort()
	}
	require.Equal(t, before, open())
}

// schemaMessage is what a file begins with.
func schemaMessage(t testing.TB, schema *arrow.Schema) []byte {
	t.Helper()
	p := ipc.GetSchemaPayload(schema, memory.DefaultAllocator)
	defer p.Release()
	meta := p.Meta()
	defer meta.Release()
	return make([]byte, 8+(meta.Len()+7)/8*8)
}
