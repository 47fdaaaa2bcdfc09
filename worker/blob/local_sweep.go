package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Sweep implements Store. Every writer holds a lock on its hidden file, which
// the kernel lets go with its process; so what is not locked has no writer.
func (l *Local) Sweep(ctx context.Context, uri string, _, _ time.Time) error {
	path, err := localPath(uri)
	if err != nil {
		return err
	}
	err = l.write.within(filepath.Dir(path), func(p place) error {
		dir, err := p.existing()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(sweepFolder(ctx, dir, filepath.Base(path)), dir.Close())
	})
	return localError("clear away unfinished files of", uri, err)
}

// partialRest is what follows the target's name in that of a hidden file.
var partialRest = regexp.MustCompile(`^[0-9a-f]{16}\.partial$`)

func sweepFolder(ctx context.Context, dir *os.Root, name string) error {
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), partialStart(name))
		if !ok || !partialRest.MatchString(rest) || !e.Type().IsRegular() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		errs = append(errs, sweepFile(dir, e.Name()))
	}
	return errors.Join(errs...)
}

func sweepFile(dir *os.Root, name string) error {
	f, err := dir.OpenFile(name, os.O_RDWR|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if !tryLock(f) {
		return nil
	}
	if err := dir.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// existing opens the folder at this place.
func (p place) existing() (*os.Root, error) {
	if p.root == "" {
		return os.OpenRoot(p.rel)
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenRoot(p.rel)
}
