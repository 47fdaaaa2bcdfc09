package dataset

import (
	"errors"
	"fmt"
)

// Format is the form of the files.
type Format string

// The formats that Make writes.
const (
	CSV     Format = "csv"
	Parquet Format = "parquet"
)

// Spec says which data to make. Equal specs make equal bytes.
type Spec struct {
	// Format of both files.
	Format Format `json:"format"`
	// LeftRows is the number of invoices, 1 to 50,000,000.
	LeftRows int64 `json:"left_rows"`
	// RightRows is the number of payments, 0 to LeftRows: each pays for
	// another invoice, or for one that does not exist.
	RightRows int64 `json:"right_rows"`
	// Seed chooses among all data sets of this size.
	Seed uint64 `json:"seed"`
}

// maxRows keeps the numbers within ids, whose digits are nine, and leaves as
// many for invoices that do not exist.
const maxRows = 50_000_000

// Validate reports everything that is wrong with the spec.
func (s Spec) Validate() error {
	var problems []error
	if s.Format != CSV && s.Format != Parquet {
		problems = append(problems, fmt.Errorf("format %q: want %s or %s", s.Format, CSV, Parquet))
	}
	if s.LeftRows < 1 || s.LeftRows > maxRows {
		problems = append(problems, fmt.Errorf("left_rows %d: want 1 to %d", s.LeftRows, maxRows))
	}
	if s.RightRows < 0 || s.RightRows > s.LeftRows {
		problems = append(problems, fmt.Errorf("right_rows %d: want 0 to left_rows", s.RightRows))
	}
	return errors.Join(problems...)
}

// name is the folder of a spec's data. It changes with the generator, so that
// data of an older one is not taken for this one's.
func (s Spec) name() string {
	return fmt.Sprintf("invoices-v%d-%s-%dx%d-seed%d", generator, s.Format, s.LeftRows, s.RightRows, s.Seed)
}

// generator is the version of what the rows look like.
const generator = 1
