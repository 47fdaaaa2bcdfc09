package filter

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
)

// Apply returns the rows of rec for which all filters hold, in their order,
// with all of rec's columns. The result is a reference of its own, also when
// it is rec itself: the caller releases both.
func (p *Predicate) Apply(ctx context.Context, rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	keep, err := p.Keep(nil, rec)
	if err != nil {
		return nil, err
	}
	kept := bytes.Count(keep, []byte{1})
	switch kept {
	case int(rec.NumRows()):
		rec.Retain()
		return rec, nil
	case 0:
		return rec.NewSlice(0, 0), nil
	}
	return p.take(ctx, rec, keep, kept)
}

// Keep tells for each row of rec whether all filters hold: 1 or 0. It writes
// into buf when that is large enough. It is for readers that decode a batch's
// other columns only for the rows that are kept.
func (p *Predicate) Keep(buf []byte, rec arrow.RecordBatch) ([]byte, error) {
	keep := ones(buf, int(rec.NumRows()))
	for _, c := range p.conds {
		arr, err := c.find(rec)
		if err != nil {
			return nil, err
		}
		c.test.keep(arr, keep)
		dropNulls(arr, keep)
		if bytes.IndexByte(keep, 1) < 0 {
			break
		}
	}
	return keep, nil
}

func (c condition) find(rec arrow.RecordBatch) (arrow.Array, error) {
	at := rec.Schema().FieldIndices(c.column)
	if len(at) == 0 {
		return nil, fmt.Errorf("filter on column %q: the batch has no such column", c.column)
	}
	arr := rec.Column(at[0])
	if !arrow.TypeEqual(arr.DataType(), c.typ) {
		return nil, fmt.Errorf("filter on column %q: the batch has it as %s, want %s", c.column, arr.DataType(), c.typ)
	}
	return arr, nil
}

func (p *Predicate) take(ctx context.Context, rec arrow.RecordBatch, keep []byte, kept int) (arrow.RecordBatch, error) {
	b := array.NewUint32Builder(p.mem)
	defer b.Release()
	b.Reserve(kept)
	for i, k := range keep {
		if k != 0 {
			b.UnsafeAppend(uint32(i))
		}
	}
	indices := b.NewArray()
	defer indices.Release()
	ctx = compute.WithAllocator(ctx, p.mem)
	columns := make([]arrow.Array, 0, rec.NumCols())
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for i, col := range rec.Columns() {
		out, err := p.takeColumn(ctx, col, indices, keep)
		if err != nil {
			return nil, fmt.Errorf("filter column %q: %w", rec.ColumnName(i), err)
		}
		columns = append(columns, out)
	}
	return array.NewRecordBatch(rec.Schema(), columns, int64(kept)), nil
}

// takeColumn leaves to Arrow what it can take. It cannot take intervals, and
// does not say so in a way that could be told from a fault.
func (p *Predicate) takeColumn(ctx context.Context, col, indices arrow.Array, keep []byte) (arrow.Array, error) {
	if col.DataType().ID() == arrow.INTERVAL_MONTH_DAY_NANO {
		return p.splice(col, keep)
	}
	out, err := compute.TakeArrayOpts(ctx, col, indices, compute.TakeOptions{BoundsCheck: false})
	if errors.Is(err, arrow.ErrNotImplemented) {
		return p.splice(col, keep)
	}
	return out, err
}

// splice joins the runs of kept rows, for the types that Arrow cannot take.
func (p *Predicate) splice(col arrow.Array, keep []byte) (arrow.Array, error) {
	var runs []arrow.Array
	defer func() {
		for _, r := range runs {
			r.Release()
		}
	}()
	for i := 0; i < len(keep); {
		if keep[i] == 0 {
			i++
			continue
		}
		end := i
		for end < len(keep) && keep[end] != 0 {
			end++
		}
		runs = append(runs, array.NewSlice(col, int64(i), int64(end)))
		i = end
	}
	return array.Concatenate(runs, p.mem)
}
