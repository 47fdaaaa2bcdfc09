package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/blob"
)

// File is one Parquet file in the making. It is used by one goroutine at a
// time; different files may be written at the same time.
type File struct {
	name   string
	cfg    Config
	schema *arrow.Schema
	cols   []column
	out    *measured
	enc    encoder
	rows   int64
	closed bool
	err    error
}

func newFile(cfg Config, name string, schema *arrow.Schema, cols []column, w blob.Writer) (*File, error) {
	out := &measured{w: w, sum: sha256.New()}
	enc, err := newEncoder(cfg, cols, out)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	return &File{name: name, cfg: cfg, schema: schema, cols: cols, out: out, enc: enc}, nil
}

// Write appends the rows of rec, whose columns are those of the file's schema.
// The caller keeps rec. After an error the file is of no use any more.
func (f *File) Write(ctx context.Context, rec arrow.RecordBatch) error {
	switch {
	case f.closed:
		return fmt.Errorf("write %s: the file is closed", f.name)
	case f.err != nil:
		return f.err
	}
	if err := f.write(ctx, rec); err != nil {
		f.err = fmt.Errorf("write %s: %w", f.name, err)
	}
	return f.err
}

func (f *File) write(ctx context.Context, rec arrow.RecordBatch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.check(rec); err != nil {
		return err
	}
	for at := int64(0); at < rec.NumRows(); {
		n := min(rec.NumRows()-at, f.enc.room())
		if err := f.writePart(rec, at, n); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// check compares types only: the names are the layout's.
func (f *File) check(rec arrow.RecordBatch) error {
	if int(rec.NumCols()) != f.schema.NumFields() {
		return fmt.Errorf("batch has %d columns, the file %d", rec.NumCols(), f.schema.NumFields())
	}
	for i, c := range rec.Columns() {
		if want := f.schema.Field(i); !arrow.TypeEqual(c.DataType(), want.Type) {
			return fmt.Errorf("batch column %q is %s, the file's is %s", want.Name, c.DataType(), want.Type)
		}
	}
	return nil
}

func (f *File) writePart(rec arrow.RecordBatch, at, n int64) error {
	part := rec.NewSlice(at, at+n)
	defer part.Release()
	arrays, err := f.makeColumns(part)
	if err != nil {
		return err
	}
	defer releaseAll(arrays)
	if err := f.enc.write(arrays, n); err != nil {
		return err
	}
	f.rows += n
	return nil
}

func (f *File) makeColumns(part arrow.RecordBatch) ([]arrow.Array, error) {
	b := batch{rec: part, first: f.rows}
	arrays := make([]arrow.Array, 0, len(f.cols))
	for _, c := range f.cols {
		a, err := c.make(f.cfg.Allocator, b)
		if err != nil {
			releaseAll(arrays)
			return nil, err
		}
		arrays = append(arrays, a)
	}
	return arrays, nil
}

func releaseAll(arrays []arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}

// Rows returns the number of rows written.
func (f *File) Rows() int64 { return f.rows }

// Close finishes the file; it becomes visible with Set.Publish only. A file
// without rows is a whole Parquet file too.
func (f *File) Close(ctx context.Context) error {
	if f.closed {
		return f.err
	}
	f.closed = true
	if f.err != nil {
		return f.err
	}
	if err := f.finish(ctx); err != nil {
		f.err = fmt.Errorf("finish %s: %w", f.name, err)
	}
	return f.err
}

func (f *File) finish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.enc.close()
}

// discard frees what the file holds; nothing of it can be published any more.
func (f *File) discard() {
	if f.closed {
		return
	}
	f.closed = true
	f.enc.discard()
}

// FileInfo describes one published file.
type FileInfo struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func (f *File) info() FileInfo {
	return FileInfo{Name: f.name, Rows: f.rows, Bytes: f.out.size, SHA256: hex.EncodeToString(f.out.sum.Sum(nil))}
}

// measured counts and hashes what goes into a blob.
type measured struct {
	w    blob.Writer
	sum  hash.Hash
	size int64
}

func (m *measured) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.size += int64(n)
	m.sum.Write(p[:n])
	return n, err
}

func (m *measured) abort() error { return m.w.Abort() }
