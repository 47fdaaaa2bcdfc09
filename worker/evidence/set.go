package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

// The names of the files in the output folder.
const (
	MatchedFile        = "matched.parquet"
	UnmatchedLeftFile  = "unmatched_left.parquet"
	UnmatchedRightFile = "unmatched_right.parquet"
	MetadataFile       = "metadata.json"
)

// Set is the evidence of one run: three Parquet files and the metadata.
// Its methods are safe for concurrent use.
type Set struct {
	store blob.Store
	cfg   Config
	// ctx is the run's: what is being written must outlive the calls that
	// start it, and end with the run.
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	files    map[string]*File
	metadata blob.Writer
	// over is set by Publish and Abort: nothing can be added any more.
	over bool
}

// Create starts the evidence under cfg.OutputPath, and fails at once when that
// folder cannot be written to. The end of ctx ends all writing, up to and with
// Publish; the contexts of the later calls bound those calls alone.
func Create(ctx context.Context, store blob.Store, cfg Config) (*Set, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("create evidence: %w", err)
	}
	s := &Set{store: store, cfg: cfg, files: map[string]*File{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	w, err := s.create(MetadataFile)
	if err != nil {
		s.cancel()
		return nil, err
	}
	s.metadata = w
	return s, nil
}

func (s *Set) create(name string) (blob.Writer, error) {
	w, err := s.store.Create(s.ctx, blob.Join(s.cfg.OutputPath, name))
	if err != nil {
		return nil, asInput(fmt.Errorf("create evidence: %w", err))
	}
	return w, nil
}

// asInput marks the store's errors that the caller can mend.
func asInput(err error) error {
	if blob.IsInput(err) {
		return recon.Input(err)
	}
	return err
}

// Matched starts matched.parquet. The schema is left_key and right_key as
// utf8, then the columns of the query's result. Columns called rule_name and
// confidence take the place of the constants; any other name that the file
// has already gets a suffix, as UniqueNames does.
func (s *Set) Matched(ctx context.Context, schema *arrow.Schema) (*File, error) {
	cols, err := matchedLayout(s.cfg, schema)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, MatchedFile, schema, cols)
}

// Unmatched starts the unmatched file of one side. The schema is record_key as
// utf8, null where the key is null, then the columns of the source.
func (s *Set) Unmatched(ctx context.Context, side Side, schema *arrow.Schema) (*File, error) {
	name, err := unmatchedFile(side)
	if err != nil {
		return nil, err
	}
	cols, err := unmatchedLayout(s.cfg, side, schema)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, name, schema, cols)
}

func unmatchedFile(side Side) (string, error) {
	switch side {
	case Left:
		return UnmatchedLeftFile, nil
	case Right:
		return UnmatchedRightFile, nil
	}
	return "", fmt.Errorf("create evidence: no side %q", side)
}

func (s *Set) start(ctx context.Context, name string, schema *arrow.Schema, cols []column) (*File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
		return nil, fmt.Errorf("create %s: %w", name, errOver)
	case s.files[name] != nil:
		return nil, fmt.Errorf("create %s: started already", name)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("create %s: %w", name, ctx.Err())
	}
	w, err := s.create(name)
	if err != nil {
		return nil, err
	}
	f, err := newFile(s.cfg, name, schema, cols, w)
	if err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	s.files[name] = f
	return f, nil
}

var errOver = errors.New("the evidence is published or given up")

// Clear removes what runs left behind under an output path that were killed
// between two moments while they wrote their evidence. Published files stay.
func Clear(ctx context.Context, store blob.Store, outputPath string, from, until time.Time) error {
	var errs []error
	for _, name := range []string{MatchedFile, UnmatchedLeftFile, UnmatchedRightFile, MetadataFile} {
		errs = append(errs, store.Sweep(ctx, blob.Join(outputPath, name), from, until))
	}
	return errors.Join(errs...)
}

// Publish makes the three files visible and then metadata.json, the sign that
// the evidence is whole. The files must be closed, and meta must agree with
// their row counts. When a step fails, none is visible, and an earlier run's
// evidence is there again, as far as blob.Publish goes.
func (s *Set) Publish(ctx context.Context, meta Metadata) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return fmt.Errorf("publish evidence: %w", errOver)
	}
	s.over = true
	defer s.cancel()
	if err := s.publish(ctx, meta); err != nil {
		return errors.Join(asInput(fmt.Errorf("publish evidence: %w", err)), s.discard())
	}
	return nil
}

func (s *Set) publish(ctx context.Context, meta Metadata) error {
	files, err := s.finished()
	if err != nil {
		return err
	}
	if err := agree(meta.Result, files); err != nil {
		return err
	}
	doc, err := meta.document(files)
	if err != nil {
		return err
	}
	if _, err := s.metadata.Write(doc); err != nil {
		return err
	}
	out := make([]blob.Writer, len(files))
	for i, f := range files {
		out[i] = f.out.w
	}
	return blob.Publish(ctx, s.metadata, out...)
}

// finished returns the three files in the order in which they are published.
func (s *Set) finished() ([]*File, error) {
	var files []*File
	for _, name := range []string{MatchedFile, UnmatchedLeftFile, UnmatchedRightFile} {
		f := s.files[name]
		switch {
		case f == nil:
			return nil, fmt.Errorf("%s was never started", name)
		case !f.closed:
			return nil, fmt.Errorf("%s is not closed", name)
		case f.err != nil:
			return nil, f.err
		}
		files = append(files, f)
	}
	return files, nil
}

// agree holds the counts that are told to people against the rows written.
func agree(r recon.Result, files []*File) error {
	told := []int64{r.MatchedCount, r.UnmatchedLeftCount, r.UnmatchedRightCount}
	for i, f := range files {
		if f.rows != told[i] {
			return fmt.Errorf("%s has %d rows, but the result says %d", f.name, f.rows, told[i])
		}
	}
	return nil
}

// Abort gives up the evidence and leaves no trace of it. It does nothing after
// Publish, and may be called more than once. No File may be in use.
func (s *Set) Abort() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil
	}
	s.over = true
	defer s.cancel()
	return s.discard()
}

// discard gives up every file that is not published. The metadata was created
// first, and with it the folders, which only go once nothing else is in them.
func (s *Set) discard() error {
	var errs []error
	for _, f := range s.files {
		f.discard()
		errs = append(errs, f.out.abort())
	}
	return errors.Join(append(errs, s.metadata.Abort())...)
}
