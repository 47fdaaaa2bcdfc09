package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"kallad/worker/source"
)

// errClosed is the answer of a source after Close.
var errClosed = errors.New("the source is closed")

// Source is one table. The first Describe or Split fixes the moment that it
// shows until Close; Read alone holds nothing between calls.
type Source struct {
	cfg  Config
	addr *address

	// opening is held while the session is opened, so that it is opened once.
	opening sync.Mutex

	// mu guards what follows, and is never held while waiting for the server.
	mu      sync.Mutex
	session *session
	open    map[*stream]struct{}
	closed  bool
}

// Describe implements source.Source.
func (s *Source) Describe(ctx context.Context) (*source.Description, error) {
	sess, err := s.theSession(ctx)
	if err != nil {
		return nil, err
	}
	return sess.table.description(), nil
}

// Split implements source.Source. It makes fewer partitions than wanted when
// they would be smaller than Config.PartitionPages.
func (s *Source) Split(ctx context.Context, scan source.Scan, want int) ([]source.Partition, error) {
	if want < 1 {
		return nil, fmt.Errorf("split into %d partitions", want)
	}
	sess, err := s.theSession(ctx)
	if err != nil {
		return nil, err
	}
	return sess.split(scan, want)
}

// Read implements source.Source. Each stream has a connection of its own.
func (s *Source) Read(ctx context.Context, scan source.Scan, p source.Partition) (source.Batches, error) {
	var load payload
	if err := json.Unmarshal(p.Payload, &load); err != nil {
		return nil, fmt.Errorf("read partition %d: its payload: %w", p.Index, err)
	}
	if s.isClosed() {
		return nil, errClosed
	}
	st, err := s.read(ctx, scan, &load)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		st.interrupt()
	}
	s.open[st] = struct{}{}
	return st, nil
}

// Close implements source.Source.
func (s *Source) Close() error {
	s.mu.Lock()
	s.closed = true
	sess := s.session
	s.session = nil
	for st := range s.open {
		st.interrupt()
	}
	s.mu.Unlock()
	if sess != nil {
		sess.close(context.Background())
	}
	return nil
}

func (s *Source) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// theSession returns the session, and opens it when there is none.
func (s *Source) theSession(ctx context.Context) (*session, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	sess, closed := s.session, s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	if sess != nil {
		return sess, nil
	}
	sess, err := s.openSession(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	closed = s.closed
	if !closed {
		s.session = sess
	}
	s.mu.Unlock()
	if closed {
		sess.close(ctx)
		return nil, errClosed
	}
	return sess, nil
}

// takeSpare returns the session's second connection, nil when it is taken or
// belongs to another moment.
func (s *Source) takeSpare(snapshot string) *pgx.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if snapshot == "" || s.session == nil || s.session.snapshot != snapshot {
		return nil
	}
	conn := s.session.spare
	s.session.spare = nil
	return conn
}

func (s *Source) forget(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, st)
}
