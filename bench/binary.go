package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kallad/bench/process"
)

// checkout is the root of the repository: the folder of go.mod, from the
// current one upwards; under `bazel run`, the one that Bazel was started in.
func checkout() (string, error) {
	dir := os.Getenv("BUILD_WORKSPACE_DIRECTORY")
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return "", err
		}
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.mod in %s or above; run bench in the checkout", dir)
		}
	}
}

// kalladBinary returns the binary to measure: the given one, or the
// checkout's, built into the cache.
func kalladBinary(ctx context.Context, given, root, cache string) (string, error) {
	if given != "" {
		path, err := filepath.Abs(given)
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("find kallad: %w", err)
		}
		return path, nil
	}
	target := filepath.Join(cache, "kallad")
	if _, err := process.Run(ctx, root, "go", "build", "-o", target, "./kallad"); err != nil {
		return "", fmt.Errorf("build kallad: %w", err)
	}
	return target, nil
}

// commit names the checkout's commit, and whether files differ from it.
func commit(ctx context.Context, root string) string {
	out, err := process.Run(ctx, root, "git", "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(out.Stdout))
	changes, err := process.Run(ctx, root, "git", "status", "--porcelain", "--untracked-files=no", "--", "*.go", "go.mod")
	if err != nil || len(changes.Stdout) > 0 {
		name += "+changes"
	}
	return name
}
