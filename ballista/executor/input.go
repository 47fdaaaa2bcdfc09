package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// content is what a table is filled with. Its source, if there is one, stays
// open while it is read.
type content struct {
	engine.Input
	source source.Source
}

func (c *content) close() error {
	if c.source == nil {
		return nil
	}
	if err := c.source.Close(); err != nil {
		return fmt.Errorf("close source: %w", err)
	}
	return nil
}

// admit makes an input a table of the session.
func (r *run) admit(ctx context.Context, in plan.Input) error {
	from, err := r.content(ctx, in)
	if err != nil {
		return inputError(in, err)
	}
	if in.Streamed {
		s, err := r.session.CreateStream(ctx, in.Table, from.Input)
		if err != nil {
			return errors.Join(inputError(in, err), from.close())
		}
		r.streams = append(r.streams, stream{Stream: s, input: in, from: from})
		return nil
	}
	from.Distinct = r.distinct[in.Table]
	rows, err := r.session.CreateTable(ctx, in.Table, from.Input)
	if closeErr := from.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return inputError(in, err)
	}
	if counted(in) {
		r.observer.Loaded(in.Source, rows)
	}
	return nil
}

// counted reports whether the observer is told of an input's rows.
func counted(in plan.Input) bool { return in.Source != "" && !in.Again }

// inputError names the source whose reading failed. What tasks wrote has no
// name that a person would know.
func inputError(in plan.Input, err error) error {
	if in.Source == "" {
		return fmt.Errorf("read table %q: %w", in.Table, err)
	}
	return fmt.Errorf("source %q: %w", in.Source, err)
}

func (r *run) content(ctx context.Context, in plan.Input) (*content, error) {
	if in.Source != "" {
		return r.scan(ctx, in)
	}
	rows := int64(0)
	for _, p := range in.Pieces {
		rows += p.Rows
	}
	return &content{Input: engine.Input{
		Schema: in.Schema.Schema, Partitions: len(in.Pieces), Rows: rows,
		Open: func(ctx context.Context, i int) (engine.Batches, error) { return r.fetcher.Fetch(ctx, in.Pieces[i]) },
	}}, nil
}

// scan reads shares of a source.
func (r *run) scan(ctx context.Context, in plan.Input) (*content, error) {
	var scan source.Scan
	if err := json.Unmarshal(in.Scan, &scan); err != nil {
		return nil, fmt.Errorf("read the scan: %w", err)
	}
	partitions := make([]source.Partition, len(in.Partitions))
	for i, raw := range in.Partitions {
		if err := json.Unmarshal(raw, &partitions[i]); err != nil {
			return nil, fmt.Errorf("read partition %d: %w", i, err)
		}
	}
	location, ok := r.locations[in.Source]
	if !ok {
		return nil, fmt.Errorf("internal error: nobody said where it is")
	}
	src, err := r.registry.Open(ctx, recon.URI(location.Reveal()))
	if err != nil {
		return nil, err
	}
	out := &content{source: src, Input: engine.Input{
		Schema: in.Schema.Schema, Partitions: len(partitions),
		Open: func(ctx context.Context, i int) (engine.Batches, error) { return src.Read(ctx, scan, partitions[i]) },
		OnRows: func(_, rows int) {
			if counted(in) {
				r.observer.Rows(in.Source, rows)
			}
		},
	}}
	if in.Columns != nil {
		if out.Input, err = r.kept.input(out.Input, in.Columns); err != nil {
			return nil, errors.Join(err, out.close())
		}
	}
	return out, nil
}
