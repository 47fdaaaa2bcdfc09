package blob_test

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

func put(t *testing.T, path, content string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func readAll(t *testing.T, o blob.Object, offset, length int64) string {
	t.Helper()
	r, err := o.ReadRange(t.Context(), offset, length)
	require.NoError(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func TestLocalReadsRanges(t *testing.T) {
	t.Parallel()
	path := put(t, filepath.Join(t.TempDir(), "a b%20.csv"), "0123456789")
	s := blob.NewLocal(blob.LocalConfig{})
	for _, uri := range []string{path, "file://" + strings.ReplaceAll(strings.ReplaceAll(path, "%", "%25"), " ", "%20")} {
		o, err := s.Open(t.Context(), uri)
		require.NoError(t, err, uri)
		defer o.Close()
		require.Equal(t, int64(10), o.Info().Size)
		require.Equal(t, uri, o.Info().URI)
		require.Equal(t, "0123456789", readAll(t, o, 0, -1))
		require.Equal(t, "345", readAll(t, o, 3, 3))
		require.Equal(t, "89", readAll(t, o, 8, 100))
		require.Empty(t, readAll(t, o, 10, -1))
		_, err = o.ReadRange(t.Context(), 11, 1)
		require.ErrorContains(t, err, "offset 11 is outside")

		p := make([]byte, 4)
		n, err := o.ReadAt(t.Context(), p, 8)
		require.Equal(t, io.EOF, err)
		require.Equal(t, "89", string(p[:n]))
		n, err = o.ReadAt(t.Context(), p, 6)
		require.NoError(t, err)
		require.Equal(t, "6789", string(p[:n]))
	}
}

func TestLocalStopsWithItsContext(t *testing.T) {
	t.Parallel()
	path := put(t, filepath.Join(t.TempDir(), "a"), "0123456789")
	o, err := blob.NewLocal(blob.LocalConfig{}).Open(t.Context(), path)
	require.NoError(t, err)
	defer o.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := o.ReadRange(ctx, 0, -1)
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLocalNoticesChanges(t *testing.T) {
	t.Parallel()
	changes := map[string]func(path string) error{
		"truncated": func(p string) error { return os.Truncate(p, 3) },
		"appended": func(p string) error {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return err
		},
		"overwritten": func(p string) error {
			if err := os.WriteFile(p, []byte("abcdefghij"), 0o644); err != nil {
				return err
			}
			fi, err := os.Stat(p)
			if err != nil {
				return err
			}
			// The file system's clock may not have ticked since the file was made.
			return os.Chtimes(p, fi.ModTime(), fi.ModTime().Add(1))
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := put(t, filepath.Join(t.TempDir(), "a"), "0123456789")
			s := blob.NewLocal(blob.LocalConfig{})
			o, err := s.Open(t.Context(), path)
			require.NoError(t, err)
			defer o.Close()
			r, err := o.ReadRange(t.Context(), 0, -1)
			require.NoError(t, err)
			two := make([]byte, 2)
			_, err = io.ReadFull(r, two)
			require.NoError(t, err)
			require.NoError(t, change(path))
			_, err = io.ReadAll(r)
			require.ErrorIs(t, err, blob.ErrChanged)
			_, err = o.ReadAt(t.Context(), two, 0)
			require.ErrorIs(t, err, blob.ErrChanged)
			_, err = o.ReadRange(t.Context(), 0, -1)
			require.ErrorIs(t, err, blob.ErrChanged)
			_, err = s.OpenVersion(t.Context(), path, o.Info().Version)
			require.ErrorIs(t, err, blob.ErrChanged)
			require.True(t, blob.IsInput(err))
		})
	}
}

func TestLocalReadsOnAfterRename(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "old")
	s := blob.NewLocal(blob.LocalConfig{})
	o, err := s.Open(t.Context(), path)
	require.NoError(t, err)
	defer o.Close()
	require.NoError(t, os.Rename(put(t, filepath.Join(dir, "b"), "new"), path))
	require.Equal(t, "old", readAll(t, o, 0, -1))
	_, err = s.OpenVersion(t.Context(), path, o.Info().Version)
	require.ErrorIs(t, err, blob.ErrChanged)
	same, err := s.Stat(t.Context(), path)
	require.NoError(t, err)
	o2, err := s.OpenVersion(t.Context(), path, same.Version)
	require.NoError(t, err)
	require.NoError(t, o2.Close())
}

func TestLocalRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	require.NoError(t, os.Symlink("fifo", filepath.Join(dir, "link")))
	for _, cfg := range []blob.LocalConfig{{}, {ReadRoots: []string{dir, "/dev", "/proc"}, WriteRoots: []string{dir}}} {
		s := blob.NewLocal(cfg)
		for _, p := range []string{dir + "/fifo", dir + "/link", "/dev/null", "/dev/tty", "/proc/self/environ", dir} {
			_, err := s.Open(t.Context(), p)
			require.ErrorIs(t, err, blob.ErrBadURI, p)
		}
		_, err := s.Create(t.Context(), dir+"/fifo")
		require.ErrorIs(t, err, blob.ErrBadURI)
		_, err = s.Open(t.Context(), dir+"/none")
		require.ErrorIs(t, err, blob.ErrNotFound)
		_, err = s.Create(t.Context(), dir+"/")
		require.ErrorIs(t, err, blob.ErrBadURI)
	}
}

func TestLocalRefusesBadAddresses(t *testing.T) {
	t.Parallel()
	s := blob.NewLocal(blob.LocalConfig{})
	for _, uri := range []string{"", "file:relative", "file://host/a", "file://../a", "file:///a%zz", "a\x00b", "file:///a%00b", "ftp://x/y", "s3://b/k"} {
		_, err := s.Open(t.Context(), uri)
		require.ErrorIs(t, err, blob.ErrBadURI, uri)
		_, err = s.List(t.Context(), uri)
		require.ErrorIs(t, err, blob.ErrBadURI, uri)
		_, err = s.Create(t.Context(), uri)
		require.ErrorIs(t, err, blob.ErrBadURI, uri)
	}
}

func TestLocalNamesMissingPermission(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		// The superuser is refused nothing by a file's mode, so its error is made here.
		err := blob.LocalError("open", "a.csv", &fs.PathError{Op: "open", Path: "a.csv", Err: syscall.EACCES})
		require.ErrorIs(t, err, blob.ErrPermission)
		require.EqualError(t, err, `open "a.csv": permission denied`)
		return
	}
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "a"), "x")
	require.NoError(t, os.Chmod(path, 0))
	require.NoError(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	s := blob.NewLocal(blob.LocalConfig{})
	_, err := s.Open(t.Context(), path)
	require.ErrorIs(t, err, blob.ErrPermission)
	_, err = s.Create(t.Context(), filepath.Join(dir, "sub", "b"))
	require.ErrorIs(t, err, blob.ErrPermission)
}

func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if p != dir {
			rel, _ := filepath.Rel(dir, p)
			names = append(names, rel)
		}
		return err
	}))
	return names
}
