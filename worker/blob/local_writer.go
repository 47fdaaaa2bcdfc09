package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// createAttempts bounds how often a folder is made again because the clean-up
// of another writer removed it in between.
const createAttempts = 3

// localWriter writes to a hidden file beside its target.
type localWriter struct {
	uri     string
	name    string
	partial string
	dir     *os.Root
	file    *os.File
	// created are the folders that were made for this file, outermost first.
	created  []string
	failed   error
	prepared bool
	done     bool
}

func newLocalWriter(uri string, p place, name string) (*localWriter, error) {
	var err error
	for range createAttempts {
		var w *localWriter
		if w, err = tryLocalWriter(uri, p, name); err == nil {
			return w, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return nil, err
}

func tryLocalWriter(uri string, p place, name string) (*localWriter, error) {
	dir, created, err := p.folder()
	if err != nil {
		return nil, err
	}
	w := &localWriter{uri: uri, name: name, dir: dir, created: created, partial: partialName(name)}
	if err := w.start(); err != nil {
		w.removeFolders()
		return nil, errors.Join(err, dir.Close())
	}
	return w, nil
}

func (w *localWriter) start() error {
	fi, err := w.dir.Lstat(w.name)
	switch {
	case err == nil && fi.Mode()&fs.ModeSymlink == 0:
		if err := regular(fi); err != nil {
			return err
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	w.file, err = w.dir.OpenFile(w.partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	// The lock keeps Sweep away. Where there are no locks, it stays away too.
	tryLock(w.file)
	if _, err := w.dir.Lstat(w.partial); err != nil {
		return errors.Join(err, w.file.Close()) // Sweep came before the lock
	}
	return nil
}

// partialName is hidden, unique, and no longer than a name may be.
func partialName(name string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails, see crypto/rand
	return partialStart(name) + hex.EncodeToString(random[:]) + ".partial"
}

func partialStart(name string) string { return "." + name[:min(len(name), 200)] + "." }

func (w *localWriter) Write(p []byte) (int, error) {
	if w.done || w.prepared {
		return 0, fmt.Errorf("write %q: %w", w.uri, os.ErrClosed)
	}
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.file.Write(p)
	if err != nil {
		w.failed = localError("write", w.uri, err)
	}
	return n, w.failed
}

// Commit puts the bytes on the disk, then gives the file its name, then puts
// the name on the disk. When it fails, nothing is left.
func (w *localWriter) Commit(ctx context.Context) error { return commit(ctx, w) }

// Prepare implements Writer.
func (w *localWriter) Prepare(ctx context.Context) (Change, error) {
	if w.done || w.prepared {
		return nil, fmt.Errorf("commit %q: %w", w.uri, os.ErrClosed)
	}
	if err := errors.Join(w.failed, ctx.Err()); err != nil {
		return nil, err
	}
	w.prepared = true
	return &localChange{localWriter: w}, localError("commit", w.uri, w.file.Sync())
}

// syncFolders makes the new name durable, and those of the new folders.
func (w *localWriter) syncFolders() error {
	f, err := w.dir.Open(".")
	if err != nil {
		return err
	}
	errs := []error{f.Sync(), f.Close()}
	for _, folder := range w.created {
		errs = append(errs, syncFolder(filepath.Dir(folder)))
	}
	return errors.Join(errs...)
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Abort implements Writer. Folders that were made for this file go too, unless
// others use them by now.
func (w *localWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	if err := w.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		w.failed = errors.Join(w.failed, err)
	}
	err := w.dir.Remove(w.partial)
	w.removeFolders()
	return localError("abort", w.uri, errors.Join(err, w.dir.Close()))
}

// removeFolders stops at the first folder that is in use.
func (w *localWriter) removeFolders() {
	for i := len(w.created) - 1; i >= 0; i-- {
		if removeEmptyFolder(w.created[i]) != nil {
			return
		}
	}
}
