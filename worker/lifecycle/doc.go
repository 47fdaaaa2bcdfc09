// Package lifecycle starts the long-lived parts of a process in order, stops
// them in the opposite order, and looks after their goroutines.
//
// It must not know what the parts do, nor of signals and exit codes, which
// are main's.
package lifecycle
