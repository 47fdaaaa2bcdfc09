package csv

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// Config holds the tunables of a CSV opener. The zero value means defaults.
type Config struct {
	// Allocator gives the memory of the batches. Default: the Go allocator.
	Allocator memory.Allocator
	// BlockBytes is the size of one read, unit: bytes, default 1 MiB. A
	// partition being read holds two blocks.
	BlockBytes int
	// MaxRecordBytes is the longest record, and so the longest field, that is
	// read, unit: bytes, default 16 MiB. A longer one is an error. It also
	// bounds what Split may have to read around a border. At most 256 MiB.
	MaxRecordBytes int
	// MinPartitionBytes is the smallest share that Split makes a partition
	// of, unit: bytes, default 1 MiB.
	MinPartitionBytes int64
	// BatchBytes ends a batch early, unit: bytes of text, default 16 MiB.
	BatchBytes int
	// WholeBytes is the size up to which types are inferred from the whole
	// data set, unit: bytes, default 8 MiB; of a larger one about as much is
	// sampled.
	WholeBytes int64
}

func (c Config) withDefaults() Config {
	if c.Allocator == nil {
		c.Allocator = memory.NewGoAllocator()
	}
	c.BlockBytes = orDefault(c.BlockBytes, 1<<20)
	c.MaxRecordBytes = min(orDefault(c.MaxRecordBytes, 16<<20), 256<<20)
	c.MinPartitionBytes = orDefault(c.MinPartitionBytes, 1<<20)
	c.BatchBytes = orDefault(c.BatchBytes, 16<<20)
	c.WholeBytes = orDefault(c.WholeBytes, 8<<20)
	return c
}

func orDefault[T int | int64](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// Opener opens CSV sources.
type Opener struct {
	store blob.Store
	cfg   Config
}

var _ source.Opener = (*Opener)(nil)

// New returns an opener of CSV files in store.
func New(store blob.Store, cfg Config) *Opener {
	return &Opener{store: store, cfg: cfg.withDefaults()}
}

// Open implements source.Opener. It checks the URI and touches no file.
func (o *Opener) Open(_ context.Context, uri recon.URI) (source.Source, error) {
	address, opts, err := parseOptions(uri)
	if err != nil {
		return nil, err
	}
	return newSource(o.store, o.cfg, address, opts), nil
}
