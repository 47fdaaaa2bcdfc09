// Package dataset makes invoices and the payments that settle them, as many as
// a benchmark wants: the same bytes for the same spec, and with counts of the
// matches that are known while the rows are made, not found by matching.
//
// It must not know how the data is reconciled, nor by whom.
package dataset
