package blob

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func mtime(st *syscall.Stat_t) syscall.Timespec { return st.Mtim }

// kernelFile reports whether f is made up by the kernel as it is read, as in
// /proc and /sys: such a file claims to be regular and has no size, and it may
// hold this process's own environment.
func kernelFile(f *os.File) (bool, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return false, err
	}
	switch int64(st.Type) {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC:
		return true, nil
	}
	return false, nil
}
