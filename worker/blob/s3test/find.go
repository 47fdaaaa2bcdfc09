package s3test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
)

// findProgram returns the server's program: $KALLAD_MINIO, that of PATH, or
// the one that tools/fetch-minio.sh has built.
func findProgram() (string, error) {
	if p := os.Getenv("KALLAD_MINIO"); p != "" {
		if _, err := exec.LookPath(p); err != nil {
			return "", fmt.Errorf("KALLAD_MINIO: %w", err)
		}
		return p, nil
	}
	if p, err := exec.LookPath("minio"); err == nil {
		return p, nil
	}
	for _, cache := range cacheFolders() {
		p := filepath.Join(cache, "kallad", "bin", "minio")
		if _, err := exec.LookPath(p); err == nil {
			return p, nil
		}
	}
	return "", errors.New("no MinIO on this machine, neither in $KALLAD_MINIO nor in PATH nor in ~/.cache/kallad/bin; build one with: tools/fetch-minio.sh")
}

// cacheFolders are the places that the script may have taken for the user's
// cache. A build sandbox may hide the user's environment, but not the user.
func cacheFolders() []string {
	var folders []string
	if dir, err := os.UserCacheDir(); err == nil {
		folders = append(folders, dir)
	}
	if home, err := os.UserHomeDir(); err == nil {
		folders = append(folders, filepath.Join(home, ".cache"))
	}
	if u, err := user.Current(); err == nil {
		folders = append(folders, filepath.Join(u.HomeDir, ".cache"))
	}
	return folders
}

// freePort asks the system for a loopback port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
