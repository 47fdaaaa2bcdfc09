package client

import (
	"context"
	"errors"
	"io"

	"kallad/ballista/plan"
)

// observer puts what a job tells into rows.
type observer struct{ rows *Rows }

var _ plan.Observer = (*observer)(nil)

// Rows implements plan.Course.
func (o *observer) Rows(source string, rows int) {
	o.rows.mu.Lock()
	o.rows.progress.Rows[source] += int64(rows)
	o.rows.mu.Unlock()
}

// Loaded implements plan.Course.
func (o *observer) Loaded(source string, rows int64) {
	o.rows.mu.Lock()
	o.rows.progress.Rows[source] = rows
	o.rows.mu.Unlock()
}

// Begin implements plan.Course.
func (o *observer) Begin(string) {}

// Advance implements plan.Course.
func (o *observer) Advance(string, float64) {}

// Counts implements plan.Course. A query counts nothing.
func (o *observer) Counts(string, []int64) error { return nil }

// Stages implements plan.Observer.
func (o *observer) Stages(status []plan.StageStatus) {
	o.rows.mu.Lock()
	o.rows.progress.Stages = status
	o.rows.mu.Unlock()
}

// Stream implements plan.Course.
func (o *observer) Stream(ctx context.Context, _ string, rows plan.Stream) error {
	o.rows.describe(rows.Schema())
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := o.rows.put(ctx, batch); err != nil {
			return err
		}
	}
}
