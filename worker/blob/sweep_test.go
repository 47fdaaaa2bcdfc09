package blob_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

func TestLocalSweepTakesWhatHasNoWriter(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 230)
	for _, confined := range []bool{false, true} {
		dir := t.TempDir()
		cfg := blob.LocalConfig{}
		if confined {
			cfg.WriteRoots = []string{dir}
		}
		s := blob.NewLocal(cfg)
		target, longTarget := filepath.Join(dir, "out", "matched.parquet"), filepath.Join(dir, "out", long)
		w, err := s.Create(t.Context(), target)
		require.NoError(t, err)
		alive := tree(t, dir)
		require.Len(t, alive, 2)
		put(t, filepath.Join(dir, "out", ".matched.parquet.0123456789abcdef.partial"), "dead")
		put(t, filepath.Join(dir, "out", "."+long[:200]+".0123456789abcdef.partial"), "dead")
		others := []string{".matched.parquet.0123.partial", ".matched.parquet.0123456789abcdef", ".other.parquet.0123456789abcdef.partial", "matched.parquet"}
		for _, name := range others {
			put(t, filepath.Join(dir, "out", name), "other")
		}
		for _, uri := range []string{target, longTarget, filepath.Join(dir, "nowhere", "a")} {
			require.NoError(t, s.Sweep(t.Context(), uri, time.Time{}, time.Now()))
		}
		want := append([]string{}, alive...)
		for _, name := range others {
			want = append(want, filepath.Join("out", name))
		}
		require.ElementsMatch(t, want, tree(t, dir))
		_, err = w.Write([]byte("new"))
		require.NoError(t, err)
		require.NoError(t, w.Commit(t.Context()), "a writer that lives goes on")
		require.Len(t, tree(t, dir), 1+len(others))
	}
}

func TestLocalSweepStaysInsideTheRoots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "out", ".a.0123456789abcdef.partial"), "dead")
	s := blob.NewLocal(blob.LocalConfig{WriteRoots: []string{filepath.Join(dir, "root")}})
	require.ErrorIs(t, s.Sweep(t.Context(), filepath.Join(dir, "out", "a"), time.Time{}, time.Now()), blob.ErrOutsideRoots)
	require.Len(t, tree(t, dir), 2)
}

func TestS3SweepTakesUploadsOfItsTimeAndKey(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	s := newS3(t, b.Endpoint)
	before := time.Now()
	for _, key := range []string{"runs/1/matched.parquet", "runs/1/matched.parquet.old"} {
		w, err := s.Create(t.Context(), b.URI(key))
		require.NoError(t, err)
		require.NoError(t, write(t, w, noise(6<<20), 1<<20))
		require.Eventually(t, func() bool { return b.Uploads(t, key) == 1 }, 10*time.Second, 10*time.Millisecond)
		t.Cleanup(func() { _ = w.Abort() })
	}
	uri := b.URI("runs/1/matched.parquet")
	require.NoError(t, s.Sweep(t.Context(), uri, before.Add(-time.Hour), before.Add(-30*time.Minute)))
	require.Equal(t, 1, b.Uploads(t, "runs/1/matched.parquet"), "begun since, so it may have a writer")
	require.NoError(t, s.Sweep(t.Context(), uri, time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)))
	require.Equal(t, 1, b.Uploads(t, "runs/1/matched.parquet"), "begun before the job")
	require.NoError(t, s.Sweep(t.Context(), uri, before, time.Now().Add(time.Hour)))
	require.Zero(t, b.Uploads(t, "runs/1/matched.parquet"))
	require.Equal(t, 1, b.Uploads(t, "runs/1/matched.parquet.old"), "another key")
	require.NoError(t, s.Sweep(t.Context(), uri, before, time.Now().Add(time.Hour)), "nothing there is fine")
}
