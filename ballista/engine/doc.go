// Package engine is the SQL kernel: DuckDB sessions that take Arrow batches
// in, run SQL within limits, and stream Arrow batches out.
//
// It is the only room with cgo. It must not know what the SQL is for, where
// the batches come from, or that there is more than one process.
package engine
