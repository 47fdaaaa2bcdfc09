package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// listing is where Debian's Bazel keeps its class path, below the folder.
	listing = "usr/share/bazel/bazel_classpath_debian_depends.txt"
	// jarDir is what relative names in a manifest are relative to.
	jarDir = "/usr/share/java"
)

// Flatten rewrites the class path of the Bazel unpacked under prefix: it lists
// every jar, also those that only manifests name, once, by its path under
// prefix, and no manifest names one any more. Jars that were not unpacked are
// left out.
func Flatten(prefix string) error {
	list := filepath.Join(prefix, listing)
	text, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("read class path: %w", err)
	}
	todo := strings.FieldsFunc(string(text), func(r rune) bool { return r == ':' || r == '\n' || r == ' ' })
	var jars []string
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		path, err := filepath.EvalSymlinks(filepath.Join(prefix, strings.TrimPrefix(name, prefix)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("find jar %q: %w", name, err)
		}
		if slices.Contains(jars, path) {
			continue
		}
		jars = append(jars, path)
		needs, err := takeClassPath(path)
		if err != nil {
			return fmt.Errorf("read jar %q: %w", path, err)
		}
		todo = append(todo, needs...)
	}
	return os.WriteFile(list, []byte(strings.Join(jars, "\n")+"\n"), 0o644)
}

// absolute returns a manifest's entry as a path from the root.
func absolute(entry string) string {
	if filepath.IsAbs(entry) {
		return entry
	}
	return filepath.Join(jarDir, entry)
}
