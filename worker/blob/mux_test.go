package blob_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

func TestMuxRoutesByScheme(t *testing.T) {
	t.Parallel()
	path := put(t, t.TempDir()+"/a.csv", "x")
	m := blob.NewMux(blob.NewLocal(blob.LocalConfig{}), nil)
	for _, uri := range []string{path, "file://" + path, "FILE://" + path} {
		_, err := m.Stat(t.Context(), uri)
		require.NoError(t, err)
		infos, err := m.List(t.Context(), uri)
		require.NoError(t, err)
		require.Len(t, infos, 1)
	}
	_, err := m.Open(t.Context(), "s3://bucket/key")
	require.ErrorIs(t, err, blob.ErrBadURI)
	require.ErrorContains(t, err, "S3 is switched off")
	_, err = m.Create(t.Context(), "https://user:secret@host/x")
	require.ErrorIs(t, err, blob.ErrBadURI)
	require.NotContains(t, err.Error(), "secret")
}

func TestJoin(t *testing.T) {
	t.Parallel()
	cases := [][3]string{
		{"runs/7", "a.parquet", "runs/7/a.parquet"},
		{"runs/7/", "a.parquet", "runs/7/a.parquet"},
		{"", "a", "a"}, {"/", "a", "/a"}, {".", "a", "./a"},
		{"s3://bucket", "a b", "s3://bucket/a b"},
		{"s3://bucket/x/", "a", "s3://bucket/x/a"},
		{"file:///x", "a b", "file:///x/a%20b"},
		{"file:///", "a", "file:///a"},
	}
	for _, c := range cases {
		require.Equal(t, c[2], blob.Join(c[0], c[1]))
	}
}

func TestIsRelative(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]bool{"runs/7": true, "./runs": true, "/runs/7": false, "file:///runs/7": false, "s3://bucket/7": false} {
		require.Equal(t, want, blob.IsRelative(uri), uri)
	}
}

func TestIsLocal(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"a", "/a", "file:///a", "FILE:///a", "file:rel", "a:b"} {
		require.True(t, blob.IsLocal(uri), uri)
	}
	for _, uri := range []string{"s3://b/k", "S3://b/k", "ftp://x"} {
		require.False(t, blob.IsLocal(uri), uri)
	}
}
