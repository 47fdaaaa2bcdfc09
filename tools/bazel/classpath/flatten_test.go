package main

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlattenFollowsManifestsInsideTheFolder(t *testing.T) {
	t.Parallel()
	prefix, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	path := func(name string) string { return filepath.Join(prefix, "usr/share/java", name) }
	writeJar(t, path("a.jar"), "Manifest-Version: 1.0\r\nClass-Path: b.jar /usr/share/j\r\n ava/c.jar gone.jar\r\nMain-Class: A\r\n\r\n")
	writeJar(t, path("b.jar"), "Manifest-Version: 1.0\nClass-Path: a.jar\n\n")
	writeJar(t, path("c-1.0.jar"), "Manifest-Version: 1.0\r\n\r\n")
	require.NoError(t, os.Symlink("c-1.0.jar", path("c.jar")))
	list := filepath.Join(prefix, listing)
	require.NoError(t, os.MkdirAll(filepath.Dir(list), 0o755))
	require.NoError(t, os.WriteFile(list, []byte("/usr/share/java/a.jar:/usr/share/java/c.jar\n"), 0o644))

	for range 2 { // Once more changes nothing.
		require.NoError(t, Flatten(prefix))

		text, err := os.ReadFile(list)
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{path("a.jar"), path("b.jar"), path("c-1.0.jar")}, strings.Fields(string(text)))
		assert.Equal(t, "Manifest-Version: 1.0\r\nMain-Class: A\r\n\r\n", entryOf(t, path("a.jar"), manifestName))
		assert.Equal(t, "Manifest-Version: 1.0\n\n", entryOf(t, path("b.jar"), manifestName))
		assert.Equal(t, "class bytes", entryOf(t, path("a.jar"), "A.class"))
	}
}

func TestFlattenNamesABrokenJar(t *testing.T) {
	t.Parallel()
	prefix := t.TempDir()
	list := filepath.Join(prefix, listing)
	require.NoError(t, os.MkdirAll(filepath.Dir(list), 0o755))
	require.NoError(t, os.WriteFile(list, []byte("/broken.jar\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(prefix, "broken.jar"), []byte("no zip"), 0o644))

	assert.ErrorContains(t, Flatten(prefix), "broken.jar")
}

func writeJar(t *testing.T, path, manifest string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.Create(path)
	require.NoError(t, err)
	w := zip.NewWriter(f)
	for name, text := range map[string]string{manifestName: manifest, "A.class": "class bytes"} {
		e, err := w.Create(name)
		require.NoError(t, err)
		_, err = e.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
}

func entryOf(t *testing.T, path, name string) string {
	t.Helper()
	jar, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, jar.Close()) }()
	text, err := fs.ReadFile(jar, name)
	require.NoError(t, err)
	return string(text)
}
