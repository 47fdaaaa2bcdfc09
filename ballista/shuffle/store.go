package shuffle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
)

// Store keeps outputs: in memory up to a limit, on disk beyond it. It is safe
// for concurrent use.
type Store struct {
	cfg      Config
	log      *slog.Logger
	folder   *folder
	arena    *arena
	counters Counters

	mu      sync.Mutex
	closed  bool
	outputs map[string]map[string]*output // by job, by name
	disk    int64
}

// NewStore opens a store, after removing what dead processes left in the
// folder. Close it.
func NewStore(cfg Config, log *slog.Logger) (*Store, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	folder, err := openFolder(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if err := Sweep(cfg.Dir); err != nil {
		log.Warn("what earlier processes have left", "error", err)
	}
	return &Store{
		cfg: cfg, log: log, folder: folder, arena: newArena(cfg.MemoryLimit),
		outputs: map[string]map[string]*output{},
	}, nil
}

// Writer begins the output of one attempt. Whatever its end, the caller calls
// Abort, which does nothing after Commit. key.Partition is ignored. A job that
// is being removed must have no writers that begin later: remove it again
// when they have ended.
//
// With more than one partition, the schema's first column is an int32 that
// says where each row belongs, and is not kept.
func (s *Store) Writer(key Key, schema *arrow.Schema, partitions int) (*Writer, error) {
	key.Partition = 0
	if err := key.validate(); err != nil {
		return nil, fmt.Errorf("write a piece: %w", err)
	}
	if partitions < 1 || partitions > MaxPartitions {
		return nil, fmt.Errorf("write %s: internal error: %d partitions, want 1 to %d", key.attempt(), partitions, MaxPartitions)
	}
	kept, err := keptSchema(schema, partitions)
	if err != nil {
		return nil, fmt.Errorf("write %s: internal error: %w", key.attempt(), err)
	}
	l, err := newLayout(kept)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", key.attempt(), err)
	}
	o := &output{store: s, name: key.attempt(), job: key.Job, layout: l}
	if err := s.begin(o); err != nil {
		return nil, fmt.Errorf("write %s: %w", o.name, err)
	}
	return newWriter(s, o, partitions), nil
}

func (s *Store) begin(o *output) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.outputs[o.job] == nil {
		s.outputs[o.job] = map[string]*output{}
	}
	if s.outputs[o.job][o.name] != nil {
		return errors.New("internal error: the same attempt is written twice")
	}
	s.outputs[o.job][o.name] = o
	return nil
}

// Open opens a piece. A piece that the store does not have is a *LostError,
// here or in the middle of reading.
func (s *Store) Open(ctx context.Context, key Key) (Reader, error) {
	return s.open(ctx, key, "")
}

func (s *Store) open(ctx context.Context, key Key, self string) (Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, p, err := s.find(key)
	if err != nil {
		s.counters.Lost.Add(1)
		return nil, newLost(key, self, err)
	}
	return &localReader{store: s, output: o, piece: p, key: key, self: self}, nil
}

func (s *Store) find(key Key) (*output, piece, error) {
	if err := key.validate(); err != nil {
		return nil, piece{}, err
	}
	s.mu.Lock()
	o := s.outputs[key.Job][key.attempt()]
	s.mu.Unlock()
	if o == nil {
		return nil, piece{}, errMissing
	}
	p, err := o.piece(key.Partition)
	return o, p, err
}

// RemoveJob removes all that tasks of a job wrote or are writing. Readers in
// the middle of it get a *LostError, writers get ErrRemoved.
func (s *Store) RemoveJob(job string) error {
	s.mu.Lock()
	outputs := s.outputs[job]
	delete(s.outputs, job)
	s.mu.Unlock()
	var errs []error
	for _, o := range outputs {
		errs = append(errs, o.remove())
	}
	return errors.Join(errs...)
}

// RemoveAttempt removes what an attempt wrote or is writing, in every step.
func (s *Store) RemoveAttempt(job string, stage, task, attempt int) error {
	key := Key{Job: job, Stage: stage, Task: task, Attempt: attempt}
	prefix := key.attempt() // ends with the separator, as the step is empty
	var errs []error
	for _, o := range s.take(job, prefix) {
		errs = append(errs, o.remove())
	}
	return errors.Join(errs...)
}

// take takes those of a job's outputs whose names begin with a prefix out of
// the store.
func (s *Store) take(job, prefix string) []*output {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken []*output
	for name, o := range s.outputs[job] {
		if len(name) >= len(prefix) && name[:len(prefix)] == prefix {
			taken = append(taken, o)
			delete(s.outputs[job], name)
		}
	}
	if len(s.outputs[job]) == 0 {
		delete(s.outputs, job)
	}
	return taken
}

// forget removes an output that its writer gave up.
func (s *Store) forget(o *output) error {
	s.mu.Lock()
	if s.outputs[o.job][o.name] == o {
		delete(s.outputs[o.job], o.name)
		if len(s.outputs[o.job]) == 0 {
			delete(s.outputs, o.job)
		}
	}
	s.mu.Unlock()
	return o.remove()
}

// Usage returns what is kept in memory and on disk. Unit: bytes.
func (s *Store) Usage() (memory, disk int64) {
	s.mu.Lock()
	disk = s.disk
	s.mu.Unlock()
	return s.arena.usage(), disk
}

// Counters returns what the store counts.
func (s *Store) Counters() *Counters { return &s.counters }

// Close removes everything. Batches that were read must not outlive it by
// long: their memory is given back when they are released.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	jobs := make([]string, 0, len(s.outputs))
	for job := range s.outputs {
		jobs = append(jobs, job)
	}
	s.mu.Unlock()
	var errs []error
	for _, job := range jobs {
		errs = append(errs, s.RemoveJob(job))
	}
	s.arena.shelf.close()
	return errors.Join(append(errs, s.folder.remove())...)
}

func (s *Store) reserveDisk(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit := s.cfg.DiskLimit; limit != 0 && s.disk+n > limit {
		return &FullError{fmt.Errorf("the memory limit of %d bytes and the disk limit of %d bytes are reached", max(s.cfg.MemoryLimit, 0), max(limit, 0))}
	}
	s.disk += n
	return nil
}

func (s *Store) releaseDisk(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk -= n
}
