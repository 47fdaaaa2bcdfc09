//go:build !linux

package main

// prepareProcess does nothing here.
func prepareProcess() {}
