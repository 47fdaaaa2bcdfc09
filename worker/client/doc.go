// Package client talks to a scheduler's HTTP interface as its users do: it
// posts a job, follows it to its end through cut connections, and cancels it.
//
// It must not know who asks, nor where settings come from.
package client
