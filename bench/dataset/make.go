package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Counts is what a reconciliation of the data has to find by its pattern's
// rule.
type Counts struct {
	Matched        int64 `json:"matched"`
	UnmatchedLeft  int64 `json:"unmatched_left"`
	UnmatchedRight int64 `json:"unmatched_right"`
}

// File is one side's data.
type File struct {
	// Name of the file in the data set's folder.
	Name string `json:"name"`
	// Rows without the header.
	Rows int64 `json:"rows"`
	// Bytes on disk.
	Bytes int64 `json:"bytes"`
}

// Dataset is data that was made.
type Dataset struct {
	Spec     Spec   `json:"spec"`
	Left     File   `json:"left"`
	Right    File   `json:"right"`
	Expected Counts `json:"expected"`
	// Dir is the folder of the files.
	Dir string `json:"-"`
}

// manifest is the name of the file that describes a data set. It is there
// only when the data is complete.
const manifest = "dataset.json"

// Make returns the data of a spec from a folder of its own under cache, and
// makes it first if it is not there. Data that is half made when ctx ends or
// an error occurs is removed.
func Make(ctx context.Context, cache string, spec Spec) (*Dataset, error) {
	if err := spec.Validate(); err != nil {
		return nil, fmt.Errorf("make data: %w", err)
	}
	dir := filepath.Join(cache, spec.name())
	if have, err := open(dir); have != nil || err != nil {
		return have, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("make data: %w", err)
	}
	temp, err := os.MkdirTemp(cache, ".making-")
	if err != nil {
		return nil, fmt.Errorf("make data: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if err := write(ctx, temp, spec); err != nil {
		return nil, fmt.Errorf("make data in %s: %w", temp, err)
	}
	if err := os.Rename(temp, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("publish data: %w", err)
	}
	return open(dir)
}

// open returns the data set in dir, nil when there is none.
func open(dir string) (*Dataset, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open data: %w", err)
	}
	d := &Dataset{Dir: dir}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, manifest), err)
	}
	return d, nil
}

// write makes both files and then the manifest.
func write(ctx context.Context, dir string, spec Spec) error {
	d := Dataset{Spec: spec}
	r := newRows(spec)
	left := table{name: "invoices", columns: spec.InvoiceColumns(), rows: uint64(spec.LeftRows), write: func(i uint64, s sink, _ *tally) {
		r.invoice(i, s)
	}}
	right := table{name: "payments", columns: spec.PaymentColumns(), rows: uint64(spec.RightRows), write: r.payment}
	var err error
	if d.Left, _, err = left.file(ctx, dir, spec.Format); err != nil {
		return err
	}
	var found tally
	if d.Right, found, err = right.file(ctx, dir, spec.Format); err != nil {
		return err
	}
	d.Expected = found.counts(spec)
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifest), append(text, '\n'), 0o644)
}

// table is one side's rows.
type table struct {
	name    string
	columns []Column
	rows    uint64
	// write makes one row and counts what it belongs to.
	write func(row uint64, out sink, t *tally)
}

// file writes the table into dir and counts the rows that match.
func (t table) file(ctx context.Context, dir string, format Format) (File, tally, error) {
	f := File{Name: t.name + "." + string(format), Rows: int64(t.rows)}
	out, err := os.Create(filepath.Join(dir, f.Name))
	if err != nil {
		return f, tally{}, err
	}
	write := t.csv
	if format == Parquet {
		write = t.parquet
	}
	found, err := write(ctx, out)
	if err := errors.Join(err, out.Close()); err != nil {
		return f, tally{}, err
	}
	info, err := os.Stat(out.Name())
	if err != nil {
		return f, tally{}, err
	}
	f.Bytes = info.Size()
	return f, found, nil
}

// fill makes the rows of s and counts those that match.
func (t table) fill(s span, out sink) (found tally) {
	for row := s.begin; row < s.end; row++ {
		t.write(row, out, &found)
	}
	return found
}
