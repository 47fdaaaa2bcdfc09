package scheduler

import "kallad/ballista/proto/control"

// Join makes the holder of an outbox an executor, as its stream would. It
// returns what takes its reports, and what notes that the stream broke.
func (s *Scheduler) Join(hello *control.Hello, orders *control.Outbox[*control.Order]) (report func(*control.Report), broke func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.attach(hello, orders)
	s.assign()
	report = func(r *control.Report) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.link == orders {
			s.take(e, r)
			s.assign()
		}
	}
	broke = func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.detach(e, orders, err)
		s.assign()
	}
	return report, broke
}

// Running is how many attempts the scheduler takes to be running anywhere.
func (s *Scheduler) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.everyone() {
		n += len(e.running)
		if e.reserved != nil {
			n++
		}
	}
	return n
}
