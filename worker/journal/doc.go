// Package journal keeps the latest value of each key on disk, so that it
// survives the death of the process and of the machine. It is a log: each
// change is appended, checksummed and synced, and what was overwritten is
// cleared away by writing the log anew.
//
// It must not know what keys and values mean.
//
// # Files
//
// A journal is a folder of segments, and of a lock that the kernel lets go when
// its process dies. A segment's name is its number, a marker of eight random
// bytes in hexadecimal, and what it is:
//
//	00000007-1f0c9a3be45d7721.log    changes, in the order in which they were made
//	00000006-88d1c06a5f3e2b90.base   what all segments of lower numbers amounted to
//	damaged-...                      a segment with unreadable parts, kept for people
//
// A segment begins with a line that says what it is. Then come frames: the
// marker, the payload's length, a CRC-32C of length and payload, the payload.
// The marker is where reading goes on behind a damaged part; being random, no
// value can hold a forged frame. It is in the name, so that no part of the file
// has to be whole for the rest to be read.
//
// # Invariants
//
//  1. A change that was reported as done is in a frame that was synced, in a
//     file whose name was synced.
//  2. A change that was reported as failed is in no frame: the file is cut back
//     before anything else is written to it.
//  3. A segment is never written to again once a segment of a higher number
//     exists; so only the end of the highest may be torn, and that is cut.
//  4. A base takes effect by a rename, as a whole, and then the segments below
//     it count no more, whether they are still there or not.
//  5. A change is written as soon as it is submitted, also while a sync is under
//     way: the death of the process alone, which leaves the machine's memory of
//     the file behind, loses what was submitted in the last moment and no more.
//  6. For one key, the change that was asked for last wins, also when an earlier
//     one failed at first and was tried again.
package journal
