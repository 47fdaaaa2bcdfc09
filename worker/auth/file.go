package auth

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// FileError is a file that a setting names and that is of no use.
type FileError struct {
	// Setting is the flag that names it.
	Setting string
	Path    string
	Err     error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s %q: %v", e.Setting, e.Path, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// readFile leaves the path out of the system's error, which FileError has.
func readFile(setting, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &FileError{Setting: setting, Path: path, Err: bare(err)}
	}
	return text, nil
}

func bare(err error) error {
	if pe, ok := err.(*os.PathError); ok {
		return pe.Err
	}
	return err
}

// watched is a value made from files, made again when one of them has
// changed. It looks at each use: that costs a few system calls, and there is
// nothing to stop. When the files cannot be used any more, as between the
// replacing of a certificate and of its key, the last good value stays.
type watched[T any] struct {
	paths []string
	load  func() (T, error)
	log   *slog.Logger

	mu    sync.Mutex
	value T
	seen  []stamp
}

// stamp tells versions of a file apart; links are followed, for that is how
// Kubernetes swaps secrets.
type stamp struct {
	size    int64
	changed time.Time
	info    os.FileInfo
}

func (s stamp) same(o stamp) bool {
	return s.size == o.size && s.changed.Equal(o.changed) && (s.info == nil) == (o.info == nil) && os.SameFile(s.info, o.info)
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{size: info.Size(), changed: info.ModTime(), info: info}
}

// watch loads the value for the first time.
func watch[T any](log *slog.Logger, load func() (T, error), paths ...string) (*watched[T], error) {
	w := &watched[T]{paths: paths, load: load, log: log}
	w.seen = w.stamps()
	var err error
	w.value, err = load()
	return w, err
}

// stamps are taken before a file is read, so that a change in between is seen
// at the next use.
func (w *watched[T]) stamps() []stamp {
	var out []stamp
	for _, p := range w.paths {
		out = append(out, stampOf(p))
	}
	return out
}

func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.stamps()
	if slices.EqualFunc(w.seen, now, stamp.same) {
		return w.value
	}
	w.seen = now
	value, err := w.load()
	if err != nil {
		w.log.Warn("changed file not taken; what it held before stays in use", "error", err)
		return w.value
	}
	w.value = value
	w.log.Info("changed file taken", "files", w.paths)
	return value
}
