package journal

import (
	"errors"
	"fmt"
	"time"
)

// Config tunes a journal.
type Config struct {
	// SegmentBytes is the size from which on a segment is followed by another.
	// Default 4 MiB.
	SegmentBytes int64
	// CompactBytes is how much overwritten data there must be at least, and
	// more than there is live data, for the log to be written anew. Default
	// 1 MiB.
	CompactBytes int64
	// CompactEvery is how long overwritten data stays on disk at most, however
	// little there is: it may be secret. Default 1 h.
	CompactEvery time.Duration
	// MaxSegments is how many segments there are before the log is written
	// anew. Default 16.
	MaxSegments int
	// Retry is the wait between two attempts to write what could not be
	// written. Default 1 s.
	Retry time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{SegmentBytes: 4 << 20, CompactBytes: 1 << 20, CompactEvery: time.Hour, MaxSegments: 16, Retry: time.Second}
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var errs []error
	if c.SegmentBytes < 1 || c.CompactBytes < 1 {
		errs = append(errs, fmt.Errorf("journal: segments of %d bytes, rewritten from %d bytes on: want more than 0", c.SegmentBytes, c.CompactBytes))
	}
	if c.CompactEvery <= 0 || c.Retry <= 0 {
		errs = append(errs, fmt.Errorf("journal: rewritten every %s, retried after %s: want more than 0", c.CompactEvery, c.Retry))
	}
	if c.MaxSegments < 2 {
		errs = append(errs, fmt.Errorf("journal: %d segments: want at least 2", c.MaxSegments))
	}
	return errors.Join(errs...)
}
