package blob_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
)

func TestLocalList(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a.csv", "c.parquet", ".hidden.csv", "x[1].csv", "y=1/a.csv", "y=1/z=2/a.csv", "y=2/b.csv", ".git/a.csv", "y=1/.a.csv.12.partial"} {
		put(t, filepath.Join(dir, name), name)
	}
	require.NoError(t, os.Symlink("y=1", filepath.Join(dir, "linked")))
	cases := map[string]string{
		"*.csv":         "a.csv b.csv x[1].csv",
		"?.csv":         "a.csv b.csv",
		"[ac].*":        "a.csv c.parquet",
		"**/*.csv":      "a.csv b.csv x[1].csv y=1/a.csv y=1/z=2/a.csv y=2/b.csv",
		"**/a.csv":      "a.csv y=1/a.csv y=1/z=2/a.csv",
		"**":            "a.csv b.csv c.parquet x[1].csv y=1/a.csv y=1/z=2/a.csv y=2/b.csv",
		"**/**/a.csv":   "a.csv y=1/a.csv y=1/z=2/a.csv",
		"y=*/*.csv":     "y=1/a.csv y=2/b.csv",
		"y=1/":          "y=1/a.csv y=1/z=2/a.csv",
		"linked/*.csv":  "linked/a.csv",
		"l*/*.csv":      "linked/a.csv",
		"y=1/**/z=*/*":  "y=1/z=2/a.csv",
		"x[1].csv":      "x[1].csv",
		"a.csv":         "a.csv",
		".h*.csv":       ".hidden.csv",
		"x\\[1\\].*":    "x[1].csv",
		"":              "a.csv b.csv c.parquet x[1].csv y=1/a.csv y=1/z=2/a.csv y=2/b.csv",
		"nothing*":      "",
		"absent/":       "",
		"absent/*.csv":  "",
		"y=1/z=2/a*csv": "y=1/z=2/a.csv",
	}
	for _, cfg := range []blob.LocalConfig{{}, {ReadRoots: []string{dir}}} {
		s := blob.NewLocal(cfg)
		for pattern, want := range cases {
			infos, err := s.List(t.Context(), dir+"/"+pattern)
			if want == "" {
				require.ErrorIs(t, err, blob.ErrNotFound, pattern)
				continue
			}
			require.NoError(t, err, pattern)
			var got []string
			for _, i := range infos {
				got = append(got, strings.TrimPrefix(i.URI, dir+"/"))
			}
			require.Equal(t, want, strings.Join(got, " "), pattern)
		}
		_, err := s.List(t.Context(), dir+"/[a")
		require.ErrorIs(t, err, blob.ErrBadURI)
	}
}

func TestLocalListKeepsTheFormOfItsAddress(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, "in/a b.csv", "x")
	put(t, "in/q?.csv", "x")
	s := blob.NewLocal(blob.LocalConfig{ReadRoots: []string{"in"}})
	infos, err := s.List(t.Context(), "in/*.csv")
	require.NoError(t, err)
	require.Equal(t, "in/a b.csv", infos[0].URI)
	infos, err = s.List(t.Context(), "file://"+dir+"/in/a*")
	require.NoError(t, err)
	require.Equal(t, "file://"+dir+"/in/a%20b.csv", infos[0].URI)
	_, err = s.Stat(t.Context(), infos[0].URI)
	require.NoError(t, err)
	infos, err = s.List(t.Context(), "file://"+dir+"/in/*%3F.csv")
	require.NoError(t, err)
	require.Len(t, infos, 1)
	require.Equal(t, "file://"+dir+"/in/q%3F.csv", infos[0].URI)
}

func TestLocalListRefusesLinksOutOfItsRoots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir+"/in/a.csv", "x")
	put(t, dir+"/out.csv", "x")
	require.NoError(t, os.Symlink("../out.csv", dir+"/in/b.csv"))
	s := blob.NewLocal(blob.LocalConfig{ReadRoots: []string{dir + "/in"}})
	_, err := s.List(t.Context(), dir+"/in/*.csv")
	require.ErrorIs(t, err, blob.ErrOutsideRoots)
	require.ErrorContains(t, err, "in/b.csv")
}

func TestLocalListsAWideFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 3000 {
		put(t, fmt.Sprintf("%s/%04d.csv", dir, i), "")
	}
	infos, err := blob.NewLocal(blob.LocalConfig{}).List(t.Context(), dir+"/")
	require.NoError(t, err)
	require.Len(t, infos, 3000)
	require.Equal(t, dir+"/2999.csv", infos[2999].URI)
}

// A pattern with many ** leads to a folder in more ways than anybody can go.
func TestManyWaysAreGoneOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deep := strings.Repeat("d/", 60)
	put(t, filepath.Join(dir, deep+"a.csv"), "a")
	for _, pattern := range []string{strings.Repeat("**/", 30) + "a.csv", strings.Repeat("**/*/", 25) + "*.csv", strings.Repeat("**/d/**/", 12) + "**"} {
		infos, err := blob.NewLocal(blob.LocalConfig{}).List(t.Context(), dir+"/"+pattern)
		require.NoError(t, err, pattern)
		require.Len(t, infos, 1, pattern)
		ok, err := blob.MatchGlob(pattern, deep+"a.csv")
		require.NoError(t, err)
		require.True(t, ok, pattern)
		ok, err = blob.MatchGlob(pattern, deep+".csv")
		require.NoError(t, err)
		require.False(t, ok, "a hidden file, by %s", pattern)
	}
}
