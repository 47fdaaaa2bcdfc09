package blob_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"kallad/worker/blob"
)

func TestLocalWriterPublishesOnCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "runs", "7", "matched.parquet")
	s := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{dir}})
	w, err := s.Create(t.Context(), target)
	require.NoError(t, err)
	_, err = w.Write([]byte("hello "))
	require.NoError(t, err)
	_, err = s.Stat(t.Context(), target)
	require.ErrorIs(t, err, blob.ErrNotFound)
	found := tree(t, dir)
	require.Len(t, found, 3)
	require.Regexp(t, `^runs/7/\.matched\.parquet\.[0-9a-f]+\.partial$`, found[2])
	_, err = w.Write([]byte("world"))
	require.NoError(t, err)
	require.NoError(t, w.Commit(t.Context()))
	require.NoError(t, w.Abort())
	require.Error(t, w.Commit(t.Context()))
	_, err = w.Write([]byte("late"))
	require.Error(t, err)
	require.Equal(t, []string{"runs", "runs/7", "runs/7/matched.parquet"}, tree(t, dir))
	b, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "hello world", string(b))
}

func TestLocalWriterLeavesNoTrace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, cfg := range []blob.LocalConfig{{}, {WriteRoots: []string{dir}}} {
		s := blob.NewLocal(cfg)
		put(t, filepath.Join(dir, "there", "old"), "old")
		for _, name := range []string{"new/deep/a", "there/a", "there/old"} {
			w, err := s.Create(t.Context(), filepath.Join(dir, name))
			require.NoError(t, err)
			_, err = w.Write([]byte("x"))
			require.NoError(t, err)
			if name == "there/a" {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				require.ErrorIs(t, w.Commit(ctx), context.Canceled)
			}
			require.NoError(t, w.Abort())
			require.NoError(t, w.Abort())
			require.Error(t, w.Commit(t.Context()))
		}
		require.Equal(t, []string{"there", "there/old"}, tree(t, dir))
		b, err := os.ReadFile(filepath.Join(dir, "there", "old"))
		require.NoError(t, err)
		require.Equal(t, "old", string(b))
	}
}

func TestLocalWritersShareANewFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{dir}})
	g, ctx := errgroup.WithContext(t.Context())
	for i := range 64 {
		g.Go(func() error {
			w, err := s.Create(ctx, filepath.Join(dir, "a", "b", string(rune('A'+i%26))+string(rune('a'+i/26))))
			if err != nil {
				return err
			}
			if i%2 == 0 {
				return w.Abort()
			}
			return w.Commit(ctx)
		})
	}
	require.NoError(t, g.Wait())
	entries, err := os.ReadDir(filepath.Join(dir, "a", "b"))
	require.NoError(t, err)
	require.Len(t, entries, 32)
}

func TestLocalWriterReplacesWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "old content")
	s := blob.NewLocal(blob.LocalConfig{})
	o, err := s.Open(t.Context(), path)
	require.NoError(t, err)
	defer o.Close()
	w, err := s.Create(t.Context(), path)
	require.NoError(t, err)
	_, err = w.Write([]byte("new"))
	require.NoError(t, err)
	require.NoError(t, w.Commit(t.Context()))
	require.Equal(t, "old content", readAll(t, o, 0, -1))
}

func TestLocalNamesWhatTheSystemRefuses(t *testing.T) {
	t.Parallel()
	s := blob.NewLocal(blob.LocalConfig{})
	_, err := s.Create(t.Context(), filepath.Join(t.TempDir(), strings.Repeat("x", 300), "a"))
	require.ErrorIs(t, err, blob.ErrBadURI)
	_, err = s.Create(t.Context(), filepath.Join(put(t, filepath.Join(t.TempDir(), "file"), "x"), "below"))
	require.ErrorIs(t, err, blob.ErrNotFound)

	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	_, err = full.Write([]byte("x"))
	err = blob.LocalError("write", "runs/7/matched.parquet", err)
	require.ErrorIs(t, err, blob.ErrNoSpace)
	require.EqualError(t, err, `write "runs/7/matched.parquet": no space left (no space left on device)`)
	require.False(t, blob.IsInput(err))
}
