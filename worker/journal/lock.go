package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// LockedError says that another process has the journal.
type LockedError struct {
	// Path is the journal's folder.
	Path string
	// Holder is what the other process wrote of itself, empty if nothing.
	Holder string
}

func (e *LockedError) Error() string {
	holder := "another process"
	if e.Holder != "" {
		holder += " (" + e.Holder + ")"
	}
	return fmt.Sprintf("%s uses the journal in %s; end it first, or choose another folder", holder, e.Path)
}

const lockName = "lock"

// lock takes the folder's lock, which the kernel lets go when the file is
// closed or its process ends, however it ends. The file stays: removing it
// would let two processes lock two files of this name.
func lock(root *os.Root, path string) (*os.File, error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the journal: %w", err)
	}
	err = flock(f)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		text, _ := io.ReadAll(io.LimitReader(f, 200))
		return nil, errors.Join(&LockedError{Path: path, Holder: strings.TrimSpace(string(text))}, f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock the journal in %s: %w", path, err), f.Close())
	}
	if err := sign(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write the lock of the journal: %w", err), f.Close())
	}
	return f, nil
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// sign says in the lock who holds it; that the disk is full is no reason not to
// start.
func sign(f *os.File) error {
	text := fmt.Sprintf("process %d", os.Getpid())
	if host, err := os.Hostname(); err == nil {
		text += " on " + host
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte(text+"\n"), 0); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}
