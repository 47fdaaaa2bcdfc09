package engine

import (
	"context"
	"fmt"
)

// Stream is an input that is read by the statement that mentions it, instead
// of being loaded before. It can be read once; a second reading is an error,
// never an empty table.
type Stream struct {
	session *Session
	scan    *scan
	id      int64
}

// CreateStream makes the input a table that one statement may mention once.
// The caller closes the Stream once no statement reads it; ctx holds until
// then.
func (s *Session) CreateStream(ctx context.Context, name string, in Input) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	sc := &scan{ctx: ctx, cancel: cancel, in: in}
	st := &Stream{session: s, scan: sc, id: s.scans.add(sc)}
	err := s.Exec(ctx, fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s(%d)", Quote(name), scanFunction, st.id))
	if cause := sc.failure(); cause != nil {
		err = cause
	}
	if err != nil {
		st.Close()
		return nil, fmt.Errorf("stream table %q: %w", name, err)
	}
	return st, nil
}

// Err returns the error of the input that ended its reading, as it was
// returned; the statement's own error only says that there was one.
func (st *Stream) Err() error { return st.scan.failure() }

// Rows returns how many rows were read, and whether that is all of them: a
// statement may end before its input does.
func (st *Stream) Rows() (rows int64, complete bool) { return st.scan.taken(), st.scan.complete() }

// Close ends what is still being read.
func (st *Stream) Close() {
	st.scan.cancel(nil)
	st.session.scans.remove(st.id)
}
