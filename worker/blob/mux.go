package blob

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Mux is a Store that hands each URI to the store of its scheme.
type Mux struct {
	local, s3 Store
}

// NewMux returns a store for plain paths and file URIs (local) and for s3 URIs
// (s3). A nil s3 answers s3 URIs with ErrBadURI.
func NewMux(local, s3 Store) *Mux { return &Mux{local: local, s3: s3} }

var _ Store = (*Mux)(nil)

func (m *Mux) route(uri string) (Store, error) {
	if IsLocal(uri) {
		return m.local, nil
	}
	if hasScheme(uri, s3Scheme) {
		if m.s3 == nil {
			return nil, fmt.Errorf("address %q: S3 is switched off here: %w", uri, ErrBadURI)
		}
		return m.s3, nil
	}
	scheme, _, _ := strings.Cut(uri, "://")
	return nil, fmt.Errorf("address with scheme %q: want a path, file:///path or s3://bucket/key: %w", scheme, ErrBadURI)
}

// Stat implements Store.
func (m *Mux) Stat(ctx context.Context, uri string) (Info, error) {
	s, err := m.route(uri)
	if err != nil {
		return Info{}, err
	}
	return s.Stat(ctx, uri)
}

// Open implements Store.
func (m *Mux) Open(ctx context.Context, uri string) (Object, error) {
	s, err := m.route(uri)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, uri)
}

// OpenVersion implements Store.
func (m *Mux) OpenVersion(ctx context.Context, uri, version string) (Object, error) {
	s, err := m.route(uri)
	if err != nil {
		return nil, err
	}
	return s.OpenVersion(ctx, uri, version)
}

// List implements Store.
func (m *Mux) List(ctx context.Context, uri string) ([]Info, error) {
	s, err := m.route(uri)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, uri)
}

// Create implements Store.
func (m *Mux) Create(ctx context.Context, uri string) (Writer, error) {
	s, err := m.route(uri)
	if err != nil {
		return nil, err
	}
	return s.Create(ctx, uri)
}

// Sweep implements Store.
func (m *Mux) Sweep(ctx context.Context, uri string, from, until time.Time) error {
	s, err := m.route(uri)
	if err != nil {
		return err
	}
	return s.Sweep(ctx, uri, from, until)
}
