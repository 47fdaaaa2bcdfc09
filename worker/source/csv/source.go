package csv

import (
	"context"
	"errors"
	"sync"

	"kallad/worker/blob"
	"kallad/worker/source"
)

// errSourceClosed is the end of streams whose source was closed.
var errSourceClosed = errors.New("the source is closed")

// Source is one CSV data set: a file, or several with the same columns.
type Source struct {
	store   blob.Store
	cfg     Config
	address string
	opts    *options

	describing sync.Mutex // held while the layout is found out
	found      *layout

	mu     sync.Mutex
	closed bool
	open   map[*batches]struct{}
}

var _ source.Source = (*Source)(nil)

func newSource(store blob.Store, cfg Config, address string, opts *options) *Source {
	return &Source{store: store, cfg: cfg, address: address, opts: opts, open: map[*batches]struct{}{}}
}

// Describe implements source.Source. It looks at the data once; further calls
// answer from memory.
func (s *Source) Describe(ctx context.Context) (*source.Description, error) {
	l, err := s.layout(ctx)
	if err != nil {
		return nil, err
	}
	d := l.description
	return &d, nil
}

// layout returns what the data set looks like.
func (s *Source) layout(ctx context.Context) (*layout, error) {
	s.describing.Lock()
	defer s.describing.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	l, err := s.inspect(ctx)
	if err != nil {
		return nil, err
	}
	s.found = l
	return l, nil
}

// adopt gives a stream its own context, under ctx and under the source.
func (s *Source) adopt(ctx context.Context, b *batches) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errSourceClosed
	}
	streamCtx, cancel := context.WithCancelCause(ctx)
	b.ctx, b.cancel = streamCtx, cancel
	b.onClose = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, b)
	}
	s.open[b] = struct{}{}
	return nil
}

// Close implements source.Source. It ends the streams that are still open.
func (s *Source) Close() error {
	s.mu.Lock()
	s.closed = true
	var open []*batches
	for b := range s.open {
		open = append(open, b)
	}
	s.mu.Unlock()
	var errs []error
	for _, b := range open {
		errs = append(errs, b.end(errSourceClosed))
	}
	return errors.Join(errs...)
}
