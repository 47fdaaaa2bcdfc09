package parquet

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/filter"
)

// payload is what a partition carries: which row groups of which files.
type payload struct {
	Segments []segment `json:"segments"`
}

// segment is some row groups of one version of a file.
type segment struct {
	File   fileID `json:"file"`
	Groups []int  `json:"groups"`
}

// unit is one row group that has to be read.
type unit struct {
	file  *footer
	group int
	rows  int64
	bytes int64
}

// Split implements source.Source. A partition is a run of row groups with
// about its share of the rows; those that cannot have a row for which the
// filters hold are left out.
func (s *Source) Split(ctx context.Context, scan source.Scan, want int) ([]source.Partition, error) {
	set, err := s.dataSet(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(set.columns, scan)
	if err != nil {
		return nil, err
	}
	units, err := p.units(set)
	if err != nil {
		return nil, err
	}
	var total int64
	for _, u := range units {
		total += u.rows
	}
	want = max(1, min(want, len(units)))
	parts := make([]source.Partition, 0, want)
	var done int64
	for len(parts) < want {
		// The next partition ends where the rows so far are its share, and
		// leaves a unit for each one after it.
		left := want - len(parts)
		n := min(1, len(units))
		rows := sumRows(units[:n])
		for n < len(units)-left+1 && (left == 1 || (done+rows+units[n].rows/2)*int64(want) <= total*int64(len(parts)+1)) {
			rows += units[n].rows
			n++
		}
		part, err := partition(len(parts), units[:n])
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		units, done = units[n:], done+rows
	}
	return parts, nil
}

func sumRows(units []unit) (rows int64) {
	for _, u := range units {
		rows += u.rows
	}
	return rows
}

func partition(index int, units []unit) (source.Partition, error) {
	out := source.Partition{Index: index}
	p := payload{Segments: []segment{}}
	for i, u := range units {
		if i == 0 || units[i-1].file != u.file {
			p.Segments = append(p.Segments, segment{File: u.file.id})
		}
		last := &p.Segments[len(p.Segments)-1]
		last.Groups = append(last.Groups, u.group)
		out.Rows += u.rows
		out.Bytes += u.bytes
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return out, fmt.Errorf("write partition %d: %w", index, err)
	}
	out.Payload = raw
	return out, nil
}

// scanPlan is what a scan means for a file's columns.
type scanPlan struct {
	// read are the names of the columns that are decoded: the wanted ones,
	// then those that only the filters need.
	read   []string
	schema *arrow.Schema
	// out and wanted are the columns of the batches, the first of read.
	out    *arrow.Schema
	wanted int
	filter *filter.Predicate
}

// plan checks a scan against the columns there are.
func (s *Source) plan(columns []column, scan source.Scan) (*scanPlan, error) {
	if err := s.checkReadable(columns, scan); err != nil {
		return nil, err
	}
	p := &scanPlan{wanted: len(scan.Columns)}
	var fields []arrow.Field
	add := func(name string) error {
		at := find(columns, name)
		if at < 0 {
			return unknownColumn(s.address, name, columns)
		}
		p.read = append(p.read, name)
		fields = append(fields, columns[at].field())
		return nil
	}
	for _, name := range scan.Columns {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	p.out = arrow.NewSchema(fields, nil)
	if len(scan.Filters) > 0 {
		var err error
		if p.filter, err = filter.Compile(schemaOf(columns), scan.Filters, filter.WithAllocator(s.cfg.Allocator)); err != nil {
			return nil, err
		}
		for _, name := range p.filter.Columns() {
			if p.out.HasField(name) {
				continue
			}
			if err := add(name); err != nil {
				return nil, err
			}
		}
	}
	p.schema = arrow.NewSchema(fields, nil)
	return p, nil
}

// checkReadable refuses the columns that cannot be read, if they are wanted.
func (s *Source) checkReadable(columns []column, scan source.Scan) error {
	names := append([]string(nil), scan.Columns...)
	for _, f := range scan.Filters {
		names = append(names, f.Column)
	}
	for _, name := range names {
		if at := find(columns, name); at >= 0 && columns[at].trouble != "" {
			return recon.Input(fmt.Errorf("%s: column %q cannot be read: %s", recon.RedactURL(s.address), name, columns[at].trouble))
		}
	}
	return nil
}
