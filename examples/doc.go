// Package examples holds no code: its tests run every example job through the
// kallad binary and hold the outcome to what the examples' pages promise.
//
// They must not know kallad from the inside.
package examples
