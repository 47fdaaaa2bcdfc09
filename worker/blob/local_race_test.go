package blob_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

// swap points a link at one target and then at another until the test ends,
// without a moment in which there is none.
func swap(t *testing.T, link string, targets ...string) {
	t.Helper()
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	turn := func(n int) error {
		next := link + ".next"
		return errors.Join(os.Symlink(targets[n%len(targets)], next), os.Rename(next, link))
	}
	require.NoError(t, turn(0))
	swapping.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if turn(n) != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		swapping.Wait()
	})
}

// races is how long links are swapped for.
const races = 700 * time.Millisecond

// TestLinksAreSwappedInVain reads and writes while somebody who may write into
// a root swaps links in it, between what is allowed and what is not.
func TestLinksAreSwappedInVain(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	in, out, own := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "in", "own")
	put(t, in+"/a.csv", "inside")
	put(t, in+"/folder/a.csv", "inside")
	put(t, out+"/a.csv", "outside")
	put(t, own+"/a.csv", "private")
	swap(t, in+"/file.csv", "a.csv", "../out/a.csv")
	swap(t, in+"/absolute.csv", in+"/a.csv", out+"/a.csv")
	swap(t, in+"/link", "folder", "../out")
	swap(t, in+"/away", in+"/folder", out)
	swap(t, in+"/private.csv", "a.csv", "own/a.csv")
	swap(t, in+"/state", "folder", "own")
	for name, roots := range map[string][]string{"within roots": {in}, "anywhere": nil} {
		t.Run(name, func(t *testing.T) {
			s := blob.NewLocal(blob.LocalConfig{ReadRoots: roots, WriteRoots: roots, Private: []string{own}})
			paths := []string{"/private.csv", "/state/a.csv"}
			if roots != nil {
				paths = append(paths, "/file.csv", "/absolute.csv", "/link/a.csv", "/away/a.csv", "/link/../file.csv")
			}
			opened := 0
			for end := time.Now().Add(races); time.Now().Before(end); {
				for _, p := range paths {
					if o, err := s.Open(t.Context(), in+p); err == nil {
						opened++
						require.Equal(t, "inside", readAll(t, o, 0, -1), p)
						require.NoError(t, o.Close())
					}
				}
				folders := []string{"/state"}
				if roots != nil {
					folders = append(folders, "/link", "/away")
				}
				for _, p := range folders {
					if w, err := s.Create(t.Context(), in+p+"/new"); err == nil {
						_, err := w.Write([]byte("new"))
						require.NoError(t, err)
						require.NoError(t, w.Commit(context.Background()))
					}
				}
			}
			require.Positive(t, opened)
			require.NoFileExists(t, own+"/new")
			if roots != nil {
				require.NoFileExists(t, out+"/new")
			}
			require.FileExists(t, in+"/folder/new")
		})
	}
}
