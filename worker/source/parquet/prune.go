package parquet

import (
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"kallad/worker/source/filter"
)

// units lists the row groups that have rows and may have wanted ones.
func (p *scanPlan) units(set *dataSet) ([]unit, error) {
	var out []unit
	for _, f := range set.files {
		for g := range f.meta.NumRowGroups() {
			u := unit{file: f, group: g, rows: f.rows(g)}
			if u.rows == 0 || (p.filter != nil && !p.mayMatch(f, g)) {
				continue
			}
			size, err := f.projected(g, p.read)
			if err != nil {
				return nil, err
			}
			u.bytes = size
			out = append(out, u)
		}
	}
	return out, nil
}

// projected is the size of some columns in a row group, in bytes of the file.
func (f *footer) projected(group int, names []string) (size int64, err error) {
	meta := f.meta.RowGroup(group)
	for _, name := range names {
		for _, leaf := range f.columns[find(f.columns, name)].leaves {
			chunk, err := meta.ColumnChunk(leaf)
			if err != nil {
				return 0, contentError(f.id.URI, "row group %d, column %q: %w", group, name, err)
			}
			size += chunk.TotalCompressedSize()
		}
	}
	return size, nil
}

// mayMatch asks the filters about a row group's statistics. Statistics that
// cannot be read rule nothing out.
func (p *scanPlan) mayMatch(f *footer, group int) (may bool) {
	err := guard(func() error {
		meta := f.meta.RowGroup(group)
		may = p.filter.MayMatch(func(name string) (filter.Range, bool) {
			c := f.columns[find(f.columns, name)]
			if len(c.leaves) != 1 || c.int96 {
				return filter.Range{}, false
			}
			chunk, err := meta.ColumnChunk(c.leaves[0])
			if err != nil {
				return filter.Range{}, false
			}
			stats, err := chunk.Statistics()
			if err != nil || stats == nil {
				return filter.Range{}, false
			}
			r := rangeOf(c.typ, stats, meta.NumRows())
			if !f.bothBounds(group, c.leaves[0]) {
				r.Min, r.Max = nil, nil
			}
			return r, true
		})
		return nil
	})
	return may || err != nil
}

// bothBounds reports whether a column chunk has two bounds that can be
// trusted: the library makes up the second of a lonely one, and the bounds of
// the format's early days do not say how bytes were ordered.
func (f *footer) bothBounds(group, leaf int) bool {
	stats := f.meta.RowGroups[group].Columns[leaf].GetMetaData().GetStatistics()
	if f.meta.Schema.Column(leaf).ColumnOrder() == pq.ColumnOrders.TypeDefinedOrder {
		return stats.IsSetMinValue() && stats.IsSetMaxValue()
	}
	switch f.meta.Schema.Column(leaf).PhysicalType() {
	case pq.Types.ByteArray, pq.Types.FixedLenByteArray:
		return false
	}
	return stats.IsSetMin() && stats.IsSetMax()
}

// rangeOf translates a column chunk's statistics. Bounds of floats are left
// out: they say nothing about NaN, which is greater than any other number.
func rangeOf(t arrow.DataType, stats metadata.TypedStatistics, rows int64) filter.Range {
	r := filter.Range{Nulls: -1, Rows: rows}
	if stats.HasNullCount() {
		r.Nulls = stats.NullCount()
	}
	if !stats.HasMinMax() {
		return r
	}
	switch s := stats.(type) {
	case *metadata.BooleanStatistics:
		r.Min, r.Max = s.Min(), s.Max()
	case *metadata.Int32Statistics:
		r.Min, r.Max = whole32(t, s.Min()), whole32(t, s.Max())
	case *metadata.Int64Statistics:
		r.Min, r.Max = whole64(t, s.Min()), whole64(t, s.Max())
	case *metadata.ByteArrayStatistics:
		r.Min, r.Max = byteBound(t, s.Min()), byteBound(t, s.Max())
	case *metadata.FixedLenByteArrayStatistics:
		r.Min, r.Max = byteBound(t, pq.ByteArray(s.Min())), byteBound(t, pq.ByteArray(s.Max()))
	}
	return r
}

func whole32(t arrow.DataType, v int32) any {
	if arrow.IsUnsignedInteger(t.ID()) {
		return uint64(uint32(v))
	}
	return int64(v)
}

func whole64(t arrow.DataType, v int64) any {
	if arrow.IsUnsignedInteger(t.ID()) {
		return uint64(v)
	}
	return v
}

// byteBound returns bytes as what they stand for: a decimal in two's
// complement, big endian, or themselves.
func byteBound(t arrow.DataType, v []byte) any {
	switch t.ID() {
	case arrow.STRING, arrow.EXTENSION:
		return []byte(v)
	case arrow.DECIMAL128:
	default:
		return nil
	}
	if len(v) == 0 {
		return nil
	}
	n := new(big.Int).SetBytes(v)
	if v[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(v))*8))
	}
	return n
}
