package blob_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/blob/s3test"
)

// started is a seal and files that are written and not yet published.
func started(t *testing.T, s blob.Store, address func(name string) string, names ...string) []blob.Writer {
	t.Helper()
	var all []blob.Writer
	for _, name := range names {
		w, err := s.Create(t.Context(), address(name))
		require.NoError(t, err)
		_, err = w.Write([]byte("new " + name))
		require.NoError(t, err)
		all = append(all, w)
	}
	return all
}

func contents(t *testing.T, dir string, names ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		found[name] = string(b)
	}
	return found
}

func TestPublishReplacesAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a"), "old a")
	put(t, filepath.Join(dir, "seal"), "old seal")
	all := started(t, blob.NewLocal(blob.LocalConfig{}), func(n string) string { return filepath.Join(dir, n) }, "seal", "a", "b")
	require.NoError(t, blob.Publish(t.Context(), all[0], all[1:]...))
	require.Equal(t, map[string]string{"seal": "new seal", "a": "new a", "b": "new b"}, contents(t, dir, "seal", "a", "b"))
	require.Equal(t, []string{"a", "b", "seal"}, tree(t, dir))
}

// A folder that has come to stand where one of the objects goes is a fault that
// shows only when the object gets its name.
func TestPublishIsAllOrNothing(t *testing.T) {
	t.Parallel()
	names := []string{"seal", "a", "b", "c"}
	for _, broken := range names {
		for _, before := range []bool{false, true} {
			dir := filepath.Join(t.TempDir(), "out")
			all := started(t, blob.NewLocal(blob.LocalConfig{}), func(n string) string { return filepath.Join(dir, n) }, names...)
			want := []string{}
			for _, name := range names {
				switch {
				case name == broken:
					put(t, filepath.Join(dir, name, "in the way"), "")
					want = append(want, name, filepath.Join(name, "in the way"))
				case before:
					put(t, filepath.Join(dir, name), "old "+name)
					want = append(want, name)
				}
			}
			require.Error(t, blob.Publish(t.Context(), all[0], all[1:]...))
			require.ElementsMatch(t, want, tree(t, dir), "broken %s, evidence before: %v", broken, before)
			for _, name := range names {
				if before && name != broken {
					require.Equal(t, map[string]string{name: "old " + name}, contents(t, dir, name))
				}
			}
		}
	}
}

func TestPublishLeavesNoFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := started(t, blob.NewLocal(blob.LocalConfig{}), func(n string) string { return filepath.Join(dir, "runs", "1", n) }, "seal", "a")
	all[1] = refused{all[1]}
	require.ErrorIs(t, blob.Publish(t.Context(), all[0], all[1:]...), blob.ErrNoSpace)
	require.Empty(t, tree(t, dir))
}

type refused struct{ blob.Writer }

func (refused) Prepare(context.Context) (blob.Change, error) { return nil, blob.ErrNoSpace }

// watched tells what there is under the seal's name when an object gets its own.
type watched struct {
	blob.Writer
	look func()
}

type watchedChange struct {
	blob.Change
	look func()
}

func (w watched) Prepare(ctx context.Context) (blob.Change, error) {
	c, err := w.Writer.Prepare(ctx)
	return watchedChange{c, w.look}, err
}

func (c watchedChange) Apply(ctx context.Context) error {
	c.look()
	return c.Change.Apply(ctx)
}

func TestAnOldSealNeverStandsBesideNewFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "seal"), "old seal")
	put(t, filepath.Join(dir, "a"), "old a")
	all := started(t, blob.NewLocal(blob.LocalConfig{}), func(n string) string { return filepath.Join(dir, n) }, "seal", "a")
	looked := false
	all[1] = watched{all[1], func() {
		looked = true
		_, err := os.Lstat(filepath.Join(dir, "seal"))
		require.ErrorIs(t, err, os.ErrNotExist)
	}}
	require.NoError(t, blob.Publish(t.Context(), all[0], all[1:]...))
	require.True(t, looked)
}

func TestS3PublishIsAllOrNothing(t *testing.T) {
	t.Parallel()
	for _, versions := range []bool{false, true} {
		for _, broken := range []string{"seal", "b"} {
			b := server.Bucket(t)
			if versions {
				b.KeepVersions(t)
				for _, key := range []string{"seal", "a", "b"} {
					b.Put(t, key, []byte("old "+key))
				}
			}
			p := s3test.NewProxy(t, b.Endpoint, func(r *http.Request) s3test.Fault {
				if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/"+broken) {
					return s3test.Fault{Status: 403, Code: "AccessDenied"}
				}
				return s3test.Fault{}
			})
			all := started(t, newS3(t, p.Endpoint), b.URI, "seal", "a", "b")
			require.ErrorIs(t, blob.Publish(t.Context(), all[0], all[1:]...), blob.ErrPermission)
			if !versions {
				require.Empty(t, b.Keys(t))
				continue
			}
			for _, key := range []string{"seal", "a", "b"} {
				require.Equal(t, "old "+key, string(b.Get(t, key)))
			}
		}
	}
}

func TestS3PublishReplacesAll(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	for _, key := range []string{"seal", "a"} {
		b.Put(t, key, []byte("old"))
	}
	all := started(t, newS3(t, b.Endpoint), b.URI, "seal", "a", "big")
	require.NoError(t, write(t, all[2], noise(17<<20), 1<<20))
	require.NoError(t, blob.Publish(t.Context(), all[0], all[1:]...))
	require.Equal(t, "new seal", string(b.Get(t, "seal")))
	require.Equal(t, "new a", string(b.Get(t, "a")))
	requireSame(t, append([]byte("new big"), noise(17<<20)...), b.Get(t, "big"))
}
