// Package postgres reads tables, views and everything else that a Postgres
// server can SELECT from: it describes a table with exact types, splits it by
// ranges of its pages under one exported snapshot, and decodes the server's
// binary rows straight into Arrow columns.
//
// It must not know what the rows are for. SQL is written here and never taken
// from a caller: names are quoted, values travel as parameters.
//
// # Types
//
// A type is carried by the nearest Arrow type that holds each of its values
// exactly; a value that such a type cannot hold is an error that names it.
//
//   - numeric(p,s) up to 38 digits: decimal(p,s); any other numeric by the rule
//     at the type probe.
//   - smallint, integer, bigint, oid, real, double precision, boolean, date,
//     time, timestamp, bytea: the same in Arrow, times in microseconds.
//     timestamptz: a timestamp in UTC. interval: months, days, nanoseconds.
//   - The infinities of date and timestamp are the greatest number and its
//     negative, which is how DuckDB holds them.
//   - uuid: Arrow's extension type arrow.uuid.
//   - text, varchar, name, enums, json, jsonb: text. char(n): text with its
//     padding, as the server sends it. A domain: as its base type.
//   - An array of these: a list; a value with several dimensions is an error.
//   - All else: the server's text form, with DateStyle ISO, the time zone UTC
//     and IntervalStyle postgres. types=column:text in the address asks for it.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"kallad/worker/reach"
	"kallad/worker/recon"
	"kallad/worker/source"
)

// Config has the reader's settings. The zero value has all the defaults.
type Config struct {
	// ApplicationName is how connections show in pg_stat_activity, unless the
	// address or the environment of libpq names another. Default "kallad".
	ApplicationName string
	// Reach says which servers may be connected to. The zero value lets every
	// server but what is at the address of a machine's metadata.
	Reach reach.Rules
	// Local lets addresses use what is on this machine: files with passwords,
	// keys and certificates, services, Unix sockets, and the password in the
	// environment of libpq or in ~/.pgpass.
	Local bool
	// ConnectTimeout bounds one attempt to connect, unless the address has a
	// connect_timeout. Default 10 s.
	ConnectTimeout time.Duration
	// StatementTimeout bounds each statement on the server, unless the address
	// has a statement_timeout. Default 0: what the server or the role says.
	StatementTimeout time.Duration
	// LockTimeout bounds the wait for a table that somebody else has locked, or
	// is waiting to lock while it is read. A lock_timeout in the address holds
	// in its place for the first of the two. Default 30 s.
	LockTimeout time.Duration
	// MaxFieldBytes is the largest value that is read, unit: bytes. A larger
	// one is an error. Default 256 MiB, at most 1 GiB.
	MaxFieldBytes int
	// BatchBytes ends a batch before Scan.BatchRows once the rows in it have
	// been that long on the wire, unit: bytes. Default 64 MiB, at most 512 MiB.
	BatchBytes int
	// PartitionPages is the least number of pages of a table, 8 KiB each, that
	// make a partition of their own. Default 128.
	PartitionPages int64
	// ProbeRows is the greatest estimated number of rows at which a numeric
	// column without a scale is looked through to find the decimal type that
	// holds it exactly; beyond it such a column is carried as text. Views and
	// foreign tables, of which no good estimate exists, are always looked
	// through. Default 10,000,000.
	ProbeRows int64
	// Allocator is where the batches' memory comes from. Default Go's own.
	Allocator memory.Allocator
}

// The limits that keep a batch's 32-bit offsets from overflowing.
const (
	limitFieldBytes = 1 << 30
	limitBatchBytes = 512 << 20
)

// Validate reports every setting that cannot be.
func (c Config) Validate() error {
	var errs []error
	if c.MaxFieldBytes < 0 || c.MaxFieldBytes > limitFieldBytes {
		errs = append(errs, errors.New("MaxFieldBytes must be between 0 and 1 GiB"))
	}
	if c.BatchBytes < 0 || c.BatchBytes > limitBatchBytes {
		errs = append(errs, errors.New("BatchBytes must be between 0 and 512 MiB"))
	}
	if c.ConnectTimeout < 0 || c.StatementTimeout < 0 || c.LockTimeout < 0 {
		errs = append(errs, errors.New("timeouts must not be negative"))
	}
	if c.PartitionPages < 0 || c.ProbeRows < 0 {
		errs = append(errs, errors.New("PartitionPages and ProbeRows must not be negative"))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	set(&c.ApplicationName, "kallad")
	set(&c.ConnectTimeout, 10*time.Second)
	set(&c.LockTimeout, 30*time.Second)
	set(&c.MaxFieldBytes, 256<<20)
	set(&c.BatchBytes, 64<<20)
	set(&c.PartitionPages, 128)
	set(&c.ProbeRows, 10_000_000)
	if c.Allocator == nil {
		c.Allocator = memory.DefaultAllocator
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Opener opens Postgres tables; register it for the schemes "postgres" and
// "postgresql". It may be used concurrently.
type Opener struct {
	cfg Config
}

// New returns an opener with the given settings. Settings that Validate
// refuses make every Open fail.
func New(cfg Config) *Opener {
	return &Opener{cfg: cfg}
}

// Check reports what is wrong with an address as far as can be told without
// connecting. The error is an input error.
func (o *Opener) Check(uri recon.URI) error {
	_, err := parseAddress(uri, o.cfg.withDefaults())
	return recon.Input(err)
}

// Open checks the address; it connects to nothing yet.
func (o *Opener) Open(_ context.Context, uri recon.URI) (source.Source, error) {
	if err := o.cfg.Validate(); err != nil {
		return nil, fmt.Errorf("open %s: %w", uri, err)
	}
	cfg := o.cfg.withDefaults()
	addr, err := parseAddress(uri, cfg)
	if err != nil {
		return nil, recon.Input(err)
	}
	return &Source{cfg: cfg, addr: addr, open: map[*stream]struct{}{}}, nil
}
