// Package cell binds and runs what strangers wrote in a process of its own,
// which can be ended whatever it is doing.
//
// A query cannot be interrupted everywhere: not while it is bound, nor within
// one call of a function over one vector, which may take hours or all of the
// machine's memory; and a bug of the engine's may end the process that it runs
// in. Nothing of that reaches the process that accepts jobs and tells their
// callers: it sees a query that failed.
//
// Requests go to a cell's standard input, what it has to say comes out of a
// pipe, both in frames. A cell serves one query at a time, and any number of
// them one after the other; each has sessions of its own.
//
// It must not know what sessions are made of or where sources are: the process
// of a cell is told by its Host.
package cell
