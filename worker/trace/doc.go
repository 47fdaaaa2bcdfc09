// Package trace follows what one request or job causes: by a request id that
// goes into the log and into answers, and by spans of OpenTelemetry.
//
// It uses OpenTelemetry's API alone. Until the process installs a provider,
// nothing is recorded, and what a caller sent of a trace of its own is still
// passed on.
//
// It must not know what is traced, nor where spans go.
package trace
