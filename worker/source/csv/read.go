package csv

import (
	"context"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/source"
	"kallad/worker/source/filter"
)

// plan works out which columns of the file a scan has to decode.
func (s *Source) plan(scan source.Scan, p *payload) (*batches, error) {
	b := &batches{store: s.store, cfg: s.cfg, payload: p, maxRows: scan.Rows()}
	schema := schemaOf(p.Columns)
	needed := append([]string{}, scan.Columns...)
	if len(scan.Filters) > 0 {
		var err error
		if b.filter, err = filter.Compile(schema, scan.Filters, filter.WithAllocator(s.cfg.Allocator)); err != nil {
			return nil, err
		}
		needed = append(needed, b.filter.Columns()...)
	}
	for _, name := range needed {
		at := p.index(name)
		if at < 0 {
			return nil, unknownColumn(s.address, name, p.Columns)
		}
		b.fields = append(b.fields, at)
	}
	b.fields = ascending(b.fields)
	b.read = fieldsOf(schema, b.fields)
	var wanted []int
	for _, name := range scan.Columns {
		at := p.index(name)
		wanted = append(wanted, at)
		b.pick = append(b.pick, sort.SearchInts(b.fields, at))
	}
	b.out = fieldsOf(schema, wanted)
	return b, nil
}

// ascending sorts indices and drops the repeated ones.
func ascending(indices []int) []int {
	sort.Ints(indices)
	out := indices[:0]
	for i, at := range indices {
		if i == 0 || at != indices[i-1] {
			out = append(out, at)
		}
	}
	return out
}

func fieldsOf(schema *arrow.Schema, indices []int) *arrow.Schema {
	fields := make([]arrow.Field, len(indices))
	for i, at := range indices {
		fields[i] = schema.Field(at)
	}
	return arrow.NewSchema(fields, nil)
}

// Read implements source.Source.
func (s *Source) Read(ctx context.Context, scan source.Scan, part source.Partition) (source.Batches, error) {
	p, err := parsePayload(part)
	if err != nil {
		return nil, err
	}
	b, err := s.plan(scan, p)
	if err != nil {
		return nil, err
	}
	if err := s.adopt(ctx, b); err != nil {
		return nil, err
	}
	return b, nil
}
