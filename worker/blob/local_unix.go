//go:build unix

package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep an open from waiting for a FIFO's writer, and a terminal from
// becoming the process's own.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY

// fileVersion names a file's content: device, inode, size, and modification
// time in nanoseconds.
func fileVersion(fi fs.FileInfo) string {
	var dev, ino uint64
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		dev, ino = uint64(st.Dev), uint64(st.Ino)
	}
	return fmt.Sprintf("%x-%x-%x-%x", dev, ino, fi.Size(), fi.ModTime().UnixNano())
}

// guard notices that an open file is written to.
type guard struct {
	conn  syscall.RawConn
	first syscall.Stat_t
}

func newGuard(f *os.File) (*guard, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	g := &guard{conn: conn}
	g.first, err = g.fstat()
	return g, err
}

func (g *guard) fstat() (st syscall.Stat_t, err error) {
	ctl := g.conn.Control(func(fd uintptr) {
		err = syscall.Fstat(int(fd), &st)
		for errors.Is(err, syscall.EINTR) {
			err = syscall.Fstat(int(fd), &st)
		}
	})
	return st, errors.Join(ctl, err)
}

// check returns ErrChanged when size or modification time are no longer what
// they were when the file was opened.
func (g *guard) check() error {
	now, err := g.fstat()
	if err != nil {
		return err
	}
	if now.Size != g.first.Size || mtime(&now) != mtime(&g.first) {
		return ErrChanged
	}
	return nil
}

// tryLock locks a file for as long as it is open, and reports whether it did.
func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

func classify(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrNoSpace
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrPermission
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return ErrNotFound
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EISDIR):
		return ErrBadURI
	}
	return nil
}

// removeEmptyFolder never removes anything but an empty folder, whatever path
// has become meanwhile.
func removeEmptyFolder(path string) error { return syscall.Rmdir(path) }
