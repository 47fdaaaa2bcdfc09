// Package client runs SELECTs over sources: in this process, on executors, or
// in a scheduler that is somewhere else. Whichever it is, a query comes back as
// Rows: a stream of batches with its progress, that can be cancelled.
//
// It must not know what a query is for, nor how its stages are run.
package client
