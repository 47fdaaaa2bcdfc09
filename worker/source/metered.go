package source

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"kallad/worker/recon"
)

// Meter counts what is read of sources of a kind. It is safe for concurrent
// use.
type Meter interface {
	// ObserveBatch is called after each batch: its rows, its size in bytes as
	// it is handed over, and how long it was worked for.
	ObserveBatch(kind string, rows, bytes int64, took time.Duration)
	// ObserveRead is called when a partition is done with; ok is false when it
	// could not be read to its end.
	ObserveRead(kind string, ok bool)
}

// Metered counts what is read of the sources that next opens.
func Metered(next Opener, kind string, meter Meter) Opener {
	return &meteredOpener{next: next, kind: kind, meter: meter}
}

type meteredOpener struct {
	next  Opener
	kind  string
	meter Meter
}

func (o *meteredOpener) Open(ctx context.Context, uri recon.URI) (Source, error) {
	src, err := o.next.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	return &meteredSource{Source: src, by: o}, nil
}

// Check passes on what Registry.Check asks for.
func (o *meteredOpener) Check(uri recon.URI) error {
	if checker, ok := o.next.(interface{ Check(recon.URI) error }); ok {
		return checker.Check(uri)
	}
	return nil
}

type meteredSource struct {
	Source
	by *meteredOpener
}

func (s *meteredSource) Read(ctx context.Context, scan Scan, p Partition) (Batches, error) {
	began := time.Now()
	batches, err := s.Source.Read(ctx, scan, p)
	if err != nil {
		s.by.meter.ObserveRead(s.by.kind, false)
		return nil, err
	}
	s.by.meter.ObserveBatch(s.by.kind, 0, 0, time.Since(began))
	return &meteredBatches{Batches: batches, by: s.by}, nil
}

type meteredBatches struct {
	Batches
	by   *meteredOpener
	done bool
}

func (b *meteredBatches) Next(ctx context.Context) (arrow.RecordBatch, error) {
	began := time.Now()
	batch, err := b.Batches.Next(ctx)
	took := time.Since(began)
	if err != nil {
		b.by.meter.ObserveBatch(b.by.kind, 0, 0, took)
		if !b.done {
			b.done = true
			b.by.meter.ObserveRead(b.by.kind, errors.Is(err, io.EOF))
		}
		return nil, err
	}
	b.by.meter.ObserveBatch(b.by.kind, batch.NumRows(), batchBytes(batch), took)
	return batch, nil
}

// batchBytes is the size of a batch's values, also where it is a slice of
// larger buffers. Nested columns count with their whole buffers.
func batchBytes(batch arrow.RecordBatch) int64 {
	total := int64(0)
	for _, col := range batch.Columns() {
		n := col.Len()
		switch a := col.(type) {
		case *array.String:
			total += int64(len(a.ValueBytes())) + 4*int64(n)
		case *array.Binary:
			total += int64(len(a.ValueBytes())) + 4*int64(n)
		default:
			if t, ok := col.DataType().(arrow.FixedWidthDataType); ok {
				total += (int64(n)*int64(t.BitWidth()) + 7) / 8
				continue
			}
			total += int64(col.Data().SizeInBytes())
		}
	}
	return total
}
