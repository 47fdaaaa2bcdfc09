package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fence confines paths to allowed folders, and keeps them out of others. The
// zero fence confines nothing.
//
// A path is matched with a root by its text, and is then walked by os.Root,
// which resolves it one folder at a time from the root's own handle. So no
// symbolic link, also none that is swapped in while the path is walked, leads
// out. Links that os.Root refuses although they stay inside (absolute ones,
// and ones into another root) are resolved first and walked again: the second
// walk is as strict as the first.
type fence struct {
	roots []string
	// private are files and folders that are closed, also within roots.
	private []string
}

// place is where a path lies: in the folder root, under the name rel. An empty
// root means that nothing confines it and rel is the path as given.
type place struct {
	root, rel string
}

// within runs use on the place of path, and on the place of what path resolves
// to when its links only seem to leave the roots.
func (f fence) within(path string, use func(place) error) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if f.closed(abs) {
		return errPrivate
	}
	if len(f.roots) == 0 {
		return use(place{rel: path})
	}
	if p, ok := locate(f.roots, abs); ok {
		if err := use(p); !leavesRoot(err) {
			return err
		}
	}
	canonical := make([]string, len(f.roots))
	for i, r := range f.roots {
		canonical[i] = resolveLinks(r)
	}
	p, ok := locate(canonical, resolveLinks(abs))
	if !ok {
		return ErrOutsideRoots
	}
	if err := use(p); !leavesRoot(err) {
		return err
	}
	return ErrOutsideRoots
}

// errPrivate is what a file of the process's own is answered with.
var errPrivate = fmt.Errorf("it is kallad's own: %w", ErrPermission)

// closed reports whether a path is in what is private, whatever links lead
// there. Links may change while it looks: what was opened is looked at again,
// by isPrivate.
func (f fence) closed(abs string) bool {
	if len(f.private) == 0 {
		return false
	}
	canonical := make([]string, len(f.private))
	for i, p := range f.private {
		canonical[i] = resolveLinks(p)
	}
	if _, ok := locate(canonical, resolveLinks(abs)); ok {
		return true
	}
	info, err := os.Stat(abs)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(f.private, func(p string) bool { // by another name of the same file
		own, err := os.Stat(p)
		return err == nil && os.SameFile(info, own)
	})
}

// isPrivate reports whether what has been opened is private, by whatever way it
// was reached.
func (f fence) isPrivate(opened fs.FileInfo) bool {
	same := func(path string) bool {
		own, err := os.Stat(path)
		return err == nil && os.SameFile(opened, own)
	}
	for _, p := range f.private {
		found := same(p)
		_ = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() == opened.IsDir() && same(path) {
				found = true
			}
			if found {
				return filepath.SkipAll
			}
			return nil // what is gone by now, or cannot be read, is not what was opened
		})
		if found {
			return true
		}
	}
	return false
}

// locate finds the widest root that holds abs by its text.
func locate(roots []string, abs string) (place, bool) {
	var best place
	for _, r := range roots {
		root, err := filepath.Abs(r)
		if err != nil {
			continue
		}
		rel, err := filepath.Rel(root, abs)
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			continue
		}
		if best.root == "" || len(root) < len(best.root) {
			best = place{root: root, rel: rel}
		}
	}
	return best, best.root != ""
}

// resolveLinks resolves the links of the part of path that exists.
func resolveLinks(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolveLinks(parent), filepath.Base(path))
}

// leavesRoot reports whether os.Root refused a path. The standard library has
// no exported error for it.
func leavesRoot(err error) bool {
	var pe *fs.PathError
	return errors.As(err, &pe) && strings.Contains(pe.Err.Error(), "escapes from parent")
}

// stat follows links.
func (p place) stat() (fs.FileInfo, error) {
	if p.root == "" {
		return os.Stat(p.rel)
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Stat(p.rel)
}

// open opens for reading, without waiting when it is a FIFO.
func (p place) open() (*os.File, error) {
	if p.root == "" {
		return os.OpenFile(p.rel, os.O_RDONLY|openFlags, 0)
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(p.rel, os.O_RDONLY|openFlags, 0)
}

// folder opens the folder at this place, creating it first. It returns the
// folders that it created, outermost first.
func (p place) folder() (dir *os.Root, created []string, err error) {
	if p.root == "" {
		created = missing(p.rel, os.Stat)
		if err := os.MkdirAll(p.rel, 0o755); err != nil {
			return nil, nil, err
		}
		dir, err = os.OpenRoot(p.rel)
		return dir, created, err
	}
	// The root itself is the operator's; that it does not exist yet is fine.
	if err := os.MkdirAll(p.root, 0o755); err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	for _, rel := range missing(p.rel, root.Stat) {
		created = append(created, filepath.Join(p.root, rel))
	}
	if err := root.MkdirAll(p.rel, 0o755); err != nil {
		return nil, nil, err
	}
	dir, err = root.OpenRoot(p.rel)
	return dir, created, err
}

// missing lists the folders of path that do not exist, outermost first.
func missing(path string, stat func(string) (fs.FileInfo, error)) []string {
	var out []string
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		if _, err := stat(p); !errors.Is(err, fs.ErrNotExist) {
			return out
		}
		out = append([]string{p}, out...)
		if p == filepath.Dir(p) {
			return out
		}
	}
}

// fileSystem returns the tree below the folder at this place.
func (p place) fileSystem() (fs.FS, func() error, error) {
	if p.root == "" {
		return os.DirFS(p.rel), func() error { return nil }, nil
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	dir, err := root.OpenRoot(p.rel)
	if err != nil {
		return nil, nil, err
	}
	return dir.FS(), dir.Close, nil
}

// localError names what was done to which address, and adds the sentinel that
// callers branch on.
func localError(verb, uri string, err error) error {
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		err = le.Err
	}
	for _, known := range []error{ErrNotFound, ErrPermission, ErrOutsideRoots, ErrBadURI, ErrChanged, ErrNoSpace} {
		if errors.Is(err, known) {
			return fmt.Errorf("%s %q: %w", verb, uri, err)
		}
	}
	if sentinel := classify(err); sentinel != nil {
		return fmt.Errorf("%s %q: %w", verb, uri, &systemError{sentinel: sentinel, cause: err})
	}
	return fmt.Errorf("%s %q: %w", verb, uri, err)
}

// systemError is a sentinel and the system's own words for it.
type systemError struct {
	sentinel, cause error
}

func (e *systemError) Unwrap() []error { return []error{e.sentinel, e.cause} }

func (e *systemError) Error() string {
	if e.sentinel.Error() == e.cause.Error() {
		return e.cause.Error()
	}
	return e.sentinel.Error() + " (" + e.cause.Error() + ")"
}
