package engine

import (
	"context"
	"sync"

	duck "github.com/duckdb/duckdb-go-bindings"
)

// Usage knows what open sessions hold together. Sessions whose Config names it
// are counted from their opening until they are closed. It is safe for
// concurrent use; a nil Usage counts nothing.
type Usage struct {
	mu       sync.Mutex
	sessions map[*Session]*Session // with what looks into each, once it was asked for
}

// NewUsage returns a Usage without sessions.
func NewUsage() *Usage { return &Usage{sessions: map[*Session]*Session{}} }

// Held is what sessions hold by DuckDB's own count. Unit: bytes.
type Held struct {
	Sessions int
	// Memory is in memory, Spilled on disk.
	Memory, Spilled int64
}

func (u *Usage) add(s *Session) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sessions[s] = nil
}

// remove is called before a session ends.
func (u *Usage) remove(s *Session) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if look := u.sessions[s]; look != nil {
		duck.Disconnect(&look.conn)
	}
	delete(u.sessions, s)
}

// Read asks every session, also while a statement runs in it. A session that
// does not answer counts as holding nothing.
func (u *Usage) Read(ctx context.Context) Held {
	u.mu.Lock()
	defer u.mu.Unlock()
	held := Held{Sessions: len(u.sessions)}
	for s, look := range u.sessions {
		if look == nil {
			look = &Session{db: s.db}
			if duck.Connect(s.db, &look.conn) == duck.StateError {
				continue
			}
			u.sessions[s] = look
		}
		values, err := look.Int64(ctx, "SELECT CAST(sum(memory_usage_bytes) AS BIGINT), CAST(sum(temporary_storage_bytes) AS BIGINT) FROM duckdb_memory()")
		if err == nil {
			held.Memory += values[0]
			held.Spilled += values[1]
		}
	}
	return held
}
