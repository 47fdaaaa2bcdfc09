package callback

import (
	"errors"
	"fmt"
	"time"
)

// Config tunes when callbacks are sent.
type Config struct {
	// ProgressInterval is the least time between two progress callbacks of the
	// same stage. Default 500 ms; 0 sends every observation that the caller is
	// quick enough for.
	ProgressInterval time.Duration
	// Grace is the time between the moment the answer to a job's POST was
	// written and the job's first callback, in which the caller stores the
	// job. Default 250 ms.
	Grace time.Duration
	// RequestTimeout bounds one request, connecting included. Default 10 s.
	RequestTimeout time.Duration
	// FinalTimeout bounds the delivery of a final callback with all of its
	// attempts. Default 10 min.
	FinalTimeout time.Duration
	// BackoffFirst is the wait after the first failed attempt of a final
	// callback; each further wait is twice as long. A wait is shortened by up
	// to half at random. Default 500 ms.
	BackoffFirst time.Duration
	// BackoffMax bounds that wait. Default 30 s.
	BackoffMax time.Duration
	// RetryAfterMax bounds the wait that a caller may ask for with a
	// Retry-After header. Default 1 min.
	RetryAfterMax time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		ProgressInterval: 500 * time.Millisecond,
		Grace:            250 * time.Millisecond,
		RequestTimeout:   10 * time.Second,
		FinalTimeout:     10 * time.Minute,
		BackoffFirst:     500 * time.Millisecond,
		BackoffMax:       30 * time.Second,
		RetryAfterMax:    time.Minute,
	}
}

// Validate reports every setting that cannot work.
func (c Config) Validate() error {
	var errs []error
	atLeast := func(name string, d, least time.Duration) {
		if d < least {
			errs = append(errs, fmt.Errorf("callback %s: %v is less than %v", name, d, least))
		}
	}
	atLeast("progress interval", c.ProgressInterval, 0)
	atLeast("grace", c.Grace, 0)
	atLeast("request timeout", c.RequestTimeout, time.Millisecond)
	atLeast("final timeout", c.FinalTimeout, time.Millisecond)
	atLeast("first backoff", c.BackoffFirst, time.Millisecond)
	atLeast("largest backoff", c.BackoffMax, c.BackoffFirst)
	atLeast("largest retry-after", c.RetryAfterMax, 0)
	return errors.Join(errs...)
}
