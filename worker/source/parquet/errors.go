package parquet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

var (
	// errSourceClosed is the end of streams whose source was closed.
	errSourceClosed = errors.New("the source is closed")
	// errClosed is the end of a stream that was closed.
	errClosed = errors.New("the stream is closed")
)

// readError is a fault in getting at a file.
func readError(uri string, err error) error {
	err = fmt.Errorf("read %s: %w", recon.RedactURL(uri), err)
	if blob.IsInput(err) {
		return recon.Input(err)
	}
	return err
}

// contentError is a fault in what a file holds.
func contentError(uri, format string, args ...any) error {
	return recon.Input(fmt.Errorf("read %s: %w", recon.RedactURL(uri), fmt.Errorf(format, args...)))
}

// guard turns a panic of the Parquet library, which it answers some broken
// files with, into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is broken: %v", p)
		}
	}()
	return f()
}

// unknownColumn is a wanted column that is not there.
func unknownColumn(address, name string, columns []column) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return recon.Input(fmt.Errorf("%s has no column %q; it has %s", recon.RedactURL(address), name, strings.Join(names, ", ")))
}

// stopped reports whether err only says that ctx is over.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}
