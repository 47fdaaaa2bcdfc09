package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// payload is what a partition is read by, in any process that has the address.
type payload struct {
	// Table is the table as a FROM clause names it, Label as messages do.
	Table string `json:"table"`
	Label string `json:"label"`
	// Snapshot names the moment; "" when the server can't share it, and then
	// there is one partition.
	Snapshot string `json:"snapshot,omitempty"`
	// Plain is set when there can be no transaction.
	Plain bool `json:"plain,omitempty"`
	// From and To are the pages that are read, in every heap of the table; a
	// To of 0 is open, because the table may have grown after its size was
	// taken.
	From int64 `json:"from,omitempty"`
	To   int64 `json:"to,omitempty"`
	// Columns are those that the scan reads or filters.
	Columns []column `json:"columns"`
	// AnyBytes is set when texts have to be checked to be UTF-8.
	AnyBytes bool `json:"any_bytes,omitempty"`
}

// split makes the partitions. All of the table's heaps are cut at the same
// page numbers, chosen so that the shares are equal in sum: one condition on
// ctid then holds for all partitions and children of a table at once.
func (sess *session) split(scan source.Scan, want int) ([]source.Partition, error) {
	t := sess.table
	columns, err := t.scanColumns(scan)
	if err != nil {
		return nil, err
	}
	cuts := t.cuts(min(want, t.maxPartitions))
	parts := make([]source.Partition, len(cuts))
	for i, from := range cuts {
		p := payload{
			Table: t.from(), Label: t.relation.String(), Snapshot: sess.snapshot, Plain: sess.plain,
			From: from, Columns: columns, AnyBytes: t.anyBytes,
		}
		share := 1.0
		if i+1 < len(cuts) {
			p.To = cuts[i+1]
		}
		if total := t.heapPages(); total > 0 {
			end := slices.Max(t.pages)
			if p.To > 0 {
				end = p.To
			}
			share = float64(t.pagesBefore(end)-t.pagesBefore(from)) / float64(total)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("write partition %d: %w", i, err)
		}
		parts[i] = source.Partition{Index: i, Payload: raw, Rows: portion(t.rows, share), Bytes: portion(t.bytes, share), Once: sess.snapshot == ""}
	}
	return parts, nil
}

// scanColumns returns the columns that the scan reads or filters, once each,
// and checks the filters.
func (t *table) scanColumns(scan source.Scan) ([]column, error) {
	if _, _, err := conditions(scan.Filters, t.columns); err != nil {
		return nil, fmt.Errorf("table %s: %w", &t.relation, err)
	}
	names := slices.Clone(scan.Columns)
	for _, f := range scan.Filters {
		names = append(names, f.Column)
	}
	columns := []column{}
	for _, name := range names {
		c, err := t.column(name)
		if err != nil {
			return nil, recon.Input(err)
		}
		if columnNamed(columns, name) == nil {
			columns = append(columns, *c)
		}
	}
	return columns, nil
}

// cuts returns the first page of each of n shares; fewer when the table has
// too few pages for that many cuts.
func (t *table) cuts(n int) []int64 {
	cuts := []int64{0}
	total := t.heapPages()
	for i := int64(1); i < int64(n); i++ {
		goal := (total*i + int64(n) - 1) / int64(n)
		cut := int64(sort.Search(int(slices.Max(t.pages)), func(page int) bool { return t.pagesBefore(int64(page)) >= goal }))
		if cut > cuts[len(cuts)-1] {
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// pagesBefore counts the pages with a lower number, in all heaps.
func (t *table) pagesBefore(page int64) (sum int64) {
	for _, n := range t.pages {
		sum += min(n, page)
	}
	return sum
}

func portion(n int64, share float64) int64 {
	if n < 0 {
		return -1
	}
	return int64(float64(n) * share)
}
