package engine

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	duck "github.com/duckdb/duckdb-go-bindings"
)

// Session is one DuckDB instance in memory, with nothing in it and no way
// out: no files, no network, no extensions, no settings. Statements run one
// at a time; a Session is for one goroutine, but Close may be called from any
// goroutine once no statement runs.
type Session struct {
	db    duck.Database
	conn  duck.Connection
	spill *spill
	usage *Usage
	scans scanSet
	// memoryLimit and threads are those of its Config.
	memoryLimit int64
	threads     int

	mu     sync.Mutex
	closed bool
}

// Open starts a session. The caller closes it.
func Open(cfg Config) (*Session, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("open engine session: %w", err)
	}
	if err := checkHandles(); err != nil {
		return nil, fmt.Errorf("open engine session: %w", err)
	}
	spill, err := newSpill(cfg.TempDir)
	if err != nil {
		return nil, err
	}
	s := &Session{spill: spill, memoryLimit: cfg.MemoryLimit, threads: cfg.Threads}
	if err := s.start(cfg); err != nil {
		return nil, fmt.Errorf("open engine session: %w", err)
	}
	s.usage = cfg.Usage
	s.usage.add(s)
	return s, nil
}

func (s *Session) start(cfg Config) error {
	if err := s.openDatabase(cfg); err != nil {
		s.Close()
		return err
	}
	if duck.Connect(s.db, &s.conn) == duck.StateError {
		s.Close()
		return fmt.Errorf("connect to the instance")
	}
	s.scans.register(s.conn)
	statements := prelude
	if cfg.MaxSpill > 0 {
		// As an option of the instance, DuckDB shows this limit but does not
		// keep to it; set by a statement, it does.
		limit := fmt.Sprintf("SET max_temp_directory_size = '%dB'", cfg.MaxSpill)
		statements = append([]string{limit}, prelude...)
	}
	for _, statement := range statements {
		if err := s.Exec(context.Background(), statement); err != nil {
			s.Close()
			return err
		}
	}
	return nil
}

// openDatabase creates the instance. The order of the settings matters: once
// external access is off, DuckDB refuses to move the spill folder.
func (s *Session) openDatabase(cfg Config) error {
	var config duck.Config
	if duck.CreateConfig(&config) == duck.StateError {
		return fmt.Errorf("create configuration")
	}
	defer duck.DestroyConfig(&config)
	settings := [][2]string{
		{"temp_directory", s.spill.path},
		{"memory_limit", strconv.FormatInt(cfg.MemoryLimit, 10) + "B"},
		{"threads", strconv.Itoa(cfg.Threads)},
		// Row order is nobody's promise here; keeping it costs memory.
		{"preserve_insertion_order", "false"},
		// Postgres's and DataFusion's meaning of 5/2 and of ORDER BY x DESC.
		{"integer_division", "true"},
		{"default_null_order", "nulls_last_on_asc_first_on_desc"},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"allow_persistent_secrets", "false"},
		{"enable_external_access", "false"},
	}
	for _, kv := range settings {
		if duck.SetConfig(config, kv[0], kv[1]) == duck.StateError {
			return fmt.Errorf("setting %s refuses %q", kv[0], kv[1])
		}
	}
	var message string
	if duck.OpenExt("", &s.db, config, &message) == duck.StateError {
		return newError(duck.ErrorTypeInvalid, message)
	}
	return nil
}

// Exec runs one statement to its end and drops its result.
func (s *Session) Exec(ctx context.Context, sql string) error {
	rows, err := s.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	return rows.drain(ctx)
}

// Progress estimates the share of the running statement that is done, 0 to 1;
// ok is false when nothing is known. It may be called while a statement runs.
func (s *Session) Progress() (share float64, ok bool) {
	progress := duck.QueryProgress(s.conn)
	percent, _, _ := duck.QueryProgressTypeMembers(&progress)
	return max(0, min(1, percent/100)), percent >= 0
}

// Close ends the session and removes what it spilled.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.usage.remove(s)
	if s.conn.Ptr != nil {
		duck.Disconnect(&s.conn)
	}
	if s.db.Ptr != nil {
		duck.Close(&s.db)
	}
	s.scans.release()
	return s.spill.remove()
}
