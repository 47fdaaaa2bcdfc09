package callback

import (
	"sync"

	"kallad/worker/recon"
)

// mailbox is what a job has to tell and the sender has not sent yet. It holds
// at most one observation for each stage, the latest, and the end; putting
// something in never waits.
//
// It also makes progress monotonic: stages do not go back, the fraction and
// the counts do not go down, and a count that was known stays known.
type mailbox struct {
	mu      sync.Mutex
	last    recon.Progress
	pending []recon.Progress
	final   *Delivery
	closed  bool
	// wake holds a token whenever something was put in since it was last taken.
	wake chan struct{}
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// stageOrder numbers the stages that have progress, from 1.
func stageOrder(s recon.Stage) int {
	switch s {
	case recon.StageStaging:
		return 1
	case recon.StageMatching:
		return 2
	case recon.StageWritingResults:
		return 3
	}
	return 0
}

// putProgress leaves an observation, unless it comes too late to be told.
func (m *mailbox) putProgress(p recon.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	order := stageOrder(p.Stage)
	if m.closed || order == 0 || order < stageOrder(m.last.Stage) {
		return
	}
	m.last = merge(m.last, p)
	if n := len(m.pending); n > 0 && m.pending[n-1].Stage == p.Stage {
		m.pending[n-1] = m.last
	} else {
		m.pending = append(m.pending, m.last)
	}
	m.signal()
}

func merge(last, p recon.Progress) recon.Progress {
	// The comparison is false for NaN, which keeps the last.
	if !(p.Fraction > last.Fraction) {
		p.Fraction = last.Fraction
	}
	p.Fraction = min(p.Fraction, 1)
	p.MatchedCount = larger(last.MatchedCount, p.MatchedCount)
	p.TotalLeft = larger(last.TotalLeft, p.TotalLeft)
	p.TotalRight = larger(last.TotalRight, p.TotalRight)
	if p.Stage != recon.StageStaging {
		p.Source, p.RowsRead, p.RowsTotal = "", nil, nil
		return p
	}
	var read *int64
	if p.Source == last.Source {
		read = last.RowsRead
	}
	p.RowsRead = larger(read, p.RowsRead)
	p.RowsTotal = larger(nil, p.RowsTotal)
	return p
}

// larger returns a copy of the larger number, so that a caller which goes on
// counting in place does not change what was put in.
func larger(a, b *int64) *int64 {
	if a == nil && b == nil {
		return nil
	}
	if a == nil || (b != nil && *b > *a) {
		a = b
	}
	n := *a
	return &n
}

// putFinal leaves the end; the first one counts. It reports whether this was
// the first.
func (m *mailbox) putFinal(d Delivery) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.closed = true
	m.final = &d
	m.signal()
	return true
}

// discard closes the mailbox without an end and drops what is pending.
func (m *mailbox) discard() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.closed = true
	m.pending = nil
	m.signal()
	return true
}

func (m *mailbox) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// next returns the oldest observation, without taking it, and whether the
// mailbox is closed. An observation of a stage that was told already is
// dropped when a later stage waits behind it.
func (m *mailbox) next(told recon.Stage) (p recon.Progress, ok, closed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pending) > 0 && m.pending[0].Stage == told && (len(m.pending) > 1 || m.closed) {
		m.pending = m.pending[1:]
	}
	if len(m.pending) == 0 {
		return recon.Progress{}, false, m.closed
	}
	return m.pending[0], true, m.closed
}

// take returns and removes the oldest observation.
func (m *mailbox) take() (recon.Progress, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pending) == 0 {
		return recon.Progress{}, false
	}
	p := m.pending[0]
	m.pending = m.pending[1:]
	return p, true
}

func (m *mailbox) end() *Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.final
}
