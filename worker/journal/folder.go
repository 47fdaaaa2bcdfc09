package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Folder is the files that a journal stands on; names are without a path. Its
// methods are called by one goroutine at a time, those of different files by
// several.
type Folder interface {
	// List names all files.
	List() ([]string, error)
	// Create makes a new, empty file; that it exists already is an error.
	Create(name string) (File, error)
	// Open opens a file that exists.
	Open(name string) (File, error)
	// Rename gives a file another name, in place of whatever had it.
	Rename(from, to string) error
	Remove(name string) error
	// Sync makes names durable, as File.Sync does with content.
	Sync() error
	// Close lets the folder go, and with it the lock.
	Close() error
}

// File is one open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	// Sync makes the content durable. After an error nobody knows what of the
	// content since the last Sync is on disk.
	Sync() error
	Size() (int64, error)
	Close() error
}

// disk is a Folder of the operating system.
type disk struct {
	root *os.Root
	dir  *os.File
	lock *os.File
}

// OpenFolder returns the folder at path, which is made if it does not exist,
// readable by its owner alone, and locked: a *LockedError says that another
// process has it.
func OpenFolder(path string) (Folder, error) {
	if err := makeFolder(path); err != nil {
		return nil, fmt.Errorf("make the folder of the journal: %w", err)
	}
	d := &disk{}
	var err error
	if d.root, err = os.OpenRoot(path); err != nil {
		return nil, fmt.Errorf("open the folder of the journal: %w", err)
	}
	d.dir, err = d.root.Open(".")
	if err == nil {
		d.lock, err = lock(d.root, path)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func makeFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return os.Chmod(path, 0o700)
	}
	if err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

func (d *disk) List() ([]string, error) {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (d *disk) Create(name string) (File, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d *disk) Open(name string) (File, error) { return d.open(name, os.O_RDWR) }

func (d *disk) open(name string, flags int) (File, error) {
	f, err := d.root.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (d *disk) Rename(from, to string) error { return d.root.Rename(from, to) }

func (d *disk) Remove(name string) error { return d.root.Remove(name) }

func (d *disk) Sync() error { return d.dir.Sync() }

func (d *disk) Close() error {
	var errs []error
	for _, f := range []*os.File{d.lock, d.dir} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, d.root.Close())...)
}

type diskFile struct{ *os.File }

// errRemoved is a file that was synced and that nobody will find.
var errRemoved = errors.New("somebody has removed its files; put them back from a back-up or leave the folder empty, and start again")

// Sync implements File. What was removed meanwhile is on the disk until it is
// closed, and of no use to the next process.
func (f diskFile) Sync() error {
	if err := syncFile(f.File); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink == 0 {
		return errRemoved
	}
	return nil
}

func (f diskFile) Size() (int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}
