//go:build unix && !linux

package blob

import (
	"os"
	"syscall"
)

func mtime(st *syscall.Stat_t) syscall.Timespec { return st.Mtimespec }

// kernelFile is for systems that have no files made up by the kernel.
func kernelFile(*os.File) (bool, error) { return false, nil }
