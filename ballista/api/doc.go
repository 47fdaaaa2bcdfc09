// Package api is kallad's HTTP interface: it turns requests into calls of the
// runner, and what comes back into answers, every error an RFC 9457 problem
// document.
//
// It must not know how a job is queued or run, nor where settings come from.
package api
