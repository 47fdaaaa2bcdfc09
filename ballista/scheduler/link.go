package scheduler

import "kallad/ballista/proto/control"

// link takes the orders for an executor. Neither method blocks.
type link interface {
	Put(order *control.Order)
	// Close ends the connection.
	Close()
}

// inProcess is the link to this process's own worker.
type inProcess struct{ worker Worker }

// Put implements link.
func (l inProcess) Put(order *control.Order) { l.worker.Do(order) }

// Close implements link.
func (l inProcess) Close() {}
