// Package shuffle keeps what tasks write until other tasks have read it: it
// scatters rows into partitions, holds them in memory or on disk, and hands
// them out again, in this process or over Arrow Flight.
//
// What one attempt at a task writes is an output. It has a piece per
// partition, and each piece is a sequence of blocks. A block is one record
// batch in the encapsulated form of Arrow's IPC format, with a checksum beside
// it. Its bytes are the same in memory, on disk and on the wire.
//
// It must not know what SQL is, who schedules tasks, or why a row belongs to
// a partition.
package shuffle
