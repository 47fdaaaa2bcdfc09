package runner

// Tick is what the queue does every second.
func (q *Queue) Tick() { q.tick() }
