package runner

import (
	"slices"
	"time"
)

const (
	// suspectRuns is how many runs of a job have to have ended with the death
	// of the process for it to be a suspect.
	suspectRuns = 3
	// suspectPause is the time that a suspect waits after the start, doubled
	// with each further death up to suspectPauseMax: it leaves an operator the
	// time to cancel it.
	suspectPause    = time.Second
	suspectPauseMax = 10 * time.Second
	// suspectPatience is how long a suspect lets others go before it.
	suspectPatience = 10 * time.Minute
)

// suspects are the jobs during which the process died again and again: perhaps
// because of them, as by using up the machine's memory. They are never given
// up, but each runs alone, and after the others, so that it takes none of them
// with it.
type suspects struct {
	list  []*entry
	since time.Time
	// alone is the one that runs, nil if none does.
	alone *entry
}

// next returns the suspect whose turn it is, if it is one's, and whether nobody
// may start because one runs or is to run as soon as the others have ended.
func (s *suspects) next(now time.Time, running, waiting int) (e *entry, wait bool) {
	if s.alone != nil {
		return nil, true
	}
	if len(s.list) == 0 {
		return nil, false
	}
	first := s.list[0]
	due := s.since.Add(min(suspectPause<<min(first.runs-suspectRuns, 10), suspectPauseMax))
	impatient := now.After(due.Add(suspectPatience))
	switch {
	case running > 0:
		return nil, impatient
	case now.Before(due) || waiting > 0 && !impatient:
		return nil, false
	}
	s.list = slices.Delete(s.list, 0, 1)
	s.alone = first
	return first, false
}

// ended says that a job has ended at a time. The next suspect has had its pause.
func (s *suspects) ended(e *entry, now time.Time) {
	if s.alone == e {
		s.alone, s.since = nil, now.Add(-suspectPauseMax)
	}
}

func (s *suspects) remove(e *entry) {
	s.list = slices.DeleteFunc(s.list, func(w *entry) bool { return w == e })
}
