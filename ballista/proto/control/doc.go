// Package control is how a scheduler and its executors talk, as generated
// from control.proto.
//
// It must not know what either does with it.
package control
