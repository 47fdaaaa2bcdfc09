package blob_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

func TestLocalStaysInsideItsRoots(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	in, other, out := filepath.Join(dir, "in"), filepath.Join(dir, "other"), filepath.Join(dir, "out")
	put(t, in+"/a.csv", "inside")
	put(t, in+"/sub/b.csv", "inside")
	put(t, other+"/c.csv", "inside")
	put(t, out+"/secret.csv", "outside")
	put(t, dir+"/in-name-only/secret.csv", "outside")
	link := func(target, name string) { require.NoError(t, os.Symlink(target, name)) }
	link("../out/secret.csv", in+"/rel-out")
	link(out+"/secret.csv", in+"/abs-out")
	link(out, in+"/dir-out")
	link("a.csv", in+"/rel-in")
	link(in+"/a.csv", in+"/abs-in")
	link(other, in+"/dir-other")
	link(in, dir+"/alias")
	link("loop", in+"/loop")

	s := blob.NewLocal(blob.LocalConfig{ReadRoots: []string{in, other}, WriteRoots: []string{in}})
	for _, p := range []string{in + "/a.csv", in + "/sub/../a.csv", in + "/rel-in", in + "/abs-in", in + "/dir-other/c.csv", dir + "/alias/a.csv", "file://" + in + "/a.csv"} {
		o, err := s.Open(t.Context(), p)
		require.NoError(t, err, p)
		require.Equal(t, "inside", readAll(t, o, 0, -1))
		require.NoError(t, o.Close())
	}
	refused := []string{
		out + "/secret.csv", in + "/../out/secret.csv", in + "/rel-out", in + "/abs-out", in + "/dir-out/secret.csv",
		dir + "/in-name-only/secret.csv", "/etc/passwd", "../../../../../../etc/passwd", out + "/none",
		"/proc/self/root/etc/passwd", "/proc/self/cwd/uri.go", "file://" + in + "/%2e%2e/out/secret.csv",
	}
	for _, p := range refused {
		_, err := s.Open(t.Context(), p)
		require.ErrorIs(t, err, blob.ErrOutsideRoots, p)
		_, err = s.Stat(t.Context(), p)
		require.ErrorIs(t, err, blob.ErrOutsideRoots, p)
		_, err = s.List(t.Context(), p)
		require.ErrorIs(t, err, blob.ErrOutsideRoots, p)
	}
	_, err = s.Open(t.Context(), in+"/loop")
	require.Error(t, err)

	for _, p := range []string{out + "/x", in + "/dir-out/x", in + "/dir-out/new/x", other + "/x", in + "/../out/x", in + "/dir-other/x"} {
		_, err := s.Create(t.Context(), p)
		require.ErrorIs(t, err, blob.ErrOutsideRoots, p)
	}
	// A link under the target's own name is replaced, never written through.
	w, err := s.Create(t.Context(), in+"/rel-out")
	require.NoError(t, err)
	require.NoError(t, w.Commit(t.Context()))
	b, err := os.ReadFile(out + "/secret.csv")
	require.NoError(t, err)
	require.Equal(t, "outside", string(b))
}

func TestLocalMakesItsWriteRoot(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "staging")
	s := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{root}})
	w, err := s.Create(t.Context(), root+"/a")
	require.NoError(t, err)
	require.NoError(t, w.Commit(t.Context()))
	require.FileExists(t, root+"/a")
}

func TestLocalKeepsWhatIsPrivate(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	put(t, dir+"/data/a.csv", "open")
	put(t, dir+"/state/journal", "private")
	put(t, dir+"/state/deep/er", "private")
	put(t, dir+"/token", "private")
	require.NoError(t, os.Symlink(dir+"/state", dir+"/data/link"))
	require.NoError(t, os.Symlink("../token", dir+"/data/token-link"))
	require.NoError(t, os.Link(dir+"/token", dir+"/data/token-twin"))
	for name, roots := range map[string][]string{"anywhere": nil, "within roots": {dir}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := blob.NewLocal(blob.LocalConfig{ReadRoots: roots, WriteRoots: roots, Private: []string{dir + "/state", dir + "/token", dir + "/not-yet"}})
			o, err := s.Open(t.Context(), dir+"/data/a.csv")
			require.NoError(t, err)
			require.NoError(t, o.Close())
			for _, p := range []string{dir + "/state/journal", dir + "/state/deep/er", dir + "/token", dir + "/data/link/journal", dir + "/data/token-link",
				dir + "/data/token-twin", dir + "/data/../state/journal", "file://" + dir + "/data/%2e%2e/token", dir + "/not-yet", dir + "/state/none"} {
				_, err := s.Open(t.Context(), p)
				require.ErrorIs(t, err, blob.ErrPermission, p)
				_, err = s.Stat(t.Context(), p)
				require.ErrorIs(t, err, blob.ErrPermission, p)
			}
			for _, p := range []string{dir + "/state/*", dir + "/state/", dir + "/data/link/*", dir + "/*", dir + "/data/*"} {
				_, err := s.List(t.Context(), p)
				require.ErrorIs(t, err, blob.ErrPermission, p)
			}
			for _, p := range []string{dir + "/state/new", dir + "/data/link/new", dir + "/not-yet/new"} {
				_, err := s.Create(t.Context(), p)
				require.ErrorIs(t, err, blob.ErrPermission, p)
			}
		})
	}
}
