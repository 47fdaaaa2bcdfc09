package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// listenerProgram is the path of e2e/listener as a binary that runs in any
// image: $KALLAD_E2E_LISTENER, or compiled now. It is linked statically.
var listenerProgram = program("KALLAD_E2E_LISTENER", "./e2e/listener", "CGO_ENABLED=0")

// dumpProgram is the path of e2e/dump, for images with glibc and libstdc++.
var dumpProgram = program("KALLAD_E2E_DUMP", "./e2e/dump", "CGO_ENABLED=1")

func program(variable, pkg, setting string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		root, err := Checkout()
		if err != nil {
			return "", err
		}
		if path := os.Getenv(variable); path != "" {
			return under(root, path), nil
		}
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		folder := filepath.Join(cache, "kallad", "bin")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		// Renamed when it is complete: packages are tested at the same time.
		path := filepath.Join(folder, "e2e-"+filepath.Base(pkg))
		fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
		cmd := exec.Command("go", "build", "-trimpath", "-o", fresh, pkg)
		cmd.Dir, cmd.Env = root, append(os.Environ(), setting)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("compile %s: %w: %s", pkg, err, out)
		}
		if err := os.Rename(fresh, path); err != nil {
			return "", err
		}
		return path, nil
	})
}
