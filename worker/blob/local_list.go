package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// List implements Store. A folder URI names all files below it. Hidden files
// and folders are left out unless the pattern names them. ** does not follow
// links to folders; every other segment does. A name that exists as it is
// written wins over its reading as a glob.
func (l *Local) List(ctx context.Context, uri string) ([]Info, error) {
	if !strings.HasSuffix(uri, "/") {
		info, err := l.Stat(ctx, uri)
		if err == nil || !IsGlob(uri) || !errors.Is(err, ErrNotFound) {
			return single(info, err)
		}
	}
	pattern, err := localPattern(uri)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if err := checkGlob(uri, pattern); err != nil {
		return nil, err
	}
	base, rest := globBase(pattern)
	names, err := l.find(ctx, base, rest)
	if err != nil {
		return nil, localError("list", uri, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("list %q: no file there: %w", uri, ErrNotFound)
	}
	return l.describe(ctx, uri, base, names)
}

func single(info Info, err error) ([]Info, error) {
	if err != nil {
		return nil, err
	}
	return []Info{info}, nil
}

// find returns the files below base that match, sorted, relative to base.
func (l *Local) find(ctx context.Context, base, pattern string) ([]string, error) {
	folder := base
	if folder == "" {
		folder = "."
	}
	var names []string
	err := l.read.within(filepath.Clean(folder), func(p place) error {
		tree, closeTree, err := p.fileSystem()
		if err != nil {
			return err
		}
		w := walker{ctx: ctx, tree: tree, been: map[visit]bool{}}
		err = w.walk(".", strings.Split(pattern, "/"))
		names = w.names
		return errors.Join(err, closeTree())
	})
	slices.Sort(names)
	return names, err
}

func (l *Local) describe(ctx context.Context, uri, base string, names []string) ([]Info, error) {
	infos := make([]Info, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		full := base + name
		fi, err := l.statRegular(full)
		if err != nil {
			return nil, localError("list", likeURI(uri, full), err)
		}
		infos = append(infos, localInfo(likeURI(uri, full), fi))
	}
	return infos, nil
}

// walker goes down a tree only where the pattern can still match.
type walker struct {
	ctx   context.Context
	tree  fs.FS
	names []string
	// been are the visits made: several ** lead to a folder in many ways.
	been map[visit]bool
}

// visit is a folder, and what of the pattern is still to match in it.
type visit struct {
	dir, segment string
	left         int
}

// walk collects the files in dir that match the pattern's segments.
func (w *walker) walk(dir string, segments []string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	here := visit{dir, segments[0], len(segments)}
	if w.been[here] {
		return nil
	}
	w.been[here] = true
	if segments[0] == "**" {
		return w.deep(dir, segments[1:])
	}
	entries, err := fs.ReadDir(w.tree, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		ok, err := matchGlob(segments[0], e.Name())
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := w.enter(path.Join(dir, e.Name()), e, segments[1:]); err != nil {
			return err
		}
	}
	return nil
}

// enter takes in a matched entry, or goes on below it.
func (w *walker) enter(name string, e fs.DirEntry, rest []string) error {
	folder := e.IsDir()
	if e.Type()&fs.ModeSymlink != 0 {
		if fi, err := fs.Stat(w.tree, name); err == nil {
			folder = fi.IsDir()
		}
	}
	switch {
	case folder && len(rest) > 0:
		return w.walk(name, rest)
	case !folder && len(rest) == 0:
		w.names = append(w.names, name)
	}
	return nil
}

// deep matches rest in dir and in every folder below it.
func (w *walker) deep(dir string, rest []string) error {
	if len(rest) == 0 {
		rest = []string{"*"}
	}
	if err := w.walk(dir, rest); err != nil {
		return err
	}
	entries, err := fs.ReadDir(w.tree, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || hidden(e.Name()) {
			continue
		}
		if err := w.walk(path.Join(dir, e.Name()), append([]string{"**"}, rest...)); err != nil {
			return err
		}
	}
	return nil
}
