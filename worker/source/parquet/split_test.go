package parquet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/parquet"
)

func TestFiltersSkipRowGroups(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.parquet")
	numbers(t, path, 10_000, 1000)
	for _, c := range []struct {
		column string
		op     recon.Operator
		value  string
		rows   int64 // of the row groups that have to be read
		found  int64
	}{
		{"id", recon.OpEq, `4500`, 1000, 1},
		{"id", recon.OpBetween, `[1999, 2000]`, 2000, 2},
		{"id", recon.OpGt, `8999`, 1000, 1000},
		{"id", recon.OpIn, `[5, 9995]`, 2000, 2},
		{"id", recon.OpLt, `0`, 0, 0},
		{"text", recon.OpEq, `"00004500"`, 1000, 1},
		{"text", recon.OpLike, `"000045%"`, 1000, 100},
		{"text", recon.OpGte, `"00009999"`, 1000, 1},
	} {
		src := open(t, path)
		scan := source.Scan{Columns: []string{"id"}, Filters: []recon.FilterCondition{{Column: c.column, Op: c.op, Value: json.RawMessage(c.value)}}}
		parts, err := src.Split(context.Background(), scan, 100)
		require.NoError(t, err)
		var rows, found int64
		for _, p := range parts {
			rows += p.Rows
		}
		batches, err := read(t, src, scan)
		require.NoError(t, err)
		for _, b := range batches {
			found += b.NumRows()
			b.Release()
		}
		require.Equal(t, []int64{c.rows, c.found}, []int64{rows, found}, "%s %s %s", c.column, c.op, c.value)
	}
}

func TestPartitionsHaveTheirShare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	numbers(t, filepath.Join(dir, "a.parquet"), 2500, 100)
	numbers(t, filepath.Join(dir, "b.parquet"), 7500, 100)
	src := open(t, dir+"/*.parquet")
	for _, want := range []int{1, 2, 3, 7, 100, 1000} {
		parts, err := src.Split(context.Background(), source.Scan{Columns: []string{"id"}}, want)
		require.NoError(t, err)
		require.Len(t, parts, min(want, 100))
		for _, p := range parts {
			require.InDelta(t, 10_000/len(parts), p.Rows, 100)
			require.Positive(t, p.Bytes)
		}
	}
	d, err := src.Describe(context.Background())
	require.NoError(t, err)
	require.Equal(t, int64(10_000), d.Rows)
	require.Equal(t, 100, d.MaxPartitions)
}

// far is a store whose files seem to be on S3; it counts the reads.
type far struct {
	blob.Store
	dir   string
	reads *atomic.Int64
}

type farObject struct {
	blob.Object
	reads *atomic.Int64
}

func (f far) local(uri string) string { return filepath.Join(f.dir, strings.TrimPrefix(uri, "s3://")) }

func (f far) Stat(ctx context.Context, uri string) (blob.Info, error) {
	info, err := f.Store.Stat(ctx, f.local(uri))
	info.URI = uri
	return info, err
}

func (f far) OpenVersion(ctx context.Context, uri, version string) (blob.Object, error) {
	obj, err := f.Store.OpenVersion(ctx, f.local(uri), version)
	return farObject{obj, f.reads}, err
}

func (o farObject) ReadAt(ctx context.Context, p []byte, at int64) (int, error) {
	o.reads.Add(1)
	return o.Object.ReadAt(ctx, p, at)
}

// TestRemoteRowGroupsComeInFewReads, and when they are large in windows.
func TestRemoteRowGroupsComeInFewReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	numbers(t, filepath.Join(dir, "a.parquet"), 50_000, 5000)
	for name, c := range map[string]struct {
		cfg  parquet.Config
		most int64
	}{
		"at once":    {parquet.Config{}, 10},
		"in windows": {parquet.Config{ReadAheadBytes: 1}, 200},
	} {
		store := far{Store: local, dir: dir, reads: new(atomic.Int64)}
		src, err := parquet.New(store, c.cfg).Open(context.Background(), "s3://a.parquet")
		require.NoError(t, err)
		scan := source.Scan{Columns: []string{"text", "id"}}
		_, err = src.Describe(context.Background())
		require.NoError(t, err)
		require.Equal(t, int64(1), store.reads.Load(), "reads of the footer")
		batches, err := read(t, src, scan)
		require.NoError(t, err)
		row := 0
		for _, b := range batches {
			for i := range int(b.NumRows()) {
				require.Equal(t, fmt.Sprintf("%08d %d", row, row), b.Column(0).ValueStr(i)+" "+b.Column(1).ValueStr(i))
				row++
			}
			b.Release()
		}
		require.Equal(t, 50_000, row)
		require.LessOrEqual(t, store.reads.Load()-1, c.most, name)
		require.NoError(t, src.Close())
	}
}

// cutObject ends early, as a connection does.
type cutObject struct{ blob.Object }

func (o cutObject) ReadAt(context.Context, []byte, int64) (int, error) {
	return 0, io.ErrClosedPipe
}

type cutStore struct {
	far
	opened *atomic.Int64
}

func (s cutStore) OpenVersion(ctx context.Context, uri, version string) (blob.Object, error) {
	obj, err := s.far.OpenVersion(ctx, uri, version)
	if s.opened.Add(1) > 1 {
		return cutObject{obj}, err
	}
	return obj, err
}

// TestFaultsInReadingAreNotTheFilesFault: they can be tried again.
func TestFaultsInReadingAreNotTheFilesFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	numbers(t, filepath.Join(dir, "a.parquet"), 100, 10)
	for _, cfg := range []parquet.Config{{}, {ReadAheadBytes: 1}} {
		store := cutStore{far{Store: local, dir: dir, reads: new(atomic.Int64)}, new(atomic.Int64)}
		src, err := parquet.New(store, cfg).Open(context.Background(), "s3://a.parquet")
		require.NoError(t, err)
		_, err = read(t, src, source.Scan{Columns: []string{"id"}})
		require.ErrorIs(t, err, io.ErrClosedPipe)
		require.False(t, recon.IsInput(err))
		require.NoError(t, src.Close())
	}
}
