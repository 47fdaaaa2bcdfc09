package journal

import (
	"errors"
	"os"
	"syscall"
)

// syncFile makes a file's content durable, and of what is said about the file
// only what reading it needs: several times as fast as all of it.
func syncFile(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
