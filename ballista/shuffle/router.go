package shuffle

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// router holds the batches that a writer has collected, and for each the
// order of its rows by partition.
type router struct {
	partitions int
	batches    []routed
	rows       int
	// at is where the next row of each partition goes.
	at []int32
	// spare are orders to be used again.
	spare [][]int32
}

// routed is a batch with the order of its rows.
type routed struct {
	batch arrow.RecordBatch
	rows  int
	// order has the batch's rows, those of partition 0 first. It is nil when
	// there is one partition: the rows are in order then.
	order []int32
	// ends says for each partition where its rows end in order.
	ends []int32
}

func (r *router) add(batch arrow.RecordBatch) error {
	n := int(batch.NumRows())
	entry := routed{batch: batch, rows: n, ends: []int32{int32(n)}}
	if r.partitions > 1 {
		column := batch.Column(0).(*array.Int32)
		if column.NullN() > 0 {
			return fmt.Errorf("internal error: %d rows without a partition", column.NullN())
		}
		if err := r.route(&entry, column.Int32Values()); err != nil {
			return err
		}
	}
	batch.Retain()
	r.batches = append(r.batches, entry)
	r.rows += n
	return nil
}

// route sorts a batch's rows by partition, by counting.
func (r *router) route(entry *routed, to []int32) error {
	ends := make([]int32, r.partitions)
	for _, p := range to {
		if uint32(p) >= uint32(len(ends)) {
			return fmt.Errorf("internal error: a row for partition %d of %d", p, r.partitions)
		}
		ends[p]++
	}
	if r.at == nil {
		r.at = make([]int32, r.partitions)
	}
	sum := int32(0)
	for p, n := range ends {
		r.at[p] = sum
		sum += n
		ends[p] = sum
	}
	order := r.spareOrder(len(to))
	at := r.at
	for i, p := range to {
		order[at[p]] = int32(i)
		at[p]++
	}
	entry.order, entry.ends = order, ends
	return nil
}

func (r *router) spareOrder(n int) []int32 {
	if last := len(r.spare) - 1; last >= 0 {
		order := r.spare[last]
		r.spare = r.spare[:last]
		if cap(order) >= n {
			return order[:n]
		}
	}
	return make([]int32, n)
}

// reset lets go of the batches.
func (r *router) reset() {
	for i := range r.batches {
		r.batches[i].batch.Release()
		if r.batches[i].order != nil {
			r.spare = append(r.spare, r.batches[i].order)
		}
		r.batches[i] = routed{}
	}
	r.batches, r.rows = r.batches[:0], 0
}

// part returns where the rows of a partition lie in the order.
func (e *routed) part(partition int) (from, to int) {
	if partition > 0 {
		from = int(e.ends[partition-1])
	}
	return from, int(e.ends[partition])
}
