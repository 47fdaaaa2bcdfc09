package shuffle

import "sync/atomic"

// Counters are what a store and its clients count. They only grow and may be
// read at any time; Store.Usage has what is kept now.
type Counters struct {
	// Written is what writers made, in memory or on disk, and Spilled the part
	// of it that went to disk. Unit: bytes, as they are kept.
	Written, Spilled atomic.Int64
	// ReadLocal and ReadRemote are what readers of this process read, of its
	// own store and of others. Unit: bytes.
	ReadLocal, ReadRemote atomic.Int64
	// Served is what others read of this store. Unit: bytes.
	Served atomic.Int64
	// Lost counts the readers of this process that ended in a LostError.
	Lost atomic.Int64
	// Retries counts the times that a remote piece was asked for again after a
	// connection had failed.
	Retries atomic.Int64
}
