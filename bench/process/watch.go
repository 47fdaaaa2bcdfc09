package process

import (
	"time"
)

// Used is what running processes used while they were watched.
type Used struct {
	// CPUSeconds is user and system time of all together.
	CPUSeconds float64
	// PeakBytes is the largest sum of their resident sets. What they share,
	// such as the program itself, is counted for each.
	PeakBytes int64
	// Err says that a process was not there to be looked at.
	Err error
}

// watchEvery is how often memory is looked at.
const watchEvery = 20 * time.Millisecond

// Watcher watches processes that were running before.
type Watcher struct {
	ids    []int
	before float64
	stop   chan struct{}
	done   chan Used
}

// Watch begins to watch. Whoever calls it calls Stop.
func Watch(ids ...int) *Watcher {
	w := &Watcher{ids: ids, stop: make(chan struct{}), done: make(chan Used, 1)}
	before, _, err := look(ids)
	w.before = before
	go w.run(err)
	return w
}

// Stop ends the watching.
func (w *Watcher) Stop() Used {
	close(w.stop)
	return <-w.done
}

func (w *Watcher) run(err error) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	used := Used{Err: err}
	for over := false; !over; {
		select {
		case <-tick.C:
		case <-w.stop:
			over = true
		}
		cpu, resident, err := look(w.ids)
		if err != nil {
			used.Err = err
			continue
		}
		used.CPUSeconds = cpu - w.before
		used.PeakBytes = max(used.PeakBytes, resident)
	}
	w.done <- used
}
