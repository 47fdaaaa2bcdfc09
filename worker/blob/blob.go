// Package blob is bytes at a URI: local files and S3 objects, read in ranges
// and written so that a reader sees the whole or nothing.
//
// It must not know what the bytes mean.
package blob

import (
	"context"
	"io"
	"time"
)

// Store reads and writes objects. A URI is a plain path, file:///path or
// s3://bucket/key. All methods are safe for concurrent use.
// Errors that the caller can mend satisfy IsInput of this package's errors:
// ErrNotFound, ErrPermission, ErrOutsideRoots, ErrBadURI (use errors.Is).
type Store interface {
	// Stat looks at an object without reading it.
	Stat(ctx context.Context, uri string) (Info, error)

	// Open opens an object for ranged reads, held to the version that is
	// there now: if the object is replaced while it is read, reads fail with
	// ErrChanged and never mix versions.
	Open(ctx context.Context, uri string) (Object, error)

	// OpenVersion is Open held to a version that Stat or Open reported
	// earlier, possibly to another process.
	OpenVersion(ctx context.Context, uri, version string) (Object, error)

	// List returns the objects that a glob (with *, ?, [..] or **) or a
	// folder URI (ending in /) names, sorted by URI. A folder has all objects
	// below it; hidden ones, whose names begin with a dot, are left out. Any
	// other URI lists itself. Nothing there is ErrNotFound.
	List(ctx context.Context, uri string) ([]Info, error)

	// Create starts a new object. Nothing is visible under uri until Commit.
	// The end of ctx may end the writer too.
	Create(ctx context.Context, uri string) (Writer, error)

	// Sweep removes unfinished writes of one object that were begun between two
	// moments and whose writers are no more, as far as the store can tell: a
	// process that was killed left them behind. That there is none is no error.
	Sweep(ctx context.Context, uri string, from, until time.Time) error
}

// Info describes an object.
type Info struct {
	// URI is the object's own, never a glob.
	URI string
	// Size in bytes.
	Size int64
	// Version changes whenever the content does: an ETag, or inode, size and
	// modification time of a local file.
	Version string
	ModTime time.Time
}

// Object is an opened object. Concurrent ReadRange calls are allowed.
type Object interface {
	Info() Info
	// ReadRange streams length bytes from offset (length < 0: to the end), or
	// as many as there are. An offset beyond the end is an error.
	// Transient faults are retried inside, from the byte they struck at.
	// The caller closes the reader.
	ReadRange(ctx context.Context, offset, length int64) (io.ReadCloser, error)
	// ReadAt fills p from offset, as io.ReaderAt does.
	ReadAt(ctx context.Context, p []byte, offset int64) (int, error)
	Close() error
}

// Writer writes a new object. Exactly one of Commit and Abort takes effect;
// Abort after Commit does nothing, so `defer w.Abort()` is the usual form.
// Publish commits several as one.
type Writer interface {
	io.Writer
	// Commit publishes the object under its URI, whole and durable.
	Commit(ctx context.Context) error
	// Abort throws away what was written and leaves no trace.
	Abort() error
	// Prepare ends the writing and does all of Commit that takes long or may
	// well fail, so that the object only lacks its URI. Abort is still allowed.
	Prepare(ctx context.Context) (Change, error)
}

// Change is a prepared object on its way to its URI. Undo or Settle ends it.
type Change interface {
	// Clear takes away what is under the URI now, if anything is.
	Clear(ctx context.Context) error
	// Apply gives the object its URI.
	Apply(ctx context.Context) error
	// Undo brings back what was there before Clear and Apply, or nothing. On
	// S3, what was replaced comes back only where the bucket keeps versions;
	// else there is nothing under the URI afterwards.
	Undo(ctx context.Context) error
	// Settle forgets what was there before. What can't be removed of it is left
	// for Sweep: the object is published all the same.
	Settle()
}
