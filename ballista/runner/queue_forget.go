package runner

import (
	"slices"

	"kallad/worker/recon"
)

// forget drops finished jobs: the oldest beyond those that are kept, and those
// that ended too long ago. A job whose caller has not been told is no finished
// job. q.mu is held.
func (q *Queue) forget() {
	drop := max(0, q.finished-q.cfg.Keep)
	now := q.cfg.Now()
	if drop == 0 && q.cfg.KeepFor == 0 {
		return
	}
	q.order = slices.DeleteFunc(q.order, func(e *entry) bool {
		if !e.told() {
			return false
		}
		if drop == 0 && (q.cfg.KeepFor == 0 || now.Sub(*e.status.FinishedAt) < q.cfg.KeepFor) {
			return false
		}
		drop = max(0, drop-1)
		q.finished--
		delete(q.entries, e.status.RunID)
		q.parts.Journal.Delete(e.status.RunID)
		return true
	})
}

// told reports whether a job has ended and its caller knows, as far as it ever
// will.
func (e *entry) told() bool {
	return e.status.State.Final() && e.status.Callback != recon.CallbackPending
}
