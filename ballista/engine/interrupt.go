package engine

import (
	"time"

	duck "github.com/duckdb/duckdb-go-bindings"
)

// interruptEvery is how often a statement is told again to stop: DuckDB clears
// the flag when a statement begins, so a single early interrupt can be lost.
const interruptEvery = 20 * time.Millisecond

func (s *Session) interruptUntil(finished <-chan struct{}) {
	tick := time.NewTicker(interruptEvery)
	defer tick.Stop()
	for {
		duck.Interrupt(s.conn)
		select {
		case <-finished:
			return
		case <-tick.C:
		}
	}
}
