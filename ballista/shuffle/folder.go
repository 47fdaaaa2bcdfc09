package shuffle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a folder of one store, of one process, among those of others.
//
// Beside each folder is a file of the same name with the ending .lock, which
// its owner holds locked for as long as it lives. Whoever gets the lock of
// another's knows that the owner is gone, and removes what it left.
type folder struct {
	path string
	lock *os.File
}

const (
	folderPrefix = "kallad-shuffle-"
	lockSuffix   = ".lock"
)

// openFolder makes a folder below dir, which is made if it is missing.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for shuffled data: %w", err)
	}
	for {
		f, err := tryFolder(dir)
		if f != nil || err != nil {
			return f, err
		}
	}
}

// tryFolder returns nil when somebody took the lock for a leftover before it
// was locked.
func tryFolder(dir string) (*folder, error) {
	lock, err := os.CreateTemp(dir, folderPrefix+"*"+lockSuffix)
	if err != nil {
		return nil, fmt.Errorf("make a folder for shuffled data: %w", err)
	}
	ours, err := lockFile(lock)
	if err != nil || !ours {
		return nil, errors.Join(err, lock.Close())
	}
	f := &folder{path: strings.TrimSuffix(lock.Name(), lockSuffix), lock: lock}
	if err := os.Mkdir(f.path, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("make a folder for shuffled data: %w", err), f.remove())
	}
	return f, nil
}

// remove removes the folder with all that is in it, and only then its lock.
func (f *folder) remove() error {
	err := os.Remove(f.lock.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // somebody has cleared the folder for temporary data
	}
	return errors.Join(os.RemoveAll(f.path), err, f.lock.Close())
}

// Sweep removes what dead processes have left in a folder that stores have
// theirs in. That may be everybody's, so what is not ours to open or to remove
// is nothing to fail for.
func Sweep(dir string) error {
	locks, err := filepath.Glob(filepath.Join(globEscape(dir), folderPrefix+"*"+lockSuffix))
	if err != nil {
		return fmt.Errorf("look for what earlier processes left: %w", err)
	}
	var errs []error
	for _, name := range locks {
		lock, err := openLock(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue // gone meanwhile, or another user's
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		dead, err := lockFile(lock)
		if err != nil || !dead {
			errs = append(errs, err, lock.Close())
			continue
		}
		errs = append(errs, (&folder{path: strings.TrimSuffix(name, lockSuffix), lock: lock}).remove())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove what an earlier process left: %w", err)
	}
	return nil
}

// globEscape makes a path match itself only.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
