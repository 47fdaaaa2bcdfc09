//go:build unix

package race

import "golang.org/x/sys/unix"

// settle writes what earlier runs left in memory to disk, so that no run pays
// for another.
func settle() { unix.Sync() }
