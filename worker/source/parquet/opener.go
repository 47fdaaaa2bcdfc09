package parquet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// Config holds the tunables of a Parquet opener. The zero value means defaults.
type Config struct {
	// Allocator gives the memory of the batches. Default: the Go allocator.
	Allocator memory.Allocator
	// BatchBytes makes batches of wide rows shorter, unit: bytes, about,
	// default 16 MiB.
	BatchBytes int64
	// ReadAheadBytes is up to which size the wanted columns of a row group are
	// fetched from a remote store at once, in few reads; of larger ones, and
	// of local files, each column reads a window at a time. Unit: bytes,
	// default 64 MiB. A partition being read holds at most about this much.
	ReadAheadBytes int64
}

func (c Config) withDefaults() Config {
	if c.Allocator == nil {
		c.Allocator = memory.NewGoAllocator()
	}
	if c.BatchBytes <= 0 {
		c.BatchBytes = 16 << 20
	}
	if c.ReadAheadBytes <= 0 {
		c.ReadAheadBytes = 64 << 20
	}
	return c
}

// Opener opens Parquet sources.
type Opener struct {
	store blob.Store
	cfg   Config
}

var _ source.Opener = (*Opener)(nil)

// New returns an opener of Parquet files in store.
func New(store blob.Store, cfg Config) *Opener {
	return &Opener{store: store, cfg: cfg.withDefaults()}
}

// Open implements source.Opener. It checks the URI and touches no file.
func (o *Opener) Open(_ context.Context, uri recon.URI) (source.Source, error) {
	address, params, err := source.SplitAddress(uri)
	if err != nil {
		return nil, err
	}
	var bad []error
	for _, p := range params {
		switch {
		case p.Key != "format":
			bad = append(bad, fmt.Errorf("unknown parameter %q; a Parquet file describes itself, and the only parameter is format=parquet", p.Key))
		case !strings.EqualFold(p.Value, "parquet"):
			bad = append(bad, fmt.Errorf("parameter format: %q is not parquet", p.Value))
		}
	}
	if len(bad) > 0 {
		return nil, recon.Input(fmt.Errorf("address %s: %w", uri, errors.Join(bad...)))
	}
	return newSource(o.store, o.cfg, address), nil
}
