// Package source says what a source of rows is: it can be described, split
// into partitions that any process can read alone, and read as Arrow batches.
//
// It must not know what the rows are for, nor who runs the query over them.
package source

import (
	"context"
	"encoding/json"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/recon"
)

// Source is one opened data set. All methods are safe for concurrent use.
type Source interface {
	// Describe looks at the data set and says what it holds. It may read a
	// sample, never the whole of a large data set.
	// Errors that the caller can mend are recon.InputError.
	Describe(ctx context.Context) (*Description, error)

	// Split divides the rows that scan asks for into at most want partitions
	// (want >= 1), and at least one, so that each row is in exactly one. A
	// partition that turns out empty is fine. All partitions of one Split
	// show one moment of the data: whatever holds that moment (a database
	// snapshot, a file's version) stays until Close of this Source.
	Split(ctx context.Context, scan Scan, want int) ([]Partition, error)

	// Read streams one partition, made by Split of this Source or of another
	// process's Source on the same URI, with the same scan.
	Read(ctx context.Context, scan Scan, p Partition) (Batches, error)

	// Close releases what the source holds. Batches still open fail after it.
	Close() error
}

// Description is what a source says of itself.
type Description struct {
	// Schema has every column, in the source's order, with its exact type.
	// Names are unique, also when letter case is ignored.
	Schema *arrow.Schema
	// Rows and Bytes are estimates for the whole data set; -1 when unknown.
	Rows, Bytes int64
	// MaxPartitions is how far Split can go; 1 for what has to be read whole.
	MaxPartitions int
	// Unique are sets of columns by which rows can be told apart: no two rows
	// of what the partitions show have the same values in all columns of a
	// set, leaving out rows with a null in one of them. Equal is what the
	// schema's types call equal, texts byte by byte. A source names a set only
	// where something that it trusts keeps it so for the very moment that it
	// shows, such as a database's index; no set says nothing.
	Unique [][]string
	// Notes are facts that a user should know, such as why a source can't be
	// split, or how a type is carried.
	Notes []string
}

// Scan is what a reader wants of a source.
type Scan struct {
	// Columns are the wanted columns, by their exact names in the schema, in
	// the order wanted. Empty means none: the batches then have a row count
	// and no columns.
	Columns []string `json:"columns"`
	// Filters all have to hold. They may name columns that are not wanted.
	Filters []recon.FilterCondition `json:"filters,omitempty"`
	// BatchRows is the largest number of rows in a batch, unit: rows,
	// default 8192 when 0.
	BatchRows int `json:"batch_rows,omitempty"`
}

// DefaultBatchRows is the batch size when a Scan names none.
const DefaultBatchRows = 8192

// Rows returns the batch size to use.
func (s Scan) Rows() int {
	if s.BatchRows <= 0 {
		return DefaultBatchRows
	}
	return s.BatchRows
}

// Partition is one share of a source: plain data that can travel to another
// process. It holds no credentials.
type Partition struct {
	// Index counts from 0.
	Index int `json:"index"`
	// Payload is the source's own, such as a byte range and the column types.
	Payload json.RawMessage `json:"payload"`
	// Rows and Bytes are estimates; -1 when unknown.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Once says that nothing holds the moment that the partition shows: who
	// reads it a second time may find other rows. Then it is the only
	// partition.
	Once bool `json:"once,omitempty"`
}

// Batches is a stream of one partition's rows. It is used by one goroutine at
// a time.
type Batches interface {
	// Next returns the next batch, or io.EOF after the last. The columns are
	// those of Scan.Columns, in that order. The receiver releases the batch.
	// Errors that the caller can mend are recon.InputError and say what is
	// wrong and where.
	Next(ctx context.Context) (arrow.RecordBatch, error)
	// Close releases the stream, also in mid-stream, without waiting for the
	// rest. It may be called more than once.
	Close() error
}
