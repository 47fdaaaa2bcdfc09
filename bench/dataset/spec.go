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
	// Pattern is how invoices and payments belong together. Default OneToOne.
	Pattern Pattern `json:"pattern,omitempty"`
	// Extra is how many further text columns each side has, 0 to 99.
	Extra int `json:"extra,omitempty"`
	// LeftRows is the number of invoices, 1 to 50,000,000.
	LeftRows int64 `json:"left_rows"`
	// RightRows is the number of payments, 0 to what the pattern has of them.
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
	if most, known := s.mostRight(); !known {
		problems = append(problems, fmt.Errorf("pattern %q is unknown", s.Pattern))
	} else if s.RightRows < 0 || s.RightRows > most {
		problems = append(problems, fmt.Errorf("right_rows %d: want 0 to %d", s.RightRows, most))
	}
	if s.Extra < 0 || s.Extra > 99 {
		problems = append(problems, fmt.Errorf("extra %d: want 0 to 99", s.Extra))
	}
	return errors.Join(problems...)
}

// name is the folder of a spec's data. It changes with the generator, so that
// data of an older one is not taken for this one's.
func (s Spec) name() string {
	kind := ""
	if s.Pattern != "" && s.Pattern != OneToOne {
		kind += "-" + string(s.Pattern)
	}
	if s.Extra > 0 {
		kind += fmt.Sprintf("-extra%d", s.Extra)
	}
	return fmt.Sprintf("invoices-v%d-%s%s-%dx%d-seed%d", generator, s.Format, kind, s.LeftRows, s.RightRows, s.Seed)
}

// generator is the version of what the rows look like.
const generator = 1
