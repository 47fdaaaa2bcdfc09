package blob

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// S3Roots confine a store of S3 objects.
type S3Roots struct {
	// Read are the buckets, as s3://bucket or s3://bucket/prefix, that may be
	// read from. Default: every bucket.
	Read []string
	// ReadNone lets no bucket be read from although Read is empty.
	ReadNone bool
	// Write are those that may be written to. Default: every bucket.
	Write []string
}

// Validate reports every root that is none.
func (r S3Roots) Validate() error {
	for _, root := range append(append([]string{}, r.Read...), r.Write...) {
		if at, err := parseS3(root); err != nil || IsGlob(strings.TrimSuffix(root, "/")) || strings.Contains(at.key, "//") {
			return fmt.Errorf("%q: want s3://bucket or s3://bucket/prefix", root)
		}
	}
	return nil
}

// ConfineS3 returns the store within roots, which must be valid.
func ConfineS3(store Store, roots S3Roots) Store { return &confinedS3{Store: store, roots: roots} }

// confinedS3 looks at the text of addresses: S3 knows neither links nor "..".
type confinedS3 struct {
	Store
	roots S3Roots
}

// inside reports whether an object, or everything that a pattern can match, is
// below a root.
func inside(roots []string, uri string) bool {
	at, err := parseS3(uri)
	if err != nil {
		return true // the store says what is wrong with it
	}
	key := at.key
	if i := strings.IndexAny(key, `*?[\`); i >= 0 {
		key = key[:i]
	}
	for _, root := range roots {
		allowed, err := parseS3(root)
		if err != nil || allowed.bucket != at.bucket {
			continue
		}
		prefix := strings.TrimSuffix(allowed.key, "/")
		if prefix == "" || key == prefix && key == at.key || strings.HasPrefix(key, prefix+"/") {
			return true
		}
	}
	return false
}

func (c *confinedS3) read(verb, uri string) error {
	if len(c.roots.Read) == 0 && !c.roots.ReadNone || inside(c.roots.Read, uri) {
		return nil
	}
	return fmt.Errorf("%s %q: no allowed bucket or prefix holds it: %w", verb, uri, ErrOutsideRoots)
}

// Stat implements Store.
func (c *confinedS3) Stat(ctx context.Context, uri string) (Info, error) {
	if err := c.read("look at", uri); err != nil {
		return Info{}, err
	}
	return c.Store.Stat(ctx, uri)
}

// Open implements Store.
func (c *confinedS3) Open(ctx context.Context, uri string) (Object, error) {
	if err := c.read("open", uri); err != nil {
		return nil, err
	}
	return c.Store.Open(ctx, uri)
}

// OpenVersion implements Store.
func (c *confinedS3) OpenVersion(ctx context.Context, uri, version string) (Object, error) {
	if err := c.read("open", uri); err != nil {
		return nil, err
	}
	return c.Store.OpenVersion(ctx, uri, version)
}

// List implements Store.
func (c *confinedS3) List(ctx context.Context, uri string) ([]Info, error) {
	if err := c.read("list", uri); err != nil {
		return nil, err
	}
	return c.Store.List(ctx, uri)
}

// Create implements Store.
func (c *confinedS3) Create(ctx context.Context, uri string) (Writer, error) {
	if len(c.roots.Write) > 0 && !inside(c.roots.Write, uri) {
		return nil, fmt.Errorf("create %q: no allowed bucket or prefix holds it: %w", uri, ErrOutsideRoots)
	}
	return c.Store.Create(ctx, uri)
}

// Sweep implements Store.
func (c *confinedS3) Sweep(ctx context.Context, uri string, from, until time.Time) error {
	if len(c.roots.Write) > 0 && !inside(c.roots.Write, uri) {
		return fmt.Errorf("clear away unfinished uploads of %q: no allowed bucket or prefix holds it: %w", uri, ErrOutsideRoots)
	}
	return c.Store.Sweep(ctx, uri, from, until)
}
