package runner

import (
	"sync"

	"kallad/worker/recon"
)

// feed tells watchers which jobs changed. Telling never waits for a watcher:
// what it has not taken yet is a set of run_ids, one of them for a watch of
// one job.
//
// Its zero value is ready. All methods are safe for concurrent use.
type feed struct {
	mu  sync.Mutex
	all map[*watch]bool
	one map[string]map[*watch]bool
}

// watch is what one watcher has not taken yet, under the feed's lock.
type watch struct {
	wake    chan struct{}
	changed []string
	known   map[string]bool
}

// watch starts a watch of one job, or of all jobs when runID is empty.
func (f *feed) watch(runID string) recon.Watch {
	w := &watch{wake: make(chan struct{}, 1), known: map[string]bool{}}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.one == nil {
		f.all, f.one = map[*watch]bool{}, map[string]map[*watch]bool{}
	}
	group := f.all
	if runID != "" {
		if group = f.one[runID]; group == nil {
			group = map[*watch]bool{}
			f.one[runID] = group
		}
	}
	group[w] = true
	return recon.Watch{
		Changed: w.wake,
		Take:    func() []string { return f.take(w) },
		Stop:    func() { f.stop(runID, group, w) },
	}
}

func (f *feed) take(w *watch) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := w.changed
	w.changed = nil
	clear(w.known)
	return taken
}

func (f *feed) stop(runID string, group map[*watch]bool, w *watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(group, w)
	if runID != "" && len(group) == 0 {
		delete(f.one, runID)
	}
}

// tell notes that a job changed.
func (f *feed) tell(runID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.all {
		w.add(runID)
	}
	for w := range f.one[runID] {
		w.add(runID)
	}
}

func (w *watch) add(runID string) {
	if w.known[runID] {
		return
	}
	w.known[runID] = true
	w.changed = append(w.changed, runID)
	select {
	case w.wake <- struct{}{}:
	default: // it has not woken up since an earlier change
	}
}

// Watch tells of changes of one job, or of all jobs when runID is empty. Ask
// for the jobs after Watch: then no change is missed.
func (q *Queue) Watch(runID string) recon.Watch { return q.feed.watch(runID) }
