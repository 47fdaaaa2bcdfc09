// Package upgrade holds the suite that replaces the executors of a cluster one
// after the other while jobs come in, as an upgrade does.
//
// It must not know how executors hand their work over.
package upgrade
