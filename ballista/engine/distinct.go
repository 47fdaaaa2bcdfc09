package engine

import (
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
)

// Distinct finds out, while a table is loaded, whether no two of its rows have
// the same values in some columns, rows with a null in one of them left out.
// Same is what DuckDB's equality says.
//
// It keeps a hash of 64 bits for each row. Where no two hashes are alike, no two
// rows are; that is all it can prove, and it is what nearly every table's key
// turns out to be. Where two hashes are alike, it says nothing, and a statement
// has to look at the values. That takes DuckDB a hash table of all of them, many
// times as large and out of its cache.
//
// Hashes are gathered in blocks, and each block is sorted by its hashes' first
// eight bits. What is alike is then looked for in one two hundred and fifty-sixth
// of all hashes at a time, which fits into a processor's cache.
type Distinct struct {
	columns []string

	mu     sync.Mutex
	blocks []*hashBlock
	// room is how many bytes the blocks may still take.
	room int64
	// seen counts the rows that were looked at.
	seen int64
	// over says that nothing will be proven, or that it is settled.
	over   atomic.Bool
	proven bool
}

// NewDistinct returns a Distinct for one CreateTable, by the columns' names.
func NewDistinct(columns ...string) *Distinct { return &Distinct{columns: columns} }

// Proven reports, once the table is loaded, whether its rows are known to be
// distinct. Too many rows for the memory that there is, and columns of types
// whose values can be equal without being the same bytes, leave it unknown.
func (d *Distinct) Proven() bool { return d.proven }

// distinctShare is the part of a session's memory limit that hashes may take
// beside it, while a table is loaded: joins and counts, for which the limit is
// made, have not begun.
const distinctShare = 16

// gatherer returns what one thread of the scan needs; nil where nothing can be
// proven.
func (d *Distinct) gatherer(schema *arrow.Schema) *gatherer {
	if d == nil || len(d.columns) == 0 {
		return nil
	}
	g := &gatherer{to: d}
	for _, name := range d.columns {
		at := schema.FieldIndices(name)
		if len(at) != 1 {
			return nil
		}
		hash := hasherOf(schema.Field(at[0]).Type)
		if hash == nil {
			return nil
		}
		g.columns, g.hashers = append(g.columns, at[0]), append(g.hashers, hash)
	}
	return g
}

// keep takes over the hashes of some rows, of which it makes a copy.
func (d *Distinct) keep(hashes []uint64, rows int64) {
	d.mu.Lock()
	d.seen += rows
	d.room -= int64(8 * len(hashes))
	if d.room < 0 {
		d.over.Store(true)
	}
	d.mu.Unlock()
	if d.over.Load() || len(hashes) == 0 {
		return
	}
	block, err := newHashBlock(hashes)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil: // no memory: nothing is proven
		d.over.Store(true)
	case d.over.Load():
		block.free()
	default:
		d.blocks = append(d.blocks, block)
	}
}

// settle decides, when a table of so many rows is loaded, and lets go of the
// hashes.
func (d *Distinct) settle(rows int64, threads int) {
	if d == nil {
		return
	}
	d.mu.Lock()
	whole := !d.over.Load() && d.seen == rows
	d.mu.Unlock()
	d.proven = whole && !d.doubled(threads)
	d.drop()
}

// drop lets go of the hashes.
func (d *Distinct) drop() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over.Store(true)
	for _, b := range d.blocks {
		b.free()
	}
	d.blocks = nil
}

// doubled reports whether two hashes are alike.
func (d *Distinct) doubled(threads int) bool {
	var next atomic.Int32
	var found atomic.Bool
	var workers sync.WaitGroup
	for range min(threads, len(d.blocks)) {
		workers.Go(func() {
			var s hashSet
			for share := int(next.Add(1)) - 1; share < hashShares && !found.Load(); share = int(next.Add(1)) - 1 {
				if s.doubled(d.blocks, share) {
					found.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return found.Load()
}
