package parquet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// footersAtOnce is how many files are looked at at the same time.
const footersAtOnce = 8

// Source is one Parquet data set: a file, or several with the same columns.
type Source struct {
	store   blob.Store
	cfg     Config
	address string

	describing sync.Mutex // held while the files are looked at
	found      *dataSet

	mu      sync.Mutex
	closed  bool
	open    map[*batches]struct{}
	footers map[fileID]*footer
}

var _ source.Source = (*Source)(nil)

func newSource(store blob.Store, cfg Config, address string) *Source {
	return &Source{store: store, cfg: cfg, address: address, open: map[*batches]struct{}{}, footers: map[fileID]*footer{}}
}

// dataSet is what was found at the address, all of it of one moment.
type dataSet struct {
	files []*footer
	// columns are those of the first file; the others have them, too.
	columns []column
	schema  *arrow.Schema
}

// Describe implements source.Source. It looks at the files' footers once;
// further calls answer from memory. Rows is exact.
func (s *Source) Describe(ctx context.Context) (*source.Description, error) {
	set, err := s.dataSet(ctx)
	if err != nil {
		return nil, err
	}
	d := &source.Description{Schema: set.schema, MaxPartitions: 1, Notes: append([]string(nil), set.files[0].notes...)}
	groups := 0
	for _, f := range set.files {
		d.Rows += f.meta.GetNumRows()
		d.Bytes += f.size
		groups += f.meta.NumRowGroups()
	}
	d.MaxPartitions = max(1, groups)
	if groups == 1 && d.Rows > 0 {
		d.Notes = append(d.Notes, "the data is one row group, so it is read in one piece")
	}
	return d, nil
}

// dataSet looks at the files, once.
func (s *Source) dataSet(ctx context.Context) (*dataSet, error) {
	s.describing.Lock()
	defer s.describing.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	infos, err := s.resolve(ctx)
	if err != nil {
		return nil, err
	}
	files := make([]*footer, len(infos))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(footersAtOnce)
	for i, info := range infos {
		group.Go(func() (err error) {
			files[i], err = s.footer(ctx, fileID{URI: info.URI, Version: info.Version})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	set := &dataSet{files: files, columns: files[0].columns, schema: schemaOf(files[0].columns)}
	for _, f := range files[1:] {
		if err := sameColumns(files[0], f); err != nil {
			return nil, err
		}
	}
	s.found = set
	return set, nil
}

// resolve returns the files that the address names. A file of exactly that
// name goes before a glob, so that one with a glob's characters can be read.
func (s *Source) resolve(ctx context.Context) ([]blob.Info, error) {
	folder := strings.HasSuffix(s.address, "/")
	if !folder {
		info, err := s.store.Stat(ctx, s.address)
		if err == nil {
			return []blob.Info{info}, nil
		}
		if !blob.IsGlob(s.address) || !errors.Is(err, blob.ErrNotFound) {
			return nil, readError(s.address, err)
		}
	}
	infos, err := s.store.List(ctx, s.address)
	if err != nil {
		return nil, readError(s.address, err)
	}
	if folder {
		infos = onlyParquet(infos)
	}
	if len(infos) == 0 {
		return nil, recon.Input(fmt.Errorf("read %s: no Parquet files there", recon.RedactURL(s.address)))
	}
	return infos, nil
}

// onlyParquet picks the Parquet files of a folder.
func onlyParquet(infos []blob.Info) []blob.Info {
	var out []blob.Info
	for _, i := range infos {
		if source.Format(recon.URI(i.URI+"?")) == "parquet" {
			out = append(out, i)
		}
	}
	return out
}

// footer returns a file's footer, which is read once.
func (s *Source) footer(ctx context.Context, id fileID) (*footer, error) {
	s.mu.Lock()
	f := s.footers[id]
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f, err := readFooter(ctx, s.store, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.footers[id] = f
	s.mu.Unlock()
	return f, nil
}

func schemaOf(columns []column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = c.field()
	}
	return arrow.NewSchema(fields, nil)
}

// sameColumns holds a file to the first one of its data set. The order of the
// columns may differ.
func sameColumns(first, other *footer) error {
	differ := func(format string, args ...any) error {
		return recon.Input(fmt.Errorf("the files %s and %s do not fit together: %s",
			recon.RedactURL(first.id.URI), recon.RedactURL(other.id.URI), fmt.Sprintf(format, args...)))
	}
	for _, c := range first.columns {
		at := find(other.columns, c.name)
		if at < 0 {
			return differ("the second has no column %q", c.name)
		}
		if o := other.columns[at]; !arrow.TypeEqual(c.typ, o.typ) {
			return differ("column %q is %s in the first and %s in the second", c.name, c.typ, o.typ)
		}
	}
	for _, c := range other.columns {
		if find(first.columns, c.name) < 0 {
			return differ("the first has no column %q", c.name)
		}
	}
	return nil
}

// find returns where the named column is, -1 if nowhere.
func find(columns []column, name string) int {
	for i, c := range columns {
		if c.name == name {
			return i
		}
	}
	return -1
}

// adopt gives a stream its own context, under ctx and under the source.
func (s *Source) adopt(ctx context.Context, b *batches) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errSourceClosed
	}
	b.ctx, b.cancel = context.WithCancelCause(ctx)
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
