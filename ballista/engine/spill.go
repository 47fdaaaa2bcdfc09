package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// spillPattern is what the folders for spilled data are called.
const spillPattern = "kallad-spill-*"

// spill is a folder for what a session spills. It is locked while the session
// lives; the kernel lets the lock go with the process, so that SweepSpill can
// tell what a killed one left behind.
type spill struct {
	path string
	lock *os.File
}

// newSpill makes a folder in parent. SweepSpill of another process may remove
// it before it is locked: then another is made.
func newSpill(parent string) (*spill, error) {
	for range 10 {
		path, err := os.MkdirTemp(parent, spillPattern)
		if err != nil {
			return nil, fmt.Errorf("make spill folder: %w", err)
		}
		lock, err := lockFolder(path)
		if err == nil {
			return &spill{path, lock}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("lock spill folder: %w", err), os.Remove(path))
		}
	}
	return nil, errors.New("make spill folder: it is removed as soon as it is made")
}

// lockFolder locks a folder for as long as the file that it returns is open. An
// fs.ErrNotExist says that it is not there any more, or somebody else's.
func lockFolder(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fs.ErrNotExist
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP):
		return f, nil // a disk without locks, where SweepSpill gets none either
	}
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *spill) remove() error {
	if err := errors.Join(os.RemoveAll(s.path), s.lock.Close()); err != nil {
		return fmt.Errorf("remove spill folder: %w", err)
	}
	return nil
}

// SweepSpill removes the folders in parent that sessions of killed processes
// left behind, and returns how many. It leaves alone what it may not remove.
func SweepSpill(parent string) (removed int, err error) {
	found, err := filepath.Glob(filepath.Join(escapeGlob(parent), spillPattern))
	if err != nil {
		return 0, fmt.Errorf("look for spill folders: %w", err)
	}
	var errs []error
	for _, path := range found {
		ok, err := sweepOne(path)
		if ok {
			removed++
		}
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

func sweepOne(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false, nil // somebody else's, or no folder
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false, nil // its session lives
	}
	if err := os.RemoveAll(path); err != nil {
		return false, fmt.Errorf("remove spill folder of a killed process: %w", err)
	}
	return true, nil
}

// escapeGlob returns a pattern that matches path alone.
func escapeGlob(path string) string {
	out := make([]byte, 0, len(path))
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			out = append(out, '\\')
		}
		out = append(out, path[i])
	}
	return string(out)
}
