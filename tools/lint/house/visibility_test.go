package house_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/tools/lint/house"
)

// build is a BUILD file as gazelle writes it for a new package.
func build(name, visibility string) string {
	return `load("@io_bazel_rules_go//go:def.bzl", "go_library", "go_test")

go_library(
    name = "` + name + `",
    srcs = ["a.go"],
    importpath = "m/` + name + `",
    visibility = ` + visibility + `,
    deps = ["//word"],
)

go_test(
    name = "` + name + `_test",
    srcs = ["a_test.go"],
)
`
}

func TestVisibilityIsTheLaw(t *testing.T) {
	t.Parallel()
	const private = `["//visibility:private"]`
	const stale = `["//visibility:public"]`
	want := map[string]string{
		// Those who may import it, its own room among them.
		"word": "[\n        \"//store:__subpackages__\",\n        \"//wire:__subpackages__\",\n        \"//word:__subpackages__\",\n    ]",
		// Nobody but the room's own.
		"word/deep": `["//word:__subpackages__"]`,
		// Only the tests of store may; Bazel can't tell, Check does.
		"wire":          "[\n        \"//store:__subpackages__\",\n        \"//wire:__subpackages__\",\n    ]",
		"wire/tool":     private,
		"word/wordtest": `["//:__subpackages__"]`,
	}
	root := t.TempDir()
	for dir := range want {
		name := filepath.Base(dir)
		pkg := name
		if name == "tool" {
			pkg = "main"
		}
		write(t, filepath.Join(root, dir, "a.go"), "// Package p is for a test.\npackage "+pkg)
		write(t, filepath.Join(root, dir, "BUILD.bazel"), build(name, stale))
	}

	assert.Len(t, law().CheckVisibility(load(t, root)), len(want), "everything is public")
	require.NoError(t, house.FixVisibility(root, law(), load(t, root)))

	assert.Empty(t, law().CheckVisibility(load(t, root)))
	for dir, visibility := range want {
		text, err := os.ReadFile(filepath.Join(root, dir, "BUILD.bazel"))
		require.NoError(t, err)
		assert.Equal(t, build(filepath.Base(dir), visibility), string(text))
	}
}

func TestAPackageNeedsABuildFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "word/a.go"), "// Package word is for a test.\npackage word")

	assert.Equal(t, []string{"word: BUILD.bazel has no go_library with a visibility; run tools/update"},
		texts(law().CheckVisibility(load(t, root))))
}

func load(t *testing.T, root string) *house.Tree {
	t.Helper()
	tree, err := house.Load(os.DirFS(root))
	require.NoError(t, err)
	return tree
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}
