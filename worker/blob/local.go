package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LocalConfig confines a Local store.
type LocalConfig struct {
	// ReadRoots are the folders that may be read from, with all below them.
	// Relative ones count from the working folder. Default: anywhere.
	ReadRoots []string
	// WriteRoots are the folders that may be written to. Default: anywhere.
	WriteRoots []string
	// Private are files, and folders with all below them, that are neither
	// read nor written, wherever they are: what the process keeps for itself.
	Private []string
}

// Local is the Store of this machine's files: plain paths and file:///path.
// It reads regular files only.
type Local struct {
	read, write fence
}

// NewLocal returns a store that is confined to cfg's roots. The roots need not
// exist yet.
func NewLocal(cfg LocalConfig) *Local {
	return &Local{
		read:  fence{roots: cfg.ReadRoots, private: cfg.Private},
		write: fence{roots: cfg.WriteRoots, private: cfg.Private},
	}
}

var _ Store = (*Local)(nil)

// Stat implements Store.
func (l *Local) Stat(ctx context.Context, uri string) (Info, error) {
	path, err := localPath(uri)
	if err != nil {
		return Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return Info{}, err
	}
	fi, err := l.statRegular(path)
	if err != nil {
		return Info{}, localError("look at", uri, err)
	}
	return localInfo(uri, fi), nil
}

func (l *Local) statRegular(path string) (fi fs.FileInfo, err error) {
	err = l.read.within(path, func(p place) error {
		fi, err = p.stat()
		return err
	})
	if err != nil {
		return nil, err
	}
	return fi, regular(fi)
}

// Open implements Store. A file that is replaced by a rename while it is open
// goes on being read as it was; one that is written to in place fails with
// ErrChanged.
func (l *Local) Open(ctx context.Context, uri string) (Object, error) {
	path, err := localPath(uri)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Looking before opening keeps devices from being opened at all.
	if _, err := l.statRegular(path); err != nil {
		return nil, localError("open", uri, err)
	}
	var f *os.File
	err = l.read.within(path, func(p place) error {
		f, err = p.open()
		return err
	})
	if err != nil {
		return nil, localError("open", uri, err)
	}
	o, err := newLocalObject(uri, f)
	if err == nil {
		var fi fs.FileInfo
		if fi, err = f.Stat(); err == nil && l.read.isPrivate(fi) {
			err = errPrivate
		}
	}
	if err != nil {
		return nil, errors.Join(localError("open", uri, err), f.Close())
	}
	return o, nil
}

// OpenVersion implements Store.
func (l *Local) OpenVersion(ctx context.Context, uri, version string) (Object, error) {
	o, err := l.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	if o.Info().Version != version {
		return nil, errors.Join(fmt.Errorf("open %q as it was: %w", uri, ErrChanged), o.Close())
	}
	return o, nil
}

func localInfo(uri string, fi fs.FileInfo) Info {
	return Info{URI: uri, Size: fi.Size(), Version: fileVersion(fi), ModTime: fi.ModTime()}
}

func regular(fi fs.FileInfo) error {
	switch {
	case fi.Mode().IsRegular():
		return nil
	case fi.IsDir():
		return fmt.Errorf("a folder; end the address in / to name the files in it: %w", ErrBadURI)
	}
	return fmt.Errorf("not a regular file but %s: %w", fi.Mode().Type(), ErrBadURI)
}

// Create implements Store. The bytes go to a hidden file in the same folder,
// which is created as needed.
func (l *Local) Create(ctx context.Context, uri string) (Writer, error) {
	path, err := localPath(uri)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if name == "." || name == ".." || os.IsPathSeparator(path[len(path)-1]) {
		return nil, fmt.Errorf("create %q: names a folder, not a file: %w", uri, ErrBadURI)
	}
	var w *localWriter
	err = l.write.within(filepath.Dir(path), func(p place) error {
		if w, err = newLocalWriter(uri, p, name); err != nil {
			return err
		}
		folder, err := w.dir.Stat(".")
		if err == nil && l.write.isPrivate(folder) {
			err = errPrivate
		}
		if err != nil {
			return errors.Join(err, w.Abort())
		}
		return nil
	})
	if err != nil {
		return nil, localError("create", uri, err)
	}
	return w, nil
}
