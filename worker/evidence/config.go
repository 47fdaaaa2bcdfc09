package evidence

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/compress"
)

// Compression is the codec of the Parquet pages.
type Compression string

// The codecs that every common Parquet reader knows.
const (
	Snappy       Compression = "snappy"
	LZ4          Compression = "lz4"
	Zstd         Compression = "zstd"
	Uncompressed Compression = "none"
)

// DefaultRowGroupRows is the size of a row group when Config names none.
const DefaultRowGroupRows = 122_880

// rowGroupBytes ends a row group early when its encoded pages have grown so
// large, which bounds the memory of wide rows. Unit: bytes.
const rowGroupBytes = 64 << 20

// Config says whose evidence it is and how it is written.
type Config struct {
	// RunID names the run; match ids are made from it. Required.
	RunID string
	// OutputPath is the folder of the files, as the store names it: an
	// absolute local folder or s3://bucket/prefix. Required.
	OutputPath string
	// MatchedAt is the matched_at of every row. Required.
	MatchedAt time.Time
	// RowGroupRows is the largest number of rows in a row group; default
	// DefaultRowGroupRows. One row group per file is held in memory, encoded
	// and compressed, of at most about 64 MiB.
	RowGroupRows int
	// Compression of the pages; default Snappy.
	Compression Compression
	// CompositeKey says which sides' keys are JSON arrays of several columns.
	// It serves the wording of rejection_reason alone.
	CompositeKey map[Side]bool
	// Allocator of the columns that are made here; default memory.DefaultAllocator.
	Allocator memory.Allocator
}

// Side is one side of the reconciliation.
type Side string

// The two sides.
const (
	Left  Side = "left"
	Right Side = "right"
)

var codecs = map[Compression]compress.Compression{
	Snappy:       compress.Codecs.Snappy,
	LZ4:          compress.Codecs.Lz4Raw,
	Zstd:         compress.Codecs.Zstd,
	Uncompressed: compress.Codecs.Uncompressed,
}

func (c Config) withDefaults() Config {
	if c.RowGroupRows == 0 {
		c.RowGroupRows = DefaultRowGroupRows
	}
	if c.Compression == "" {
		c.Compression = Snappy
	}
	if c.Allocator == nil {
		c.Allocator = memory.DefaultAllocator
	}
	c.OutputPath = strings.TrimRight(c.OutputPath, "/")
	c.MatchedAt = c.MatchedAt.UTC()
	return c
}

func (c Config) validate() error {
	var problems []error
	if c.RunID == "" {
		problems = append(problems, errors.New("RunID is empty"))
	}
	if c.OutputPath == "" {
		problems = append(problems, errors.New("OutputPath is empty"))
	}
	if c.MatchedAt.IsZero() {
		problems = append(problems, errors.New("MatchedAt is not set"))
	}
	if c.RowGroupRows < 0 {
		problems = append(problems, fmt.Errorf("RowGroupRows is %d, want at least 1", c.RowGroupRows))
	}
	if _, ok := codecs[c.Compression]; !ok {
		problems = append(problems, fmt.Errorf("Compression %q is unknown", c.Compression))
	}
	return errors.Join(problems...)
}
