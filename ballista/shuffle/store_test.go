package shuffle_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/ballista/shuffle"
)

var key = shuffle.Key{Job: "j", Stage: 1, Task: 2, Attempt: 3, Step: "w"}

// numbers are rows of a partition and an int64.
var numbers = arrow.NewSchema([]arrow.Field{
	{Name: "partition", Type: arrow.PrimitiveTypes.Int32}, {Name: "n", Type: arrow.PrimitiveTypes.Int64},
}, nil)

func numbersBatch(partitions []int32, first int64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, numbers)
	defer b.Release()
	for i, p := range partitions {
		b.Field(0).(*array.Int32Builder).Append(p)
		b.Field(1).(*array.Int64Builder).Append(first + int64(i))
	}
	return b.NewRecordBatch()
}

// write writes n rows to each of two partitions and commits.
func write(t testing.TB, s *shuffle.Store, key shuffle.Key, n int) []shuffle.Written {
	t.Helper()
	w, err := s.Writer(key, numbers, 2)
	require.NoError(t, err)
	defer w.Abort()
	to := make([]int32, 2*n)
	for i := range to {
		to[i] = int32(i % 2)
	}
	require.NoError(t, w.Write(t.Context(), numbersBatch(to, 0)))
	written, err := w.Commit(t.Context())
	require.NoError(t, err)
	return written
}

func requireLost(t testing.TB, err error) {
	t.Helper()
	var lost *shuffle.LostError
	require.ErrorAs(t, err, &lost)
}

func TestNothingIsThereBeforeCommitAndNothingAfterAbort(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{MemoryLimit: -1})
	w, err := s.Writer(key, numbers, 2)
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), numbersBatch([]int32{0, 1}, 0)))
	_, err = s.Open(t.Context(), key)
	requireLost(t, err)
	_, err = s.Writer(key, numbers, 2)
	require.ErrorContains(t, err, "written twice")
	w.Abort()
	w.Abort()
	_, err = s.Open(t.Context(), key)
	requireLost(t, err)
	write(t, s, key, 1)
	w.Abort()
	r, err := s.Open(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, r.Close())
}

func TestPartitionsOutOfRangeOrNull(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	for _, to := range []int32{-1, 2, 1 << 30} {
		w, err := s.Writer(key, numbers, 2)
		require.NoError(t, err)
		require.ErrorContains(t, w.Write(t.Context(), numbersBatch([]int32{0, to}, 0)), "internal error")
		_, err = w.Commit(t.Context())
		require.ErrorContains(t, err, "internal error")
	}
	w, err := s.Writer(key, numbers, 2)
	require.NoError(t, err)
	b := array.NewRecordBuilder(memory.DefaultAllocator, numbers)
	defer b.Release()
	b.Field(0).AppendNull()
	b.Field(1).AppendNull()
	require.ErrorContains(t, w.Write(t.Context(), b.NewRecordBatch()), "without a partition")
	_, err = s.Writer(key, arrow.NewSchema(numbers.Fields()[1:], nil), 2)
	require.ErrorContains(t, err, "partition")
}

func TestDiskLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: -1, DiskLimit: 100 << 10})
	w, err := s.Writer(key, numbers, 2)
	require.NoError(t, err)
	for err == nil {
		err = w.Write(t.Context(), numbersBatch(make([]int32, 8192), 0))
	}
	var full *shuffle.FullError
	require.ErrorAs(t, err, &full)
	require.ErrorContains(t, err, "disk limit of 102400 bytes")
	_, disk := s.Usage()
	require.Zero(t, disk, "what was written is given back at once")
	require.Empty(t, files(t, dir))
	_, err = s.Open(t.Context(), key)
	requireLost(t, err)
}

// files are the data files of a store's folder.
func files(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "kallad-shuffle-*", "*"))
	require.NoError(t, err)
	return names
}

func TestRemovedWhileReadAndWritten(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, -1} {
		dir := t.TempDir()
		s := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: limit})
		write(t, s, key, 60_000)
		r, err := s.Open(t.Context(), key)
		require.NoError(t, err)
		first, err := r.Next(t.Context())
		require.NoError(t, err)
		other := key
		other.Step = "other"
		w, err := s.Writer(other, numbers, 2)
		require.NoError(t, err)
		require.NoError(t, w.Write(t.Context(), numbersBatch([]int32{0}, 0)))

		require.NoError(t, s.RemoveJob("j"))
		require.Equal(t, int64(2), first.Column(0).(*array.Int64).Value(1), "a batch stays valid until it is released")
		first.Release()
		memoryUsed, disk := s.Usage()
		require.Zero(t, memoryUsed)
		require.Zero(t, disk)
		require.Empty(t, files(t, dir))
		_, err = r.Next(t.Context())
		requireLost(t, err)
		require.ErrorIs(t, err, shuffle.ErrRemoved)
		_, err = w.Commit(t.Context())
		require.ErrorIs(t, err, shuffle.ErrRemoved)
	}
}

func TestRemoveAttempt(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	other := key
	other.Attempt = 33
	write(t, s, key, 1)
	write(t, s, other, 1)
	require.NoError(t, s.RemoveAttempt("j", 1, 2, 3))
	_, err := s.Open(t.Context(), key)
	requireLost(t, err)
	r, err := s.Open(t.Context(), other)
	require.NoError(t, err)
	require.NoError(t, r.Close())
}

func TestLeftoversOfTheDeadAreRemovedAndTheLivingLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	alive := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: -1})
	write(t, alive, key, 10)
	require.Len(t, files(t, dir), 1)
	dead := filepath.Join(dir, "kallad-shuffle-123")
	require.NoError(t, os.Mkdir(dead, 0o700))
	require.NoError(t, os.WriteFile(dead+".lock", nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dead, "old.arrows"), []byte("x"), 0o600))
	link := filepath.Join(dir, "kallad-shuffle-link.lock")
	require.NoError(t, os.Symlink(filepath.Join(dir, "elsewhere"), link))
	next := newStore(t, shuffle.Config{Dir: dir})
	require.NoDirExists(t, dead)
	require.NoFileExists(t, dead+".lock")
	require.Len(t, files(t, dir), 1)
	require.NoError(t, alive.Close())
	require.NoError(t, next.Close())
	require.NoError(t, os.Remove(link))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, k := range []shuffle.Key{
		key, {Job: "a b.c~d%#", Step: "unmatched left ~ñ", Partition: 511},
	} {
		require.Equal(t, filepath.Base(k.String()), k.String())
		require.NotContains(t, k.String(), "#")
		back, err := shuffle.ParseKey(k.String())
		require.NoError(t, err)
		require.Equal(t, k, back)
	}
	s := newStore(t, shuffle.Config{})
	for _, k := range []shuffle.Key{
		{}, {Job: "..", Step: "w"}, {Job: "a/b", Step: "w"}, {Job: "j", Step: "../w"}, {Job: "j", Step: "a\x00"},
		{Job: "j", Step: `a\b`}, {Job: "j", Step: "w", Task: -1}, {Job: strings.Repeat("j", 250), Step: "w"},
	} {
		_, err := s.Writer(k, numbers, 2)
		require.Error(t, err, "%q", k)
		_, err = s.Open(t.Context(), k)
		requireLost(t, err)
	}
	for _, text := range []string{"", "j~1~2~3~w", "j~1~2~3~w~x", "j~1~2~3~w~-1", "j~01~2~3~w~1", "%2E%2E~1~2~3~w~1", "a%2Fb~1~2~3~w~1", "j~1~2~3~w~1~2", "%~1~2~3~w~1"} {
		_, err := shuffle.ParseKey(text)
		require.Error(t, err, text)
	}
}

func TestEndedContexts(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	write(t, s, key, 10)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Open(ended, key)
	require.ErrorIs(t, err, context.Canceled)
	r, err := s.Open(t.Context(), key)
	require.NoError(t, err)
	_, err = r.Next(ended)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMemoryIsUsedAgainAndThenGivenBack(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	s.KeepFor(time.Hour)
	write(t, s, key, 100_000)
	used, _ := s.Usage()
	require.Zero(t, s.Kept())
	require.NoError(t, s.RemoveJob("j"))
	kept := s.Kept()
	require.GreaterOrEqual(t, kept, used)
	write(t, s, key, 100_000)
	require.Less(t, s.Kept(), kept)
	s.KeepFor(time.Millisecond)
	require.NoError(t, s.RemoveJob("j"))
	require.Eventually(t, func() bool { return s.Kept() == 0 }, 5*time.Second, time.Millisecond)
}

// Rows of no columns are counted all the same.
func TestRowsWithoutColumns(t *testing.T) {
	t.Parallel()
	s := newStore(t, shuffle.Config{})
	schema := arrow.NewSchema(numbers.Fields()[:1], nil)
	w, err := s.Writer(key, schema, 3)
	require.NoError(t, err)
	defer w.Abort()
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Field(0).(*array.Int32Builder).AppendValues([]int32{0, 2, 2, 0, 2}, nil)
	require.NoError(t, w.Write(t.Context(), b.NewRecordBatch()))
	written, err := w.Commit(t.Context())
	require.NoError(t, err)
	address := serve(t, s, shuffle.ServerConfig{})
	c := newClient(t, shuffle.ClientConfig{}, newStore(t, shuffle.Config{}))
	for p, want := range []int64{2, 0, 3} {
		require.Equal(t, want, written[p].Rows)
		k := key
		k.Partition = p
		r, err := c.Open(t.Context(), address, "other", k)
		require.NoError(t, err)
		got, err := drain(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, rowsOf(got), int(want))
		release(got)
		require.NoError(t, r.Close())
	}
}

// Jobs are removed at any moment of their lives: what is read until then is
// right, and nothing stays behind.
func TestRemovedAtAnyMoment(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, -1, 300 << 10} {
		dir := t.TempDir()
		s := newStore(t, shuffle.Config{Dir: dir, MemoryLimit: limit, WriteBuffer: 64 << 10})
		address := serve(t, s, shuffle.ServerConfig{})
		c := newClient(t, quick, newStore(t, shuffle.Config{}))
		for round := range 40 {
			before := moved(s)
			var work sync.WaitGroup
			begun := make(chan struct{})
			errs := make([]error, 3)
			if round%2 == 0 { // removed while it is written
				work.Go(func() { errs[0] = writeSome(t.Context(), s, begun) })
			} else { // removed while it is read
				require.NoError(t, writeSome(t.Context(), s, begun))
				before = moved(s)
			}
			for i, executor := range []string{"self", "other"} {
				work.Go(func() { errs[i+1] = readSome(t.Context(), c, s, executor, address) })
			}
			<-begun
			ended := make(chan struct{})
			go func() {
				work.Wait()
				close(ended)
			}()
			for over := false; !over && moved(s)-before < int64(round)*40_000; { // of about 1.6 MB
				select {
				case <-ended:
					over = true
				default:
					runtime.Gosched()
				}
			}
			require.NoError(t, s.RemoveJob("j"))
			<-ended
			require.NoError(t, s.RemoveJob("j")) // a writer may have begun, or a piece been committed, before
			if errs[0] != nil {
				require.ErrorIs(t, errs[0], shuffle.ErrRemoved)
			}
			for _, err := range errs[1:] {
				if err != nil {
					requireLost(t, err)
				}
			}
		}
		require.Positive(t, s.Counters().ReadLocal.Load(), "nothing was read at all")
		require.Positive(t, s.Counters().Served.Load(), "nothing was read at all")
		requireEmpty(t, s)
		require.Empty(t, files(t, dir))
	}
}

// moved is how much was written to and read of a store.
func moved(s *shuffle.Store) int64 {
	c := s.Counters()
	return c.Written.Load() + c.ReadLocal.Load() + c.Served.Load()
}

// writeSome writes 200,000 numbers into two partitions.
func writeSome(ctx context.Context, s *shuffle.Store, begun chan<- struct{}) error {
	w, err := s.Writer(key, numbers, 2)
	close(begun)
	if err != nil {
		return err
	}
	defer w.Abort()
	to := make([]int32, 20_000)
	for i := range to {
		to[i] = int32(i % 2)
	}
	for at := range 10 {
		b := numbersBatch(to, int64(at*len(to)))
		err := w.Write(ctx, b)
		b.Release()
		if err != nil {
			return err
		}
	}
	_, err = w.Commit(ctx)
	return err
}

// readSome reads what writeSome writes as soon as it is there, and fails when
// it is not, or not what it should be.
func readSome(ctx context.Context, c *shuffle.Client, s *shuffle.Store, executor, address string) error {
	open := func() (shuffle.Reader, error) {
		if executor == "self" {
			return s.Open(ctx, key)
		}
		return c.Open(ctx, address, executor, key)
	}
	r, err := open()
	for tries := 0; err != nil && tries < 20; tries++ {
		r, err = open()
	}
	if err != nil {
		return err
	}
	defer r.Close()
	next := int64(0)
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) && next == 200_000 {
			return nil
		}
		if err != nil {
			return err
		}
		for _, v := range b.Column(0).(*array.Int64).Int64Values() {
			if v != next {
				return fmt.Errorf("%d in place of %d", v, next)
			}
			next += 2
		}
		b.Release()
	}
}
