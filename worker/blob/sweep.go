package blob

import (
	"context"
	"time"
)

// Sweeper is a Store that can clear away what a process left behind that was
// killed while it wrote.
type Sweeper interface {
	// Sweep removes unfinished writes of one object that were begun between
	// two moments and whose writers are no more, as far as the store can tell.
	// That there is none is no error.
	Sweep(ctx context.Context, uri string, from, until time.Time) error
}
