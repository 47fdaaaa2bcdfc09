package blob

import "errors"

// The errors that callers branch on, wrapped with the URI and the cause.
var (
	// ErrNotFound: no such object, bucket or folder.
	ErrNotFound = errors.New("not found")
	// ErrPermission: the system or the store refuses access.
	ErrPermission = errors.New("permission denied")
	// ErrOutsideRoots: a local path that leaves the allowed roots.
	ErrOutsideRoots = errors.New("outside the allowed folders")
	// ErrBadURI: not a path, file:// or s3:// URI.
	ErrBadURI = errors.New("bad address")
	// ErrChanged: the object was replaced while it was read.
	ErrChanged = errors.New("changed while it was being read")
	// ErrNoSpace: the disk is full.
	ErrNoSpace = errors.New("no space left")
)

// IsInput reports whether err is one that the caller can mend.
func IsInput(err error) bool {
	for _, target := range []error{ErrNotFound, ErrPermission, ErrOutsideRoots, ErrBadURI, ErrChanged} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
