package journal

import "time"

// Meter counts what a journal does. Implementations are safe for concurrent
// use.
type Meter interface {
	// ObserveSync is called after each attempt to write changes and sync them.
	ObserveSync(changes int, ok bool, took time.Duration)
	// ObserveSize tells the size of the log, the keys in it and the size of
	// their latest values, in bytes.
	ObserveSize(total, live int64, keys int)
	// ObserveCompaction is called when the log was written anew, or that failed.
	ObserveCompaction(ok bool, took time.Duration)
	// ObserveLoss is called when the journal was opened and parts of it could
	// not be read: bytes in the middle of it, or at its end.
	ObserveLoss(damaged, tail int64)
}
